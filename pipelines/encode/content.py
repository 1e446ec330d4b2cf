"""What an item shows, as pixels and words: all that an encoder gets to see of it."""

import io
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError

from schemas.item import Kind

Pixels = npt.NDArray[np.uint8]
"""RGB [height, width, 3]."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Settings of `rgb`."""

    longest_side: int = 1280
    """Pixels; a larger picture is shrunk, a smaller one keeps its size. What GME's 1,280 picture tokens can hold is about
    1,000 x 1,000 pixels."""
    max_pixels: int = 100_000_000
    """Refuse a picture whose header says more: a decompression bomb. As in mining (pipelines/images/decode.py)."""
    max_aspect: float = 50.0
    """Refuse a picture this many times longer than wide. As in mining."""


def rgb(content: bytes, settings: Reading) -> Pixels:
    """The picture as a person sees it: upright by its EXIF tag, alpha on white, first frame, at most `longest_side`.

    Raises:
        BadContent: with reason "empty file", "not a picture", "truncated" or "too large".

    Cost: one decode; a JPEG is decoded at a half, a quarter or an eighth of its size where that is enough.
    """
    if not content:
        raise BadContent("empty file", "0 bytes")
    try:
        with Image.open(io.BytesIO(content)) as opened:
            return _shrunk(opened, settings)
    except UnidentifiedImageError as error:
        raise BadContent("not a picture", f"{len(content)} bytes that begin with {content[:8].hex()}") from error
    except Image.DecompressionBombError as error:
        raise BadContent("too large", str(error)) from error
    except (OSError, EOFError, SyntaxError, ValueError, struct.error, zlib.error, IndexError, KeyError) as error:
        # Pillow's plug-ins raise any of these on damaged data.
        raise BadContent("truncated", f"{type(error).__name__}: {error}"[:200]) from error


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
    height, width = pixels.shape[:2]
    x0, y0, x1, y1 = (min(max(float(v), 0.0), 1.0) for v in region)
    if not (x1 > x0 and y1 > y0):
        raise BadContent("empty region", f"{tuple(region)} of {width} x {height} pixels")
    left, top = min(round(x0 * width), width - 1), min(round(y0 * height), height - 1)
    return pixels[top : max(round(y1 * height), top + 1), left : max(round(x1 * width), left + 1)]


def _shrunk(opened: Image.Image, settings: Reading) -> Pixels:
    width, height = opened.size
    if width * height > settings.max_pixels:
        raise BadContent("too large", f"{width} x {height} pixels; at most {settings.max_pixels} are read")
    if max(width, height) > settings.max_aspect * min(width, height):
        raise BadContent("too large", f"{width} x {height}: more than {settings.max_aspect:g} times longer than wide")
    factor = min(1.0, settings.longest_side / max(width, height))
    target = max(1, round(width * factor)), max(1, round(height * factor))
    orientation = _orientation(opened)
    if opened.format == "JPEG":
        opened.draft("RGB", (target[0] * 5 // 4, target[1] * 5 // 4))
    opened.load()
    pixels = np.asarray(_on_white(opened))
    if pixels.shape[1::-1] != target:
        pixels = cv2.resize(pixels, target, interpolation=cv2.INTER_AREA)
    return _upright(pixels, orientation)


def _orientation(opened: Image.Image) -> int:
    try:
        found = opened.getexif().get(0x0112, 1)
    except (OSError, SyntaxError, ValueError, struct.error, KeyError, IndexError, TypeError):
        return 1  # damaged EXIF does not make a picture unreadable
    return found if isinstance(found, int) and 1 <= found <= 8 else 1


def _upright(pixels: Pixels, orientation: int) -> Pixels:
    """Undo an EXIF orientation, as ImageOps.exif_transpose does, on pixels that were shrunk first."""
    if orientation == 1:
        return np.ascontiguousarray(pixels)
    tagged = Image.fromarray(pixels)
    tagged.getexif()[0x0112] = orientation
    return np.array(ImageOps.exif_transpose(tagged))


def _on_white(picture: Image.Image) -> Image.Image:
    if picture.mode in ("I", "F") or picture.mode.startswith("I;16"):
        levels = np.nan_to_num(np.asarray(picture, dtype=np.float64))
        top = 65535.0 if levels.max(initial=0.0) > 255.0 else 255.0  # Pillow's own conversion clips them
        return Image.fromarray(np.clip(levels * (255.0 / top), 0, 255).astype(np.uint8)).convert("RGB")
    if picture.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in picture.info:
        layered = picture.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", layered.size, "white"), layered).convert("RGB")
    return picture.convert("RGB")
