"""Similarity of two aligned pictures, in structure and in colour.

Structure is measured from both sides: a sticker or a caption hides some of one picture's
texture, but adds none to the other, so one of the two shares stays high. Plain ground gives
more evidence: of two different things each shows content that the other has not, but a sticker only
hides. Colour is measured by the best single change of light (`tone_model`), on the ground and on the things
before it separately: a product shot is mostly paper, and the paper always agrees.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from pipelines.mining.images.verify.aligned_cells import CellOverlap
from pipelines.mining.images.verify.channel_stats import largest, median, quantile
from pipelines.mining.images.verify.shading_model import shaded
from pipelines.mining.images.verify.tone_model import Tone, explained

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

TEXTURED = 4.0
"""Grey levels of deviation from which a cell has something to compare."""
FAINT = 2.5
"""Grey levels of deviation below which a cell shows plain ground."""
FULL_WEIGHT = 20.0
"""Grey levels of deviation from which on texture has its full weight."""
SAME = 0.5
"""Correlation from which a cell's structure is the same."""
SAME_GROUND = 10.0
"""Levels within which a flat cell has the colour of the ground."""
MOST_CELLS = 160
"""Cells that colours are compared on."""
MIN_CELLS = 6
PLAINLY_EXPLAINED = 2.0
"""Levels left unexplained up to which the other direction is not tried."""
SHADE_FROM = 8.0
"""Levels that one change of light leaves unexplained from which shading is tried."""


@dataclass(frozen=True, slots=True)
class Structure:
    """How much of the texture in the common part is the same; shares are 0 to 1."""

    lower: float
    """Share of texture that is the same, in the picture where it is less."""
    higher: float
    """The same, in the picture where it is more."""
    mean: float
    """Mean correlation of the cells, weighted by texture."""
    lowest: float
    """Correlation of the cell that agrees least, of those in which either picture shows something; 1 without one."""
    seen: float
    """Mean correlation of the cells that are the same."""
    hidden_only: float
    """On plain ground: share of a picture's content that is bare ground in the other, in the picture where it is less;
    1 where there is no plain ground."""
    unhidden: float
    """On plain ground: share of that picture's content that is the same in the other; else 0."""


@dataclass(frozen=True, slots=True)
class Light:
    """How far one change of light explains the colours, levels."""

    unexplained: float
    """Upper quartile of what the best change leaves, on the ground or off it, whichever is worse."""
    change: float
    """Levels by which that change moves the colours, if the ground or the things before it do not change, as in a variant;
    0 where both change, as under another light."""


def mean_structure(overlap: CellOverlap) -> float:
    """`mean` of the Structure, without the rest of it: no colour is compared."""
    whole = overlap.whole
    return _mean(overlap.correlation[whole], _weight(np.maximum(*overlap.texture)[whole]))


def structure(overlap: CellOverlap) -> Structure:
    """The structure of the cells that are wholly covered."""
    whole = overlap.whole
    first, second, correlation = overlap.texture[0][whole], overlap.texture[1][whole], overlap.correlation[whole]
    same = correlation > SAME
    shares = _mean(same, _weight(first)), _mean(same, _weight(second))
    weight = _weight(np.maximum(first, second))
    lowest = float(correlation[np.maximum(first, second) > TEXTURED].min(initial=1.0))
    hidden_only, unhidden = _on_plain_ground(overlap, same)
    mean, seen = _mean(correlation, weight), _mean(correlation, weight * same)
    return Structure(min(shares), max(shares), mean, lowest, seen, hidden_only, unhidden)


