"""Overexposure: if one picture is overexposed, the other is overexposed in the same way before they are compared."""

import numpy as np
import numpy.typing as npt

from pipelines.mining.images.verify.aligned_cells import CellOverlap, ThumbnailPlanes, brightened
from pipelines.mining.images.verify.channel_stats import smallest

Floats = npt.NDArray[np.float32]

EXPOSURES = np.arange(1.06, 2.2, 0.02, dtype=np.float32)
"""Gains that are tried, finely: what is left of a white product on white changes with every hundredth."""
WHITE = 248.0
MIN_UNCLIPPED_CELLS = 4
"""Level from which a channel is white, and cells that must not be white for an exposure to be measured."""
ONE_TONE = 8.0
"""Grey levels of deviation within a cell up to which its mean is a colour of the picture."""
MIN_PLAIN_CELLS = 7
NOT_BLOWN_OUT = 225.0
"""A gain is measured on the cells of one tone alone if there are so many, one with a channel below this level; else on all."""


def exposed_alike(
    source: ThumbnailPlanes, target: ThumbnailPlanes, common: CellOverlap | None, max_error: float
) -> tuple[ThumbnailPlanes, ThumbnailPlanes]:
    """Both pictures, the darker one overexposed like the lighter one; unchanged if the error is above `max_error`.

    The error is the mean, in levels, of what is not white. Cost: 0.2 ms.
    """
    if common is None:
        return source, target
    # Half white and half dark is another grey after white has clipped: a gain is measured on cells of one tone.
    plain = common.whole & (np.maximum(*common.texture) < ONE_TONE)
    alone = int(plain.sum()) >= MIN_PLAIN_CELLS and float(common.colour[0][plain].min()) < NOT_BLOWN_OUT
    x, y = (colour[plain if alone else common.whole] for colour in common.colour)
    source_is_darker = float(x.mean()) < float(y.mean())
    gain, error = overexposure(x, y) if source_is_darker else overexposure(y, x)
    if error > max_error:
        return source, target
    return (brightened(source, gain), target) if source_is_darker else (source, brightened(target, gain))


def overexposure(x: Floats, y: Floats) -> tuple[float, float]:
    """The gain of EXPOSURES, clipped at white, that maps colours `x` [n, 3] best to `y`, and its mean error in levels.

    Cells that are white in both do not count: any two things are equal once they are white.
    """
    error = np.zeros((len(EXPOSURES), len(x)), np.float32)
    for channel, target in zip(x.T, y.T, strict=True):
        error = np.maximum(error, np.abs(np.minimum(EXPOSURES[:, None] * channel, 255) - target))
    unclipped = (EXPOSURES[:, None] * smallest(x) < WHITE) | (smallest(y) < WHITE)
    count = unclipped.sum(axis=1)
    means = np.where(count >= MIN_UNCLIPPED_CELLS, (np.minimum(error, 40) * unclipped).sum(axis=1) / np.maximum(count, 1), 40.0)
    best = int(means.argmin())
    return float(EXPOSURES[best]), float(means[best])
