"""The same view at another moment: a person has come in, a car is gone. Such pictures are no copies.

Two photos of one view agree everywhere but where one shows a thing and the other shows what it hides. Somebody may also have
put a thing on a copy. What people put on is drawn: a sticker has a few levels of grey, without grain; letters are thin, black
or white, and stronger than what they lie on. A thing before the camera has as many levels as its surroundings, and is neither.
"""

from collections.abc import Iterator
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from pipelines.mining.images.verify.detail_cells import SAME, STRIDE, DetailCells

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
Grid = npt.NDArray[np.int32]

AROUND = np.ones((3, 3), np.uint8)
MIN_CELLS = 30
"""Differing cells of one region, of 12 x 12 pixels with a step of 4, below which a thing and damage look alike."""
CHANGED = 18.0
"""Grey levels, after one change of light, by which a pixel shows another thing."""
MIN_CHANGED = 20
MIN_AGREEING = 200
"""Pixels that must have changed; and that must not have, for the light to be measured."""
GRAIN = 4.0
"""Range of levels of 3 x 3 pixels up to which there is no grain."""
BINS = 32
"""Of grey levels: a drawn thing has most of its pixels in two neighbouring ones."""
BLACK, WHITE = 22.0, 232.0


class ChangedRegion(NamedTuple):
    """What a region shows in two pictures; shares are 0 to 1, those of levels in the picture where they are larger."""

    cells: int
    balance: float
    """Smaller share of the two contrasts (energy)."""
    one_level: float
    """Pixels within two neighbouring levels of BINS."""
    no_grain: float
    """Pixels without grain."""
    extreme: float
    """Pixels that are black or white."""
    thickness: float
    """Changed pixels all of whose neighbours have changed: letters are thin."""

    @property
    def is_a_thing(self) -> bool:
        """Whether it was before the camera and not drawn on the picture. Source of the numbers: measured, dev/log.md."""
        is_photo = self.one_level < 0.45 and self.no_grain < 0.3 and self.extreme < 0.3
        return is_photo and self.balance >= 0.4 and self.thickness >= 0.42


def is_other_moment(cells: DetailCells, source: Floats, target: Floats, mask: Mask, differing: Mask) -> bool:
    """Whether a thing stands in one of two aligned photos of one view.

    Args:
        cells: of the two.
        source: [h, w] grey levels, warped onto the target.
        target: [h, w]
        mask: [h, w] where the source covers the target.
        differing: [gh, gw] cells that show another thing.

    Cost: 0.05 ms where no region is large enough, else 0.6 ms.
    """
    return any(region.is_a_thing for region in changed_regions(cells, source, target, mask, differing))


def changed_regions(cells: DetailCells, source: Floats, target: Floats, mask: Mask, differing: Mask) -> Iterator[ChangedRegion]:
    """The regions of at least MIN_CELLS differing cells, in the order of their first cell."""
    if int(differing.sum()) < MIN_CELLS:
        return
    count, labels = cv2.connectedComponents(cv2.dilate(differing.astype(np.uint8), AROUND), connectivity=4)
    sizes = np.bincount(labels[differing], minlength=count)
    large = [k for k in range(1, count) if sizes[k] >= MIN_CELLS]
    if not large:
        return
    changed = _changed(source, target, _in_pixels(cells.whole & (cells.correlation > SAME), target.shape) > 0) & mask
    regions = _in_pixels(labels, target.shape)
    for k in large:
        inside = changed & (regions == k)
        if int(inside.sum()) >= MIN_CHANGED:
            energies = [float((texture[differing & (labels == k)] ** 2).sum()) for texture in cells.texture]
            yield _region(int(sizes[k]), min(energies) / max(energies), (source, target), inside)


def _region(cells: int, balance: float, pictures: tuple[Floats, Floats], inside: Mask) -> ChangedRegion:
    top, left, height, width = _box(inside)
    part = slice(top, top + height), slice(left, left + width)
    cut = inside[part]
    thick = cv2.erode(cut.astype(np.uint8), AROUND, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    shares = []
    for picture in pictures:
        plane = np.ascontiguousarray(picture[part])
        levels = plane[cut]
        bins = np.bincount((np.clip(levels, 0, 255) * (BINS / 256)).astype(np.int64), minlength=BINS + 1)
        grain = cv2.dilate(plane, AROUND)[cut] - cv2.erode(plane, AROUND)[cut]
        extreme = (levels >= WHITE) | (levels <= BLACK)
        shares.append(
            (float((bins[:-1] + bins[1:]).max()) / len(levels), float((grain <= GRAIN).mean()), float(extreme.mean()))
        )
    one_level, no_grain, extreme_share = (max(pair) for pair in zip(*shares, strict=True))
    return ChangedRegion(cells, balance, one_level, no_grain, extreme_share, float(thick.sum()) / float(cut.sum()))


def _box(inside: Mask) -> tuple[int, int, int, int]:
    """Top, left, height and width of the box around what is inside."""
    x, y, width, height = cv2.boundingRect(inside.astype(np.uint8))
    return y, x, height, width


def _changed(source: Floats, target: Floats, agreeing: Mask) -> Mask:
    """[h, w] pixels that one change of light, that of the agreeing ones, does not explain."""
    gain, offset = 1.0, 0.0
    if int(agreeing.sum()) > MIN_AGREEING:
        x, y = source[agreeing], target[agreeing]
        spread = float(x.var())
        slope = float(((x - x.mean()) * (y - y.mean())).mean()) / spread if spread > 25 else 1.0
        if 0.3 < slope < 3:
            gain, offset = slope, float(y.mean()) - slope * float(x.mean())
    relit = cv2.blur(source, (3, 3)) * np.float32(gain) + np.float32(offset)
    changed: Mask = np.abs(relit - cv2.blur(target, (3, 3))) > CHANGED
    return changed


def _in_pixels(cells: Mask | Grid, shape: tuple[int, ...]) -> npt.NDArray[np.int16]:
    """[gh, gw] -> [h, w] each cell's value at its STRIDE x STRIDE pixels; 0 beyond the last cell."""
    fine = np.repeat(np.repeat(cells.astype(np.int16), STRIDE, axis=0), STRIDE, axis=1)[: shape[0], : shape[1]]
    return np.pad(fine, ((0, shape[0] - fine.shape[0]), (0, shape[1] - fine.shape[1])))
