import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.mining.images.fingerprint.local_features import DIMENSION, Features, mirrored
from pipelines.mining.images.verify.feature_alignment import Matching, align, points


def planted(seed: int, matrix: np.ndarray, *, mirror: bool, shared: int, strangers: int) -> tuple[Features, Features]:
    """Two pictures of 288 x 216: `shared` features of the first stand in the second where `matrix` puts them."""
    random = np.random.default_rng(seed)
    n = shared + strangers
    p = random.uniform((20, 20), (268, 196), (n, 2))
    descriptors = random.normal(0, 40, (n, DIMENSION)).clip(-127, 127).astype(np.int8)
    sigmas = random.uniform(2, 8, n)
    q = p @ matrix[:, :2].T + matrix[:, 2]
    seen = (descriptors + random.normal(0, 8, descriptors.shape)).clip(-127, 127).astype(np.int8)
    seen[shared:] = random.normal(0, 40, (strangers, DIMENSION)).clip(-127, 127)
    scale = abs(np.linalg.det(matrix[:, :2])) ** 0.5
    a = Features(p.astype(np.float32), sigmas.astype(np.float32), descriptors, (288, 216))
    order = random.permutation(n)
    b = Features(
        (q + random.normal(0, 0.3, q.shape))[order].astype(np.float32), (sigmas * scale)[order].astype(np.float32),
        (mirrored(seen) if mirror else seen)[order], (288, 216),
    )  # fmt: skip
    return a, b


@given(
    seed=st.integers(0, 10_000), scale=st.floats(0.4, 2.4), stretch=st.floats(0.9, 1.1), angle=st.floats(-4, 4),
    shift=st.tuples(st.floats(-80, 80), st.floats(-80, 80)), mirror=st.booleans(), shared=st.integers(12, 60),
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_finds_the_planted_map_among_strangers(seed, scale, stretch, angle, shift, mirror, shared):
    c, s = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    linear = scale * np.array([[c, -s], [s, c]]) @ np.diag([stretch, 1 / stretch])
    if mirror:
        linear = linear @ np.diag([-1.0, 1.0])
        shift = (shift[0] + 287 * scale, shift[1])
    matrix = np.hstack([linear, np.array(shift)[:, None]])
    a, b = planted(seed, matrix, mirror=mirror, shared=shared, strangers=60)
    result = align(points(a), points(b), Matching())[0]
    assert result.mirrored == mirror
    assert result.inliers >= 0.7 * shared
    expected = a.positions[:shared] @ matrix[:, :2].T + matrix[:, 2]
    laid = a.positions[:shared] @ result.matrix[:2, :2].T + result.matrix[:2, 2]
    assert np.abs(laid - expected).max() < 3 * max(1, scale)


@pytest.mark.parametrize("seed", range(20))
def test_finds_next_to_nothing_between_strangers(seed):
    a, b = planted(seed, np.eye(2, 3), mirror=False, shared=0, strangers=150)
    assert all(result.inliers <= 4 for result in align(points(a), points(b), Matching()))


def test_needs_features():
    a, b = planted(1, np.eye(2, 3), mirror=False, shared=2, strangers=0)
    assert align(points(a), points(b), Matching()) == []


def test_three_matches_on_a_line_make_no_wild_map():
    a, b = planted(2, np.eye(2, 3), mirror=False, shared=3, strangers=0)
    a.positions[:, 1] = 100
    b.positions[:, 1] = 100
    result = align(points(a), points(b), Matching())[0]
    assert np.abs(result.matrix[:2, :2] - np.eye(2)).max() < 0.1


def test_a_thing_that_is_its_own_mirror_image_is_laid_on_both_ways():
    a, _ = planted(3, np.eye(2, 3), mirror=False, shared=20, strangers=0)
    turned = Features(np.stack([287 - a.positions[:, 0], a.positions[:, 1]], axis=1), a.sigmas, mirrored(a.descriptors), a.side)
    names = ("positions", "sigmas", "descriptors")
    both = Features(*(np.concatenate([getattr(a, name), getattr(turned, name)]) for name in names), a.side)
    result = align(points(both), points(both), Matching())
    assert [alignment.mirrored for alignment in result] in ([False, True], [True, False])
