"""Bytes of a picture file -> an upright RGB working picture. One decode; no engine.

Whatever the file's mode, the result is what a person sees: EXIF rotation applied, alpha on
white, the first frame of an animation. The working picture is small, because everything
that is computed from it looks at low frequencies, and a JPEG decoder gives a half or a
quarter of the size for a fraction of the time.
"""

import io
import struct
import zlib
from dataclasses import dataclass
from typing import Annotated

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError
from pydantic import Field

Pixels = npt.NDArray[np.uint8]
"""RGB [height, width, 3] or grey [height, width]."""

EXIF_ORIENTATION = 0x0112
FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "AVIF", "JPEG2000", "BMP", "TIFF", "PPM")
"""What is opened; JPEG brings MPO. Pillow knows forty more, among them PostScript, for which it starts Ghostscript: a program
that a note would run."""
SMOOTHING = 0.4
"""Standard deviation of the Gaussian before a picture is sampled at half its size, in pixels of its own, over the root of 3."""


class BadPicture(Exception):  # noqa: N818  # a refusal of a row, not a fault of the program
    """A file that cannot be read as a picture: goes to quarantine with its reason."""

    def __init__(self, reason: str, detail: str) -> None:
        """Keep `reason` (short, from a fixed set) apart from `detail` (what was found)."""
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail

    def __reduce__(self) -> tuple[type["BadPicture"], tuple[str, str]]:
        """Both parts survive the way to another process."""
        return type(self), (self.reason, self.detail)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoding:
    """Settings of `decode`."""

    working_side: Annotated[int, Field(ge=32, le=4096)] = 288
    """Longest side of the working picture, pixels; a smaller picture keeps its size.
    Source: measured, docs/log.md: 256 loses crops of a fifth, 384 costs half as much again."""
    max_pixels: Annotated[int, Field(ge=1, le=10**9 - 1)] = 100_000_000
    """Refuse a picture whose header says more pixels: a decompression bomb. Twelve phone cameras' worth."""
    max_aspect: Annotated[float, Field(ge=1, le=100_000)] = 50.0
    """Refuse a picture that is this many times longer than wide: nothing is left of it at working size."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """A working picture and the size of the picture that it was made from."""

    rgb: Pixels
    """[h, w, 3], longest side at most `Decoding.working_side`."""
    width: int
    """Of the original after EXIF rotation, pixels."""
    height: int
    """Of the original after EXIF rotation, pixels."""


def decode(content: bytes, settings: Decoding) -> Decoded:
    """The working picture of `content`.

    Raises:
        BadPicture: with reason "empty file", "not a picture", "truncated" or "too large".

    Cost: about one reduced JPEG decode; memory of one full picture for other formats.
    """
    if not content:
        raise BadPicture("empty file", "0 bytes")
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as opened:
            return _working_picture(opened, settings)
    except UnidentifiedImageError as error:
        raise BadPicture("not a picture", f"{len(content)} bytes that begin with {content[:8].hex()}") from error
    except Image.DecompressionBombError as error:
        raise BadPicture("too large", str(error)) from error
    except (OSError, EOFError, SyntaxError, ValueError, struct.error, zlib.error, IndexError, KeyError) as error:
        # Pillow's plug-ins raise any of these on damaged data.
        raise BadPicture("truncated", f"{type(error).__name__}: {error}"[:200]) from error


def _working_picture(opened: Image.Image, settings: Decoding) -> Decoded:
    width, height = opened.size
    _refuse_bombs(width, height, settings)
    orientation = _orientation(opened)
    target = _fitted(width, height, settings.working_side)
    if opened.format == "JPEG":
        opened.draft("RGB", target)
    opened.load()
    pixels = np.asarray(_on_white(opened))
    if pixels.shape[1::-1] != target:
        pixels = shrunk(pixels, target)
    size = (height, width) if orientation >= 5 else (width, height)
    return Decoded(_upright(pixels, orientation), *size)


def _refuse_bombs(width: int, height: int, settings: Decoding) -> None:
    if width * height > settings.max_pixels:
        raise BadPicture("too large", f"{width} x {height} pixels; at most {settings.max_pixels} are read")
    if max(width, height) > settings.max_aspect * min(width, height):
        raise BadPicture("too large", f"{width} x {height}: more than {settings.max_aspect:g} times longer than wide")


def _fitted(width: int, height: int, side: int) -> tuple[int, int]:
    """The size with the longest side at most `side`."""
    factor = min(1.0, side / max(width, height))
    return max(1, round(width * factor)), max(1, round(height * factor))


def shrunk(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    """The picture at `size` (width, height): averaged down to less than twice that, then smoothed and sampled.

    A third of the time of averaging all the way; sampled without smoothing, one crop in a hundred is lost (docs/log.md).
    """
    height, width = pixels.shape[:2]
    times = min(width // size[0], height // size[1])
    if times > 1:
        pixels = cv2.resize(pixels, (width // times, height // times), interpolation=cv2.INTER_AREA)
    ratio = max(pixels.shape[1] / size[0], pixels.shape[0] / size[1])
    if ratio > 1:
        pixels = cv2.GaussianBlur(pixels, (3, 3), SMOOTHING * (ratio * ratio - 1) ** 0.5 + 1e-3)
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_LINEAR), np.uint8)


def _orientation(opened: Image.Image) -> int:
    """The EXIF orientation, 1 to 8; 1 where there is none or it makes no sense."""
    try:
        found = opened.getexif().get(EXIF_ORIENTATION, 1)
    except (OSError, SyntaxError, ValueError, struct.error, KeyError, IndexError, TypeError):
        return 1  # damaged EXIF does not make a picture unreadable
    return found if isinstance(found, int) and 1 <= found <= 8 else 1


def _upright(pixels: Pixels, orientation: int) -> Pixels:
    """Undo an EXIF orientation: 5 to 8 swap the axes, then each flips none, one or both."""
    if orientation >= 5:
        pixels = pixels.swapaxes(0, 1)
    down, right = {2: (1, -1), 3: (-1, -1), 4: (-1, 1), 6: (1, -1), 7: (-1, -1), 8: (-1, 1)}.get(orientation, (1, 1))
    return np.ascontiguousarray(pixels[::down, ::right])


def _on_white(picture: Image.Image) -> Image.Image:
    """RGB as it looks on a white page."""
    if picture.mode in ("I", "F") or picture.mode.startswith("I;16"):
        return _eight_bits(picture).convert("RGB")
    if picture.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in picture.info:
        layered = picture.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", layered.size, "white"), layered).convert("RGB")
    return picture.convert("RGB")


def _eight_bits(picture: Image.Image) -> Image.Image:
    """Grey levels of more than 8 bits, scaled to 0..255; Pillow's own conversion clips them."""
    levels = np.nan_to_num(np.asarray(picture, dtype=np.float64))
    top = 65535.0 if levels.max(initial=0.0) > 255.0 else 255.0
    return Image.fromarray(np.clip(levels * (255.0 / top), 0, 255).astype(np.uint8))
