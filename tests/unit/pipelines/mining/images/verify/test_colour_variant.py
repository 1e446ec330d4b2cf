"""One thing in another colour is a variant; another light, a tint, a sticker or a caption is not."""

import cv2
import numpy as np
import pytest

from tests.unit.pipelines.mining.images.scenes import scene
from tests.unit.pipelines.mining.images.verify.test_verify_pair import EDITS, Image, compare


def with_object(seed, tint):
    """A scene with one shaded ball, its colour `tint`."""
    pixels = scene(seed).astype(np.float32)
    height, width = pixels.shape[:2]
    y, x = np.mgrid[:height, :width]
    radius = min(height, width) / 6
    inside = np.hypot(x - width / 2, y - height / 2) < radius
    shade = np.clip(1.1 - np.hypot(x - width / 2 + radius / 3, y - height / 2 + radius / 3) / (2 * radius), 0.2, 1)
    pixels[inside] = (shade[..., None] * np.array(tint, np.float32))[inside]
    return cv2.GaussianBlur(np.clip(pixels, 0, 255).astype(np.uint8), (0, 0), 0.8)


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("tint", [(60, 150, 70), (70, 90, 200)])
def test_the_same_scene_with_one_thing_in_another_colour_is_a_variant(seed, tint):
    assert compare(with_object(seed, (200, 60, 50)), with_object(seed, tint)).relation == "variant"


@pytest.mark.parametrize("edit", sorted(EDITS))
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_an_edit_of_the_whole_scene_is_a_copy(seed, edit):
    original = Image.fromarray(with_object(seed, (200, 60, 50)))
    assert compare(original.copy(), EDITS[edit](original.copy())).relation == "copy"
