"""How far two aligned pictures agree, in structure and in colour.

Structure is judged from both sides: a sticker or a caption hides some of one picture's
texture, but adds none to the other, so one of the two shares stays high. Colour is judged by
the best single change of light (`tone`), on the ground and on what stands on it apart: a
product shot is mostly paper, and the paper always agrees.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipelines.images.overlap import Overlap
from pipelines.images.tone import Tone, explained

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

TEXTURED = 4.0
"""Grey levels of deviation from which a cell has something to compare."""
FULL_WEIGHT = 20.0
"""Grey levels of deviation above which more texture weighs no more."""
SAME = 0.5
"""Correlation from which a cell's structure is the same."""
SAME_GROUND = 10.0
"""Levels within which a flat cell has the colour of the ground."""
MOST_CELLS = 160
"""Cells that colours are compared on."""
MIN_CELLS = 6


@dataclass(frozen=True, slots=True)
class Structure:
    """How much of the texture in the common part is the same; shares are 0 to 1."""

    lower: float
    """Share of texture that is the same, in the picture where it is less."""
    higher: float
    """The same, in the picture where it is more."""
    mean: float
    """Mean correlation of the cells, weighted by texture."""
    seen: float
    """Mean correlation of the cells that are the same."""


@dataclass(frozen=True, slots=True)
class Light:
    """How far one change of light explains the colours, levels."""

    unexplained: float
    """Upper quartile of what the best change leaves, on the ground or off it, whichever is worse."""
    change: float
    """By how much that change moves the colours."""


def structure(overlap: Overlap) -> Structure:
    """Compare the texture of the cells that are wholly covered."""
    whole = overlap.whole
    first, second, correlation = overlap.texture[0][whole], overlap.texture[1][whole], overlap.correlation[whole]
    same = correlation > SAME
    shares = _mean(same, _weight(first)), _mean(same, _weight(second))
    weight = _weight(np.maximum(first, second))
    return Structure(min(shares), max(shares), _mean(correlation, weight), _mean(correlation, weight * same))


def light(overlap: Overlap) -> Light | None:
    """Compare the colours of the cells that show the same; None if there are too few.

    Cost: O(cells), about 1 ms.
    """
    texture = np.maximum(*overlap.texture)[overlap.whole]
    comparable = (overlap.correlation[overlap.whole] > SAME) | (texture < TEXTURED)
    step = -(-len(comparable) // MOST_CELLS)
    use = comparable[::step]
    x, y = (colour[overlap.whole][::step][use] for colour in overlap.colour)
    if len(x) < MIN_CELLS:
        return None
    ground = _ground(x, y, (texture < TEXTURED)[::step][use])
    back, front = int(ground.sum()), int((~ground).sum())
    weight = np.ones(len(x), np.float32)
    if back > front > 0:
        weight[ground] = max(0.25, front / back)
    # Levels lost in white cannot be had back, so light is explained in the direction that works.
    tones = [explained(x, y, weight), explained(y, x, weight)]
    errors = [_worst_quartile(tone, ground) for tone in tones]
    best = int(np.argmin(errors))
    return Light(errors[best], tones[best].change)


def _weight(texture: Floats) -> Floats:
    weight: Floats = np.minimum(texture, FULL_WEIGHT) * (texture > TEXTURED)
    return weight


def _mean(values: Floats | Mask, weight: Floats) -> float:
    return float((values * weight).sum() / max(float(weight.sum()), 1e-6))


def _ground(x: Floats, y: Floats, flat: Mask) -> Mask:
    """Cells that show the plain background, if there is one."""
    if flat.sum() < 0.2 * len(x):
        return np.zeros(len(x), dtype=bool)
    near = [np.abs(colour - np.median(colour[flat], axis=0)).max(axis=1) < SAME_GROUND for colour in (x, y)]
    both: Mask = near[0] & near[1]
    return both


def _worst_quartile(tone: Tone, ground: Mask) -> float:
    """Upper quartile of the error, on the ground or off it, whichever is worse."""
    parts = [tone.error[part] for part in (ground, ~ground) if part.sum() >= max(5.0, 0.05 * len(ground))]
    return max((float(np.percentile(part, 75)) for part in parts), default=float(np.percentile(tone.error, 75)))
