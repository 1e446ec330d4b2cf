"""Scenes are pure data: what chance makes of them, and what may be changed by hand."""

import pytest

from pipelines.sources.sample_corpus.phrases import COLOURS as COLOUR_WORDS
from pipelines.sources.sample_corpus.phrases import DOING, EMOJI, LIGHTS, SURFACES, TIPS, TOPIC_NAMES
from pipelines.sources.sample_corpus.scenes.object_shapes import KINDS
from pipelines.sources.sample_corpus.scenes.scene import COLOURS, TOPICS, Scene, Thing, mirrored, story, with_other_colour
from pipelines.sources.sample_corpus.scenes.scene import LIGHTS as SCENE_LIGHTS
from pipelines.sources.sample_corpus.seeded_random import dice, name_of

MUGS = Thing("mug", "red", 2, "left")
PLANT = Thing("flowerpot", "green", 1, "right")
SCENE = Scene("k", "h", "kitchen", "wood", "noon", "wide", (MUGS, PLANT), (360, 480))


def test_a_story_shows_things_in_places_of_their_own():
    for number in range(60):
        for scene in story(dice(0, number), "n", sorted(TOPICS)[number % 8], 3):
            places = [t.place for t in scene.things]
            assert len(set(places)) == len(places)
            assert len({t.kind for t in scene.things}) == len(places)
            assert all(1 <= t.count <= 4 and t.kind in KINDS and t.colour in COLOURS for t in scene.things)
            assert scene.view == "wide" or len(places) == 1


def test_a_variant_differs_in_the_colour_of_one_thing_only():
    for number in range(40):
        other = with_other_colour(SCENE, dice(0, number))
        changed = [(a, b) for a, b in zip(SCENE.things, other.things, strict=True) if a != b]
        assert len(changed) == 1
        before, after = changed[0]
        assert (before.kind, before.count, before.place) == (after.kind, after.count, after.place)
        assert after.colour not in {t.colour for t in SCENE.things}
        assert (other.key, other.home, other.surface, other.light) == (SCENE.key, SCENE.home, SCENE.surface, SCENE.light)


def test_a_mirror_image_has_its_left_on_the_right():
    assert mirrored(SCENE).things == (Thing("flowerpot", "green", 1, "left"), Thing("mug", "red", 2, "right"))
    assert mirrored(mirrored(SCENE)) == SCENE


def test_every_word_that_a_scene_needs_is_there_in_both_languages():
    surfaces = {s for topic in TOPICS.values() for s in topic.surfaces}
    for language in ("zh", "en"):
        assert set(COLOUR_WORDS[language]) == set(COLOURS)
        assert set(SURFACES[language]) == surfaces
        assert set(LIGHTS[language]) == set(SCENE_LIGHTS)
        assert set(TOPIC_NAMES[language]) == set(DOING[language]) == set(TIPS[language]) == set(TOPICS) == set(EMOJI)
    assert {kind for topic in TOPICS.values() for kind in topic.kinds} == set(KINDS)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_an_outline_stays_in_its_box_and_shows_its_colour(kind):
    inks = [part.ink for part in KINDS[kind].parts]
    assert "main" in inks
    for part in KINDS[kind].parts:
        if part.shape in ("dome", "cup"):
            continue  # half of an oval: the other half may lie outside
        assert all(0 <= v <= 1 for v in part.at), part


def test_names_tell_nothing_and_depend_on_the_seed():
    assert name_of("n", 0, "note", 1) == name_of("n", 0, "note", 1)
    assert len({name_of("n", seed, "note", n) for seed in range(3) for n in range(50)}) == 150
