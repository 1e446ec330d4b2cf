import cv2
import numpy as np
import pytest

from pipelines.mining.images.verify.detail_cells import NOISE, STRIDE, detail_cells
from tests.unit.pipelines.mining.images.scenes import scene

WHOLE = np.ones((96, 128), np.float32)


def grey(seed):
    return cv2.cvtColor(scene(seed, 128, 96), cv2.COLOR_RGB2GRAY).astype(np.float32)


def test_the_correlation_is_that_of_a_window_of_twelve_pixels():
    a, b = grey(1), grey(1) + 0.3 * grey(2)
    cells = detail_cells(a, b, WHOLE, 0)
    s, t = cells.planes
    for y, x in ((1, 1), (7, 12), (20, 25)):
        window = slice((y - 1) * STRIDE, (y + 2) * STRIDE), slice((x - 1) * STRIDE, (x + 2) * STRIDE)
        u, v = s[window].ravel().astype(float), t[window].ravel().astype(float)
        expected = np.mean((u - u.mean()) * (v - v.mean())) / np.sqrt((u.var() + NOISE**2) * (v.var() + NOISE**2))
        assert cells.correlation[y, x] == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize(("reach", "agrees"), [(0, False), (2, True)])
def test_a_shift_within_reach_is_no_difference(reach, agrees):
    wide = cv2.cvtColor(scene(3, 140, 96), cv2.COLOR_RGB2GRAY).astype(np.float32)
    cells = detail_cells(wide[:, 0:128], wide[:, 2:130], WHOLE, reach)
    shown = cells.whole & (np.minimum(*cells.texture) > 15)
    assert (float(np.quantile(cells.correlation[shown], 0.05)) > 0.9) is agrees


def test_contrasts_and_grounds_are_compared_after_one_change_of_light():
    a = grey(4)
    cells = detail_cells(a, 0.5 * a + 60, WHOLE, 1)
    shown = cells.whole & (np.minimum(*cells.texture) > 8)
    assert np.allclose(cells.texture[0][shown], cells.texture[1][shown], rtol=0.05)
    assert float(np.abs(cells.ground[shown]).max()) < 1


def test_stripes_are_coherent_and_a_chequered_board_is_not():
    y, x = np.mgrid[0:96, 0:128]
    stripes, board = (x // 3 % 2 * 200.0).astype(np.float32), ((x // 3 + y // 3) % 2 * 200.0).astype(np.float32)
    cells = detail_cells(stripes, board, WHOLE, 0)
    assert float(cells.coherence[cells.whole].min()) > 0.95
    assert float(detail_cells(board, board, WHOLE, 0).coherence[cells.whole].max()) < 0.5


def test_nothing_is_compared_outside_the_common_part_and_at_its_rim():
    mask = WHOLE.copy()
    mask[:, :64] = 0
    cells = detail_cells(grey(5), grey(6), mask, 0)
    assert not cells.whole[:, : 64 // STRIDE + 1].any()
    assert cells.whole[4:-4, 64 // STRIDE + 3 : -4].all()
