"""The hypotheses of two sketches, before any pixel is compared."""

import cv2
import numpy as np
from PIL import Image, ImageEnhance

from pipelines.mining.images.fingerprint.local_features import Detection, detect
from pipelines.mining.images.fingerprint.perceptual_hashes import TURNS, exposed_hash, pdq_hashes, pdq_picture
from pipelines.mining.images.verify import transform_hypotheses
from pipelines.mining.images.verify.feature_alignment import Matching, points
from pipelines.mining.images.verify.transform_hypotheses import (
    ENOUGH_INLIERS,
    MAX_HAMMING,
    MIN_INLIERS_BY_VOTES,
    Hypotheses,
    Sketch,
    hypotheses,
)
from tests.unit.pipelines.mining.images.scenes import product, scene


def sketch(rgb: np.ndarray, *, features: bool = True) -> Sketch:
    small = pdq_picture(rgb)
    grey = cv2.cvtColor(rgb if features else np.full_like(rgb, 128), cv2.COLOR_RGB2GRAY)
    return Sketch(points(detect(grey, Detection())), b"".join(pdq_hashes(small)[0]), exposed_hash(small))


def of(a: Sketch, b: Sketch, votes: int = 3) -> Hypotheses:
    return hypotheses(a, b, votes, Matching())


def test_a_scene_half_the_size_lies_where_its_features_say():
    whole = scene(1, 288, 216)
    result = of(sketch(whole), sketch(np.asarray(Image.fromarray(whole).resize((144, 108)))))
    assert result.hamming < 30
    assert result.maps[0].inliers > 10
    assert np.abs(result.maps[0].to_b - np.eye(3)).max() < 0.03


def test_a_pair_that_shares_one_key_needs_more_inliers(monkeypatch):
    whole = scene(1, 288, 216)
    pair = sketch(whole), sketch(np.asarray(Image.fromarray(whole).resize((144, 108))))
    inliers = of(*pair).maps[0].inliers
    assert MIN_INLIERS_BY_VOTES == {1: 5}
    monkeypatch.setattr(transform_hypotheses, "MIN_INLIERS_BY_VOTES", {1: inliers + 1})
    assert [m.inliers for m in of(*pair, votes=2).maps] == [m.inliers for m in of(*pair).maps]
    assert all(m.inliers == 0 for m in of(*pair, votes=1).maps)


def test_without_features_the_best_turn_of_the_whole_is_tried():
    whole = scene(2, 240, 240)
    result = of(sketch(whole, features=False), sketch(np.ascontiguousarray(whole[:, ::-1]), features=False))
    (only,) = result.maps
    assert only.inliers == 0
    assert only.mirrored
    assert (only.to_b == TURNS[5]).all()


def test_an_overexposed_white_product_is_tried_by_its_overexposed_hash():
    picture = product((235, 233, 230))
    picture[picture < 60] = 225  # white handles and feet too
    blown = np.asarray(ImageEnhance.Brightness(Image.fromarray(picture)).enhance(1.12))
    result = of(sketch(picture, features=False), sketch(blown, features=False))
    assert result.maps


def test_two_scenes_allow_for_next_to_nothing():
    sketches = [sketch(scene(seed, 288, 216)) for seed in range(8)]
    pairs = [of(a, b) for k, a in enumerate(sketches) for b in sketches[:k]]
    assert all(m.inliers < 6 for pair in pairs for m in pair.maps)
    assert all(pair.hamming > MAX_HAMMING // 2 for pair in pairs)


def test_a_turned_plate_is_tried_whole_though_features_agree_by_its_symmetry():
    turns = [np.rot90(scene(4, 240, 240), k).astype(np.uint16) for k in range(4)]
    plate = (sum(turns) // 4).astype(np.uint8)
    plate[20:60, 30:110] = (250, 250, 240)
    plate[90:150, 20:50] = (10, 20, 30)
    result = of(sketch(plate), sketch(np.ascontiguousarray(np.rot90(plate)))).maps
    assert max(m.inliers for m in result) >= ENOUGH_INLIERS
    assert any(m.inliers == 0 and not m.mirrored and (m.to_b != np.eye(3)).any() for m in result)