def _on_plain_ground(overlap: CellOverlap, same: Mask) -> tuple[float, float]:
    """`hidden_only` and `unhidden` of Structure."""
    whole = overlap.whole
    contents = []
    for colour, texture in zip(overlap.colour, overlap.texture, strict=True):
        flat = texture[whole] < FAINT
        if flat.mean() < 0.3:
            return 1.0, 0.0
        far = largest(np.abs(colour[whole] - median(colour[whole][flat]))) > SAME_GROUND
        contents.append(~flat | far)
    difference = largest(np.abs(overlap.colour[0][whole] - overlap.colour[1][whole]))
    agree = (
        same | (~contents[0] & ~contents[1]) | ((np.maximum(*overlap.texture)[whole] < TEXTURED) & (difference < SAME_GROUND))
    )
    only = [_mean(own & ~other & ~agree, own) for own, other in (contents, contents[::-1])]
    side = int(np.argmin(only))
    return only[side], _mean(agree, contents[side])


def light(overlap: CellOverlap, *, may_be_shaded: bool) -> Light | None:
    """The light of the cells that show the same; None if there are too few.

    Args:
        overlap: of the two pictures.
        may_be_shaded: whether shading is tried; for maps that are certain without colour.

    Cost: O(cells), about 1 ms.
    """
    texture = np.maximum(*overlap.texture)[overlap.whole]
    comparable = (overlap.correlation[overlap.whole] > SAME) | ((texture < TEXTURED) & _open(overlap))
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
    # Levels clipped at white are lost, so light is explained in the direction that works.
    tones = [explained(x, y, weight)]
    errors = [_worst_quartile(tones[0], ground)]
    if errors[0] > PLAINLY_EXPLAINED:
        tones.append(explained(y, x, weight))
        errors.append(_worst_quartile(tones[1], ground))
    if may_be_shaded and min(errors) > SHADE_FROM and not ground.any():
        places = (np.argwhere(overlap.whole) / np.array(overlap.whole.shape) * 2 - 1)[::step][use].astype(np.float32)
        for lit, seen in ((shaded(x, y, places), y), (shaded(y, x, places), x)):
            if lit is not None:
                tones.append(explained(lit, seen, weight))
                errors.append(_worst_quartile(tones[-1], ground))
    best = int(np.argmin(errors))
    moved = largest(np.abs(x - y))
    steady = min((float(median(moved[part])) for part in (ground, ~ground) if part.any()), default=0.0) < SAME_GROUND
    return Light(errors[best], tones[best].change if steady else 0.0)


def _open(overlap: CellOverlap) -> Mask:
    """Cells that no ring of differing texture encloses: the inside of a sticker's outline is not a change of light."""
    differing = (np.maximum(*overlap.texture) >= TEXTURED) & (overlap.correlation <= SAME)
    count, labels, sizes, _ = cv2.connectedComponentsWithStats((~differing).astype(np.uint8), connectivity=4)
    if count < 2:
        return np.zeros(int(overlap.whole.sum()), dtype=bool)
    outside = 1 + int(np.argmax(sizes[1:, cv2.CC_STAT_AREA]))
    opened: Mask = labels[overlap.whole] == outside
    return opened


def _weight(texture: Floats) -> Floats:
    weight: Floats = np.minimum(texture, FULL_WEIGHT) * (texture > TEXTURED)
    return weight


def _mean(values: Floats | Mask, weight: Floats | Mask) -> float:
    return float((values * weight).sum() / max(float(weight.sum()), 1e-6))


def _ground(x: Floats, y: Floats, flat: Mask) -> Mask:
    """Cells that show the plain background, if there is one."""
    if flat.sum() < 0.2 * len(x):
        return np.zeros(len(x), dtype=bool)
    near = [largest(np.abs(colour - median(colour[flat]))) < SAME_GROUND for colour in (x, y)]
    both: Mask = near[0] & near[1]
    return both


def _worst_quartile(tone: Tone, ground: Mask) -> float:
    """Upper quartile of the error, on the ground or off it, whichever is worse."""
    parts = [tone.error[part] for part in (ground, ~ground) if part.sum() >= max(5.0, 0.05 * len(ground))]
    return max(float(quantile(part, 0.75)) for part in parts or [tone.error])
