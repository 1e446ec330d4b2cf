"""Bytes of a picture file -> upright RGB pixels, large enough to read small print in."""

import io
import struct
import zlib

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError

from pipelines.annotate.answer import AnnotationError

Pixels = npt.NDArray[np.uint8]
"""RGB [height, width, 3]."""

MAX_PIXELS = 100_000_000
"""A header that says more is a decompression bomb; the intake of pictures (images/decode.py) draws the line there too."""
DAMAGE = (OSError, EOFError, SyntaxError, ValueError, struct.error, zlib.error, IndexError, KeyError)
"""What Pillow's plug-ins raise on damaged data."""


def read_picture(content: bytes, max_side: int) -> Pixels:
    """The picture as a person sees it: turned upright, on white, the first frame; the longest side at most `max_side`.

    Raises:
        AnnotationError: "empty file", "not a picture", "truncated" or "too large".

    Cost: one decode; a JPEG is decoded at the smallest size that is large enough.
    """
    if not content:
        raise AnnotationError("empty file", "0 bytes")
    try:
        with Image.open(io.BytesIO(content)) as opened:
            width, height = opened.size
            if width * height > MAX_PIXELS:
                raise AnnotationError("too large", f"{width} x {height} pixels; at most {MAX_PIXELS} are read")
            opened.draft("RGB", (min(width, max_side), min(height, max_side)))  # a JPEG alone heeds it
            upright = ImageOps.exif_transpose(opened)
            return _fitted(np.asarray(_on_white(upright)), max_side)
    except UnidentifiedImageError as error:
        raise AnnotationError("not a picture", f"{len(content)} bytes that begin with {content[:8].hex()}") from error
    except Image.DecompressionBombError as error:
        raise AnnotationError("too large", str(error)) from error
    except DAMAGE as error:
        raise AnnotationError("truncated", f"{type(error).__name__}: {error}") from error


def as_jpeg(rgb: Pixels, quality: int = 90) -> bytes:
    """The picture as a JPEG file."""
    buffer = io.BytesIO()
    Image.fromarray(rgb).save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def _fitted(rgb: Pixels, side: int) -> Pixels:
    height, width = rgb.shape[:2]
    factor = side / max(height, width)
    if factor >= 1:
        return rgb
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA))


def _on_white(picture: Image.Image) -> Image.Image:
    if picture.mode in ("I", "F") or picture.mode.startswith("I;16"):
        levels = np.nan_to_num(np.asarray(picture, dtype=np.float64))
        top = 65535.0 if levels.max(initial=0.0) > 255.0 else 255.0
        return Image.fromarray(np.clip(levels * (255.0 / top), 0, 255).astype(np.uint8)).convert("RGB")
    if picture.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in picture.info:
        layered = picture.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", layered.size, "white"), layered).convert("RGB")
    return picture.convert("RGB")
