import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.mining.images.verify.overexposure import overexposure
from tests.unit.pipelines.mining.images.verify.test_tone_model import colours


@given(seed=st.integers(0, 1000), gain=st.floats(1.1, 1.9))
@settings(max_examples=30, deadline=None)
def test_overexposure_is_measured(seed, gain):
    x = colours(seed)
    result, error = overexposure(x, np.minimum(gain * x, 255))
    assert abs(result / gain - 1) < 0.05
    assert error < 6


def test_a_strange_picture_is_not_overexposure():
    assert overexposure(colours(1), colours(2))[1] > 15
