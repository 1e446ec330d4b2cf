"""A picture shows what its scene says: its things, their colours, and nothing else when one is changed."""

import colorsys
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageStat

from pipelines.sources.sample_corpus.scenes import draw_scene
from pipelines.sources.sample_corpus.scenes.object_sprite import ornament
from pipelines.sources.sample_corpus.scenes.scene import COLOURS, TOPICS, Scene, Thing, story
from pipelines.sources.sample_corpus.seeded_random import dice

SCENE = Scene(
    "k", "h", "pets", "wood", "noon", "wide", (Thing("yarn", "red", 1, "left"), Thing("cat", "white", 1, "right")), (360, 480)
)


def test_a_picture_has_its_size_and_is_the_same_each_time():
    first, again = draw_scene.picture(SCENE, 0), draw_scene.picture(SCENE, 0)
    assert first.size == (360, 480)
    assert first.mode == "RGB"
    assert first.tobytes() == again.tobytes()
    assert first.tobytes() != draw_scene.picture(SCENE, 1).tobytes()


def test_only_the_recoloured_thing_differs_between_variants():
    other = replace(SCENE, things=(replace(SCENE.things[0], colour="blue"), SCENE.things[1]))
    changed = np.asarray(draw_scene.picture(SCENE, 0)) != np.asarray(draw_scene.picture(other, 0))
    columns = np.flatnonzero(changed.any(axis=(0, 2)))
    assert len(columns) > 20
    assert columns.max() < 360 * 0.5  # the yarn lies on the left; the cat and the room are as they were
    assert changed.any(axis=2).mean() < 0.15


@pytest.mark.parametrize("colour", sorted(COLOURS))
def test_a_thing_has_the_colour_that_it_is_said_to_have(colour):
    sprite = ornament(Thing("yarn", colour, 1, "left"), 120, "key", 0)
    seen = ImageStat.Stat(sprite.convert("RGB"), sprite.getchannel("A").point(lambda v: 255 * (v > 200))).mean
    assert min(COLOURS, key=lambda name: _unlike(COLOURS[name], seen)) == colour


def _unlike(a, b):
    """Distance in a cone of hue, saturation and value, where greys of any hue are near."""
    points = []
    for colour in (a, b):
        hue, saturation, value = colorsys.rgb_to_hsv(*(v / 255 for v in colour))
        points.append((saturation * np.cos(2 * np.pi * hue), saturation * np.sin(2 * np.pi * hue), value))
    return np.linalg.norm(np.subtract(*points))


def test_nothing_that_the_words_tell_is_hidden():
    shares = []
    for number in range(48):
        for scene in story(dice(7, number), f"n{number}", sorted(TOPICS)[number % 8], 2):
            shares += _shares_in_sight(scene)
    assert len(shares) > 250
    assert np.mean(np.array(shares) < 0.3) < 0.01  # a share of 1 in 100 may stand behind another
    assert np.quantile(shares, 0.05) > 0.4


def _shares_in_sight(scene: Scene) -> list[float]:
    """For each single thing: how much of it no other thing and no edge hides."""
    chance, home = dice(0, "picture", scene.key), dice(0, "home", scene.home)
    _, horizon = draw_scene._backdrop(scene, chance, home)
    owner, areas = np.zeros(scene.size[::-1], np.int32), []
    for n, (sprite, (x, base)) in enumerate(
        sorted(draw_scene._standing(scene, horizon, chance, home), key=lambda s: s[1][1]), 1
    ):
        sheet = Image.new("L", scene.size, 0)
        sheet.paste(sprite.getchannel("A"), (x - sprite.width // 2, base - sprite.height))
        owner[np.asarray(sheet) > 128] = n
        areas.append(int((np.asarray(sprite.getchannel("A")) > 128).sum()))
    return [float((owner == n).sum() / area) for n, area in enumerate(areas, 1)]


def test_a_scene_with_more_things_draws_more_of_them():
    for count in (1, 2, 3, 4):
        scene = replace(SCENE, things=(Thing("mug", "red", count, "middle"),))
        chance, home = dice(0, "picture", scene.key), dice(0, "home", scene.home)
        assert len(list(draw_scene._standing(scene, 200, chance, home))) == count
