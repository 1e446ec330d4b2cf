"""Fast statistics of a few hundred colours: numpy's median and its reductions of an axis of three take ten times as long."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]


def largest(values: Floats) -> Floats:
    """[..., 3] -> [...] the largest channel."""
    most: Floats = np.maximum(np.maximum(values[..., 0], values[..., 1]), values[..., 2])
    return most


def smallest(values: Floats) -> Floats:
    """[..., 3] -> [...] the smallest channel."""
    least: Floats = np.minimum(np.minimum(values[..., 0], values[..., 1]), values[..., 2])
    return least


def quantile(values: Floats, share: float) -> Floats:
    """[n, ...] -> [...] as np.quantile(values, share, axis=0), with linear interpolation.

    Raises:
        IndexError: there are no values.
    """
    place = share * (len(values) - 1)
    low = int(place)
    high = min(low + 1, len(values) - 1)
    parted = np.partition(values, (low, high), axis=0)
    between: Floats = parted[low] + np.float32(place - low) * (parted[high] - parted[low])
    return between


def median(values: Floats) -> Floats:
    """[n, ...] -> [...] as np.median(values, axis=0)."""
    return quantile(values, 0.5)
