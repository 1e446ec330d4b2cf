"""The largest and the smallest of three channels: numpy reduces an axis of three at a tenth of its pace."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]


def largest(values: Floats) -> Floats:
    """[..., 3] -> [...]."""
    most: Floats = np.maximum(np.maximum(values[..., 0], values[..., 1]), values[..., 2])
    return most


def smallest(values: Floats) -> Floats:
    """[..., 3] -> [...]."""
    least: Floats = np.minimum(np.minimum(values[..., 0], values[..., 1]), values[..., 2])
    return least
