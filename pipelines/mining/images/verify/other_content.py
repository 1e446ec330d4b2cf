"""One layout with other content: two price lists of one shop, one photo under two texts. Such pictures are no copies.

At the resolution of a thumbnail two lists look alike. At that of their strokes a copy agrees everywhere, whatever was done
to all of it (JPEG, half the size, a border), and two lists disagree where their words differ. Somebody may also have put
something on a copy: a sticker, a caption. That differs from other content in three ways. It has strokes where the original
has something fainter, so that the two pictures' contrasts are far apart there; other words have the contrast of the words.
It hides: beside the strokes that differ it is plain where the original shows something. And it has a ground of its own,
of another brightness; other words stand on the same ground.
"""

from collections.abc import Iterator
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from pipelines.mining.images.verify.detail_cells import detail_cells
from pipelines.mining.images.verify.moved_highlight import is_moved_highlight
from pipelines.mining.images.verify.scene_change import is_other_moment
from pipelines.mining.images.verify.warp_refinement import Matrix, covered, inverse, refined, resizing, warped

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

TEXTURED = 8.0
"""Grey levels of deviation from which a cell shows something."""
DIFFERENT = 0.5
"""Correlation below which a cell shows another thing."""
BUSY = 0.7
"""Coherence up to which a cell has edges of several directions, as letters have: the border of a plain sticker has one."""
MIN_CELLS = 24
"""Busy cells that must differ: two or three short words at 288 pixels."""
CLEAN = 0.95
"""Median correlation of the cells that both pictures fill, from which nothing but the content can differ."""
MIN_CLEAN_CELLS = 6
"""Busy cells that must differ between such pictures: one number of a list. Source: measured, dev/log.md."""
MIN_BALANCE = 0.6
"""Smaller share of the two pictures' contrasts (energy) in these cells, from which neither lies on the other."""
MIN_SHARE = 0.3
"""Share of these cells in themselves and what only one picture shows, from which nothing was hidden."""
MIN_FEW_BALANCE, MIN_FEW_SHARE = 0.75, 0.5
"""The same for fewer than MIN_CELLS: the rim of a plain sticker is so small."""
MAX_GROUND = 0.5
"""Median difference of brightness in these cells, in shares of their contrast, up to which they have one ground."""
BLURS = (0.7, 1.0, 1.4, 2.0, 2.8)
"""Standard deviations, pixels, by which the sharper picture is blurred until it is as soft as the other."""
MAX_SHARPER = 1.5
"""Ratio of sharpness up to which the two are compared as they are: other words alone change it."""
QUICK_REACH, REACH, STEPS = 0, 3, 3
"""Pixels of shift on the first comparison and on the one that decides, and its steps of refinement."""


class ContentChange(NamedTuple):
    """Where the strokes of two aligned pictures differ."""

    cells: int
    """Busy cells in which both pictures show something, and not the same."""
    agreement: float
    """-1 to 1: median correlation of all cells in which both show something."""
    balance: float
    """0 to 1: smaller share of the contrasts there; 1: equal."""
    share: float
    """0 to 1: `cells` among themselves and the cells that only one picture fills, beyond those that only the other fills."""

    ground: float
    """Median difference of brightness there, in shares of the contrast there."""
    is_other_moment: bool = False
    """Whether a thing stands in one of two photos of one view, or a highlight has moved between two screenshots."""

    @property
    def is_other_content(self) -> bool:
        """Whether the pictures have one layout and other content; else they agree, or one has something put on it."""
        if self.is_other_moment:
            return True
        few = self.cells < MIN_CELLS
        if self.ground > MAX_GROUND or (few and (self.cells < MIN_CLEAN_CELLS or self.agreement < CLEAN)):
            return False
        return self.balance >= (MIN_FEW_BALANCE if few else MIN_BALANCE) and self.share >= (MIN_FEW_SHARE if few else MIN_SHARE)


UNCHANGED = ContentChange(0, 1.0, 0.0, 0.0, 0.0)
NOWHERE = np.zeros((0, 0), bool)


