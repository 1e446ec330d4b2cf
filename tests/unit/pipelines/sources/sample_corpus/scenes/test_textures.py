"""Textures are one of a kind: what two pictures share would be a copy that nobody planted."""

from collections import Counter

import cv2
import numpy as np
import pytest

from pipelines.sources.sample_corpus.scenes.textures import gradient, noise, patch, shade, textured
from pipelines.sources.sample_corpus.seeded_random import dice


@pytest.mark.parametrize(("kind", "bound"), [("cloudy", 0.75), ("fine", 0.6)])
def test_no_spot_of_a_texture_stands_in_another(kind, bound):
    """The largest correlation of a 96 x 96 spot with any place of another picture's texture; of one shared tile it is 1."""
    highest = []
    for number in range(12):
        here, there = (np.asarray(patch(kind, (480, 360), dice(number, side))) for side in ("here", "there"))
        spots = [here[y : y + 96, x : x + 96] for y in (20, 140, 240) for x in (30, 190, 350)]
        highest += [float(cv2.matchTemplate(there, spot, cv2.TM_CCOEFF_NORMED).max()) for spot in spots]
    assert max(highest) < bound


def test_a_texture_is_grey_on_average_and_varies():
    for kind in ("cloudy", "fine"):
        values = np.asarray(patch(kind, (400, 400), dice(0, kind)), float)
        assert abs(values.mean() - 128) < 12
        assert values.std() > 2


def test_a_noise_is_made_once_and_each_number_has_its_own():
    assert noise("cloudy", 0) is noise("cloudy", 0)
    assert noise("cloudy", 0).tobytes() != noise("cloudy", 1).tobytes()


def test_a_texture_has_the_size_that_was_asked_for_however_stretched():
    sizes = Counter(patch("cloudy", (360, 200), dice(0, s), s).size for s in (0.6, 1.0, 2.5, 7.0))
    assert sizes == {(360, 200): 4}


def test_a_gradient_runs_from_one_ink_to_the_other():
    column = np.asarray(gradient((4, 64), (0, 100, 200), (200, 100, 0)), int)[:, 0]
    assert tuple(column[0]) == (0, 100, 200) and tuple(column[-1]) == (200, 100, 0)
    assert (np.diff(column[:, 0]) >= 0).all()


def test_an_ink_stays_an_ink():
    assert shade((200, 100, 0), 2.0) == (255, 200, 0)
    assert shade((200, 100, 0), 0.5) == (100, 50, 0)


def test_a_texture_of_no_strength_changes_nothing():
    image = gradient((50, 50), (10, 20, 30), (200, 210, 220))
    assert textured(image, patch("cloudy", (50, 50), dice(0)), 0.0).tobytes() == image.tobytes()
