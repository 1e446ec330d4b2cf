"""Pictures for tests, without a model."""

import numpy as np


def picture(seed: int, height: int = 40, width: int = 56) -> np.ndarray:
    """Coarse noise, so that a resize leaves something of it. [height, width, 3]."""
    coarse = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), np.uint8)
    rows, columns = np.arange(height) * 8 // height, np.arange(width) * 8 // width
    return coarse[rows][:, columns]