def content_change(a: Floats, b: Floats, to_b: Matrix) -> ContentChange:
    """The change of content between two pictures that are copies by their thumbnails.

    Args:
        a: [h, w] grey levels, at the resolution of the working picture.
        b: the other, likewise.
        to_b: [3, 3] positions in `a` -> in `b`.

    Cost: 1.5 ms at 288 x 216 where nothing changed, 15 ms more where something may have.
    """
    finer_first = abs(float(np.linalg.det(to_b[:2, :2]))) < 1
    source, target, to_source = (a, b, inverse(to_b)) if finer_first else (b, a, to_b)
    source, to_source = _shrunk(source, to_source)
    mask = covered(source.shape, to_source, target.shape)
    quick = _change(warped(source, to_source, target.shape), target, mask, QUICK_REACH)
    if quick is UNCHANGED:
        return quick
    to_source = refined(source, target, to_source, STEPS)
    mask = covered(source.shape, to_source, target.shape)
    return _change(*_equally_sharp(warped(source, to_source, target.shape), target), mask, REACH)


def _shrunk(source: Floats, to_source: Matrix) -> tuple[Floats, Matrix]:
    """The source at the target's resolution, and the map to it."""
    zoom = abs(float(np.linalg.det(to_source[:2, :2]))) ** 0.5
    if zoom <= 1.1:
        return source, to_source
    height, width = source.shape
    size = max(4, round(width / zoom)), max(4, round(height / zoom))
    small = cv2.resize(source, size, interpolation=cv2.INTER_AREA)
    return small, resizing(source.shape, small.shape) @ to_source


def _equally_sharp(source: Floats, target: Floats) -> tuple[Floats, Floats]:
    """Both pictures, the sharper one blurred: thin strokes that are out of focus are still the same strokes."""
    soft = min(_sharpness(source), _sharpness(target))
    return _blurred_to(source, soft), _blurred_to(target, soft)


def _blurred_to(picture: Floats, soft: float) -> Floats:
    blurred = picture
    for sigma in BLURS:
        if _sharpness(blurred) <= MAX_SHARPER * soft:
            break
        blurred = cv2.GaussianBlur(picture, (0, 0), sigma)
    return blurred


def _sharpness(picture: Floats) -> float:
    """Energy of the slopes relative to that of the picture, which no change of contrast alters."""
    x, y = picture[:, 1:] - picture[:, :-1], picture[1:] - picture[:-1]
    return float(np.mean(x * x) + np.mean(y * y)) / max(float(picture.var()), 1.0)


def _change(source: Floats, target: Floats, mask: Floats, reach: int) -> ContentChange:
    cells = detail_cells(source, target, mask, reach)
    first, second = cells.texture
    differing = cells.whole & (cells.correlation < DIFFERENT)
    shown = differing & (np.maximum(first, second) > TEXTURED)
    moment = is_moved_highlight(cells) or is_other_moment(cells, source, target, mask > 0, shown)
    filled = cells.whole & (np.minimum(first, second) > TEXTURED)
    both = differing & filled & (cells.coherence < BUSY) if int((differing & filled).sum()) >= MIN_CLEAN_CELLS else NOWHERE
    count = int(both.sum())
    if count < MIN_CLEAN_CELLS:
        return UNCHANGED._replace(is_other_moment=True) if moment else UNCHANGED
    agreement = float(np.median(cells.correlation[filled]))
    energies = [float((texture[both] ** 2).sum()) for texture in cells.texture]
    only = [int(part.sum()) for part in _only_one(differing, first, second)]
    ground = float(np.median(np.abs(cells.ground[both]))) / (sum(energies) / 2 / count) ** 0.5
    share = count / (count + abs(only[0] - only[1]))
    return ContentChange(count, agreement, min(energies) / max(energies), share, ground, moment)


def _only_one(differing: Mask, first: Floats, second: Floats) -> Iterator[Mask]:
    """Cells that only the first picture fills, then those that only the second fills."""
    for own, other in ((first, second), (second, first)):
        yield differing & (own > TEXTURED) & (other <= TEXTURED)
