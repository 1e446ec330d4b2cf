"""Edits leave a picture recognisable, a crop is where it says, a retyped quote is as much changed as it says."""

import numpy as np
import pdqhash
import pytest
from PIL import Image, ImageChops

from pipelines.sources.sample_corpus.repost_edits import CROP_AREAS, EDITS, captioned, cropped, retyped
from pipelines.sources.sample_corpus.scenes.draw_scene import picture
from pipelines.sources.sample_corpus.scenes.scene import Scene, Thing
from pipelines.sources.sample_corpus.seeded_random import dice

SCENE = Scene(
    "k",
    "h",
    "beach",
    "sand",
    "noon",
    "wide",
    (Thing("bucket", "red", 2, "left"), Thing("starfish", "blue", 1, "right")),
    (360, 480),
)


@pytest.fixture(scope="module")
def whole() -> Image.Image:
    return picture(SCENE, 0)


@pytest.mark.parametrize("edit", EDITS, ids=lambda e: e.name)
def test_an_edited_picture_is_nearer_to_itself_than_other_pictures_are(whole, edit):
    other = picture(Scene("other", "other", "beach", "stone", "dusk", "wide", SCENE.things, (360, 480)), 0)
    hashes = [
        np.array(h, int)
        for h in pdqhash.compute_dihedral(np.asarray(edit.apply(whole, dice(0, edit.name)).resize((360, 480))))[0]
    ]
    distances = [min(int(np.abs(h - _pdq(i)).sum()) for h in hashes) for i in (whole, other)]
    assert distances[0] < distances[1]


def _pdq(image):
    return np.array(pdqhash.compute(np.asarray(image))[0], int)


def test_edits_have_names_of_their_own_and_most_change_the_pixels(whole):
    assert len({e.name for e in EDITS}) == len(EDITS)
    unchanged = {e.name for e in EDITS if e.apply(whole, dice(0, e.name)).tobytes() == whole.tobytes()}
    assert unchanged == {
        "same_bytes",
        "recompressed",
        "captioned",
        "webp",
    }  # the first is a copy of the file, the others differ in it


def test_an_edit_that_hides_or_turns_words_says_so():
    assert {e.name for e in EDITS if not e.keeps_text} == {"captioned", "sticker", "mirrored"}


def test_a_caption_is_one_line_over_the_lower_edge(whole):
    drawn = captioned(whole, "两只红色的小水桶和一只蓝色海星在沙滩上晒太阳，真好看真好看")
    box = ImageChops.difference(drawn.image, whole).getbbox()
    assert box[1] >= 480 * 7 // 8
    assert "两只红色的小水桶".startswith(drawn.text[:8])
    assert "\n" not in drawn.text


@pytest.mark.parametrize(("name", "area"), sorted(CROP_AREAS.items()))
def test_a_crop_is_the_part_of_the_picture_that_its_box_says(whole, name, area):
    for number in range(8):
        piece, (x0, y0, x1, y1) = cropped(whole, area, dice(0, name, number))
        box = tuple(round(v * side) for v, side in zip((x0, y0, x1, y1), whole.size * 2, strict=True))
        assert piece.tobytes() == whole.crop(box).tobytes()
        assert (x1 - x0) * (y1 - y0) == pytest.approx(area, abs=0.01)


def test_a_quote_is_retyped_as_much_as_it_says():
    passage = "黄油隔水化开" * 500
    assert retyped(passage, 0.0, dice(0)) == passage
    for rate in (0.03, 0.08):
        kept = retyped(passage, rate, dice(0, rate)).count("黄油隔水化开")
        assert kept / 500 == pytest.approx((1 - rate) ** 6, abs=0.08)
