"""Bytes of a picture file -> upright RGB pixels, large enough to read small print; and back to a file."""

import io

from PIL import Image

from pipelines.media.decode import Decoding, Pixels, decode


def read_picture(content: bytes, max_side: int) -> Pixels:
    """The picture decoded upright (`decode`), its longest side at most `max_side` pixels.

    Raises:
        BadPicture: the file is no picture, as `decode` says.
    """
    return decode(content, Decoding(working_side=max_side)).rgb


def as_jpeg(rgb: Pixels, quality: int = 90) -> bytes:
    """The picture as a JPEG file."""
    buffer = io.BytesIO()
    Image.fromarray(rgb).save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()
