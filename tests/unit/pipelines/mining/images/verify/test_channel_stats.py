"""The fast ways give what numpy gives."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pipelines.mining.images.verify.channel_stats import largest, median, quantile, smallest

COLOURS = st.integers(1, 40).flatmap(lambda n: arrays(np.float32, (n, 3), elements=st.integers(0, 255).map(float)))


@given(COLOURS, st.sampled_from([0.0, 0.25, 0.5, 0.75, 0.9, 1.0]))
def test_as_numpy(colours, share):
    assert np.array_equal(largest(colours), colours.max(axis=1))
    assert np.array_equal(smallest(colours), colours.min(axis=1))
    assert np.allclose(median(colours), np.median(colours, axis=0))
    assert np.allclose(quantile(colours, share), np.quantile(colours, share, axis=0), atol=1e-3)


def test_no_values_have_no_quantile():
    with pytest.raises(IndexError):
        quantile(np.zeros((0, 3), np.float32), 0.5)
