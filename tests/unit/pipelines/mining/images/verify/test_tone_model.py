import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.mining.images.verify.tone_model import LUMA, explained


def colours(seed: int, n: int = 120) -> np.ndarray:
    return np.random.default_rng(seed).uniform(5, 250, (n, 3)).astype(np.float32)


def grey(x: np.ndarray) -> np.ndarray:
    return (x @ LUMA)[:, None]


EDITS = {
    "none": lambda x: x,
    "brighter": lambda x: np.minimum(1.35 * x, 255),
    "darker": lambda x: 0.6 * x,
    "warm": lambda x: np.minimum(x * (1.15, 1.0, 0.8), 255),
    "flat": lambda x: 128 + 0.6 * (x - 128),
    "gamma": lambda x: 255 * (x / 255) ** 0.65,
    "grey": lambda x: np.repeat(grey(x), 3, axis=1),
    "vivid": lambda x: np.clip(grey(x) + 1.5 * (x - grey(x)), 0, 255),
    "sepia": lambda x: np.array((40, 20, 0)) + grey(x) / 255 * np.array((215, 220, 200)),
    "faded": lambda x: 0.7 * x + 0.3 * np.array((235, 225, 210)),
}


@pytest.mark.parametrize("edit", EDITS)
@given(seed=st.integers(0, 1000))
@settings(max_examples=8, deadline=None)
def test_one_change_of_light_is_explained(edit, seed):
    x = colours(seed)
    tone = explained(x, EDITS[edit](x).astype(np.float32), np.ones(len(x), np.float32))
    assert np.percentile(tone.error, 75) < 9


@pytest.mark.parametrize(
    ("before", "after"), [((150, 40, 30), (40, 60, 150)), ((140, 70, 20), (220, 200, 170)), ((60, 60, 60), (200, 60, 40))]
)
def test_a_variant_on_white_is_not_explained(before, after):
    shade = np.linspace(1.0, 0.6, 60)[:, None]
    white = np.full((60, 3), 255.0)
    x = np.vstack([white, shade * before]).astype(np.float32)
    y = np.vstack([white, shade * after]).astype(np.float32)
    weight = np.ones(len(x), np.float32)
    errors = [np.percentile(explained(*pair, weight).error[60:], 75) for pair in ((x, y), (y, x))]
    assert min(errors) > 15
