import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.mining.images.verify.aligned_cells import STRIDE, CellOverlap, brightened, overlap, prepared
from pipelines.mining.images.verify.similarity import light, structure
from tests.unit.pipelines.mining.images.scenes import product, scene

SAME_PLACE = np.eye(3)


def laid(source: np.ndarray, target: np.ndarray) -> CellOverlap:
    result = overlap(prepared(source), prepared(target), SAME_PLACE, 0, -1.0)
    assert result is not None
    return result


def test_cells_are_the_windows_that_numpy_cuts():
    a, b = scene(1, 160, 120), scene(2, 160, 120)
    result = laid(a, b)
    grey_a, grey_b = prepared(a).grey.astype(float), prepared(b).grey.astype(float)
    for row, column in ((0, 0), (7, 3), (28, 38)):
        y, x = row * STRIDE, column * STRIDE
        cut = np.s_[y : y + 2 * STRIDE, x : x + 2 * STRIDE]
        one, two = grey_a[cut], grey_b[cut]
        both = ((one - one.mean()) * (two - two.mean())).mean()
        assert np.isclose(result.texture[0][row, column], one.std(), atol=0.1)
        assert np.isclose(result.correlation[row, column], both / np.sqrt((one.var() + 4) * (two.var() + 4)), atol=0.01)
        assert np.allclose(result.colour[1][row, column], b[cut].reshape(-1, 3).mean(axis=0), atol=0.01)


def test_a_picture_agrees_with_itself_in_everything():
    result = laid(scene(3, 160, 120), scene(3, 160, 120))
    same = structure(result)
    assert (same.lower, same.higher) == (1.0, 1.0)
    assert same.mean > 0.95
    assert result.pearson > 0.9999
    assert light(result, may_be_shaded=False) is not None
    assert light(result, may_be_shaded=False).unexplained == 0


@given(gain=st.floats(0.5, 1.2), offset=st.floats(0, 15), seed=st.integers(0, 20))
@settings(max_examples=25, deadline=None)
def test_structure_knows_no_light(gain, offset, seed):
    dim = scene(seed, 160, 120) * 0.8
    relit = np.clip(dim * gain + offset, 0, 255).astype(np.uint8)
    result = structure(laid(dim.astype(np.uint8), relit))
    assert result.lower > 0.97
    assert result.mean > 0.85


def test_another_picture_agrees_in_little():
    result = structure(laid(scene(4, 160, 120), scene(5, 160, 120)))
    assert result.higher < 0.3


def test_a_sticker_on_paper_hides_and_shows_nothing_else():
    plain = product((170, 90, 60), 160, 160)
    marked = plain.copy()
    marked[20:60, 100:150] = (255, 210, 0)
    hides = structure(laid(plain, marked))
    assert hides.hidden_only < 0.02
    assert hides.unhidden > 0.7
    other = np.full_like(plain, 255)
    other[20:60, 100:150] = (255, 210, 0)
    assert structure(laid(plain, other)).hidden_only > 0.5


def test_a_finer_picture_is_compared_at_the_coarser_one_s_size():
    whole = scene(6, 640, 480)
    coarse = whole.reshape(120, 4, 160, 4, 3).mean(axis=(1, 3)).astype(np.uint8)
    to_source = np.array([[4, 0, 1.5], [0, 4, 1.5], [0, 0, 1.0]])
    result = overlap(prepared(whole), prepared(coarse), to_source, 0, -1.0)
    assert result is not None
    assert result.pearson > 0.995
    assert structure(result).lower > 0.98


def test_what_hardly_meets_is_not_compared():
    away = np.array([[1, 0, 155], [0, 1, 0], [0, 0, 1.0]])
    picture = prepared(scene(7, 160, 120))
    assert overlap(picture, picture, away, 4, -1.0) is None


def test_what_is_unlike_is_given_up():
    a, b = prepared(scene(8, 160, 120)), prepared(scene(9, 160, 120))
    assert overlap(a, b, SAME_PLACE, 4, 0.5) is None
    assert overlap(a, b, SAME_PLACE, 4, -1.0) is not None


def test_overexposure_loses_levels_above_white():
    lighter = brightened(prepared(np.full((20, 20, 3), 200, np.uint8)), 1.5)
    assert (lighter.rgb == 255).all()
    assert np.allclose(lighter.grey, 255)
