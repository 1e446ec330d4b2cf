import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.mining.images.verify.shading_model import MIN_CELLS, shaded


def places(n: int = 12) -> np.ndarray:
    y, x = np.mgrid[-1 : 1 : n * 1j, -1 : 1 : n * 1j]
    return np.stack([y.ravel(), x.ravel()], axis=1).astype(np.float32)


def colours(seed: int, n: int = 144) -> np.ndarray:
    return np.random.default_rng(seed).uniform(40, 230, (n, 3)).astype(np.float32)


@given(seed=st.integers(0, 500), depth=st.floats(0.25, 0.6))
@settings(max_examples=25, deadline=None)
def test_a_vignette_is_explained(seed, depth):
    x, where = colours(seed), places()
    y = x * (1 - depth * (where**2).sum(axis=1) / 2)[:, None]
    lit = shaded(x, y, where)
    assert lit is not None
    assert np.percentile(np.abs(lit - y), 90) < 8
    assert np.percentile(np.abs(x - y), 90) > 20


@given(seed=st.integers(0, 500))
@settings(max_examples=25, deadline=None)
def test_a_thing_of_another_colour_stays_unexplained(seed):
    x, where = colours(seed), places()
    thing = (np.abs(where) < 0.6).all(axis=1)
    y = x.copy()
    y[thing] = x[thing][:, [2, 0, 1]]
    lit = shaded(x, y, where)
    hue = np.abs((x if lit is None else lit) - y)[thing]
    assert np.percentile(hue, 75) > 25


@pytest.mark.parametrize("n", [4, 6])
def test_too_few_cells_say_nothing(n):
    assert n * n < MIN_CELLS
    assert shaded(colours(1, n * n), colours(1, n * n) / 2, places(n)) is None


def test_no_shade_is_none():
    x = colours(2)
    assert shaded(x, x, places()) is None
