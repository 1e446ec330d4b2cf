"""What an item shows, as pixels and words: all that an encoder gets to see of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.media.decode import BadPicture, Decoding, Pixels, decode
from schemas.item import Kind
from small_encoder.pixels import crop


class BadContent(Exception):  # noqa: N818  # a refusal of a row, not a fault of the program
    """An item that has no vector: bytes that are no picture, nothing to see or read. Ends as an error row with its reason."""

    def __init__(self, reason: str, detail: str) -> None:
        """Keep `reason` (short, from a fixed set) apart from `detail` (what was found)."""
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail

    def __reduce__(self) -> tuple[type["BadContent"], tuple[str, str]]:
        """Both parts survive the way to another process."""
        return type(self), (self.reason, self.detail)


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """An item with its pictures in hand; a crop's picture is cut out already."""

    kind: Kind
    images: tuple[Pixels, ...] = ()
    """In the item's order."""
    text: str | None = None
    """None or blank: no words."""

    @property
    def words(self) -> str:
        """The text without the space around it; "" where there is none."""
        return (self.text or "").strip()


def rgb(content: bytes, longest_side: int) -> Pixels:
    """The picture as a person sees it (`decode`), at most `longest_side` pixels long.

    Raises:
        BadContent: with `decode`'s reason.
    """
    try:
        return decode(content, Decoding(working_side=longest_side)).rgb
    except BadPicture as bad:
        raise BadContent(bad.reason, bad.detail) from bad


def cut(pixels: Pixels, region: Sequence[float]) -> Pixels:
    """The part of a picture that a crop shows.

    Args:
        pixels: [h, w, 3].
        region: x0, y0, x1, y1 in fractions of width and height; what lies outside the picture is left off.

    Returns:
        A view of at least one pixel each way.

    Raises:
        BadContent: with reason "empty region".
    """
    part = crop(pixels, region)
    if part is None:
        height, width = pixels.shape[:2]
        raise BadContent("empty region", f"{tuple(region)} of {width} x {height} pixels")
    return part
