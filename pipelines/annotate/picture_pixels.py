"""Bytes of a picture file -> upright RGB pixels, large enough to read small print in; and back to a file."""

import io

from PIL import Image

from pipelines.media.decode import Decoding, Pixels, decode


def read_picture(content: bytes, max_side: int) -> Pixels:
    """Decode a picture upright (`decode`), at most `max_side` pixels long; raises `BadPicture`."""
    return decode(content, Decoding(working_side=max_side)).rgb


def as_jpeg(rgb: Pixels, quality: int = 90) -> bytes:
    """The picture as a JPEG file."""
    buffer = io.BytesIO()
    Image.fromarray(rgb).save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()
