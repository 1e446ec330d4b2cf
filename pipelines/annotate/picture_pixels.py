"""Bytes of a picture file -> upright RGB pixels, large enough to read small print; and back to a file."""

import io

from PIL import Image

from pipelines.media.decode import Decoding, Pixels, decode


def read_picture(content: bytes, max_side: int) -> Pixels:
    """The picture decoded upright (`decode`), its longest side at most `max_side` pixels.

    Raises:
        AnnotationError: with `decode`'s reason.
    """
    try:
        return decode(content, Decoding(working_side=max_side)).rgb
    except BadPicture as bad:
        raise AnnotationError(bad.reason, bad.detail) from bad


def as_jpeg(rgb: Pixels, quality: int = 90) -> bytes:
    """The picture as a JPEG file."""
    buffer = io.BytesIO()
    Image.fromarray(rgb).save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()
