"""The content of an item, as pixels and text: all that an encoder gets to see of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.media.decode import BadPicture, Pixels
from schemas.item import Kind
from small_encoder.pixels import crop


class BadContent(Exception):  # noqa: N818  # a refusal of a row, not a fault of the program
    """An item without a vector, such as one with nothing that the encoder reads. Ends as an error row with its reason."""

    def __init__(self, reason: str, detail: str) -> None:
        """Keep `reason` (short, from a fixed set) apart from `detail` (what was found)."""
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail

    def __reduce__(self) -> tuple[type["BadContent"], tuple[str, str]]:
        """Both parts survive pickling."""
        return type(self), (self.reason, self.detail)


ItemFailure = BadContent | BadPicture
"""Why an item has no vector: its content as a whole, or one of its pictures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """An item with its decoded pictures; the picture of a crop is cut out already."""

    kind: Kind
    images: tuple[Pixels, ...] = ()
    """In the item's order."""
    text: str | None = None
    """None or blank: no text."""

    @property
    def words(self) -> str:
        """The text without surrounding space; "" without a text."""
        return (self.text or "").strip()


def cut(pixels: Pixels, region: Sequence[float]) -> Pixels:
    """Cut the region of a crop out of a picture.

    Args:
        pixels: [h, w, 3].
        region: x0, y0, x1, y1 in fractions of width and height; clipped to the picture.

    Returns:
        A view of at least one pixel in each direction.

    Raises:
        BadContent: with reason "empty region".
    """
    part = crop(pixels, region)
    if part is None:
        height, width = pixels.shape[:2]
        raise BadContent("empty region", f"{tuple(region)} of {width} x {height} pixels")
    return part
