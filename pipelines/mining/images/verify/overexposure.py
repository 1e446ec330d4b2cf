"""Where one picture is overexposed, the other is overexposed alike: what blew out there blows out here."""

import numpy as np
import numpy.typing as npt

from pipelines.mining.images.verify.aligned_cells import Overlap, Thumbnail, brightened
from pipelines.mining.images.verify.channel_stats import smallest

Floats = npt.NDArray[np.float32]

EXPOSURES = np.arange(1.06, 2.2, 0.02, dtype=np.float32)
"""Gains that are tried: what is left of a white product on white moves with every hundredth."""
WHITE = 248.0
LEAST_SEEN = 4
"""Level from which a channel is white, and cells that must not be white for an exposure to be told."""
ONE_TONE = 8.0
"""Grey levels of deviation within a cell up to which its mean is a colour that is there."""
LEAST_CALM = 7
NOT_BLOWN_OUT = 225.0
"""Cells of one tone that a gain is measured on alone, if one of them has a channel below this level; else all cells."""


def exposed_alike(source: Thumbnail, target: Thumbnail, common: Overlap | None, most: float) -> tuple[Thumbnail, Thumbnail]:
    """Both pictures, the darker one overexposed as the lighter one is.

    The very same pictures if that leaves more than `most` levels of what is not white unexplained. Cost: 0.2 ms.
    """
    if common is None:
        return source, target
    # Half white and half dark is another grey after white has clipped: a gain is measured on cells of one tone.
    calm = common.whole & (np.maximum(*common.texture) < ONE_TONE)
    alone = int(calm.sum()) >= LEAST_CALM and float(common.colour[0][calm].min()) < NOT_BLOWN_OUT
    x, y = (colour[calm if alone else common.whole] for colour in common.colour)
    source_is_darker = float(x.mean()) < float(y.mean())
    gain, error = overexposure(x, y) if source_is_darker else overexposure(y, x)
    if error > most:
        return source, target
    return (brightened(source, gain), target) if source_is_darker else (source, brightened(target, gain))


def overexposure(x: Floats, y: Floats) -> tuple[float, float]:
    """Which of EXPOSURES, clipped at white, comes nearest from colours `x` [n, 3] to `y`, and its mean error in levels.

    Only what is not white in both counts: any two things are alike once they are white.
    """
    error = np.zeros((len(EXPOSURES), len(x)), np.float32)
    for channel, wanted in zip(x.T, y.T, strict=True):
        error = np.maximum(error, np.abs(np.minimum(EXPOSURES[:, None] * channel, 255) - wanted))
    seen = (EXPOSURES[:, None] * smallest(x) < WHITE) | (smallest(y) < WHITE)
    count = seen.sum(axis=1)
    means = np.where(count >= LEAST_SEEN, (np.minimum(error, 40) * seen).sum(axis=1) / np.maximum(count, 1), 40.0)
    best = int(means.argmin())
    return float(EXPOSURES[best]), float(means[best])
