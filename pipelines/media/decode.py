"""Bytes of a picture file -> an upright RGB working picture. One decode; no engine.

For every mode of file the result is what a person sees: EXIF rotation applied, alpha on
white, the first frame of an animation. The working picture is small, because everything
that is computed from it looks at low frequencies, and a JPEG decoder gives a half or a
quarter of the size for a fraction of the time.

Files are untrusted. A file whose header bounds the cost is decoded here; the rest in a process of its own, whose memory and
time the kernel limits, and whose crash is a refusal.
"""

import io

from pipelines.media.decoding.header import JpegHeader, is_ordinary, jpeg_header, jpeg_scans
from pipelines.media.decoding.picture import BadPicture, DecodedPicture, Decoding, Pixels
from pipelines.media.decoding.pixels import shrunk, working_picture
from pipelines.media.decoding.worker_process import decode_in_process

__all__ = ["BadPicture", "DecodedPicture", "Decoding", "Pixels", "decode", "shrunk"]


def decode(content: bytes, settings: Decoding) -> DecodedPicture:
    """The working picture of `content`.

    Raises:
        BadPicture: with reason "empty file", "not a picture", "truncated", "too large", "too slow" or "decoder crashed".
        RuntimeError: the machine cannot run a decoding process; the picture is not refused for it.

    Cost: about one reduced JPEG decode; at most `max_bytes` of memory and `max_seconds` of a processor.
    """
    if not content:
        raise BadPicture("empty file", "0 bytes")
    jpeg = jpeg_header(content)
    if jpeg is not None and jpeg.scans > 1:
        _refuse_many_scans(content, jpeg, settings)
    if is_ordinary(content, jpeg, settings.working_side):
        return working_picture(io.BytesIO(content), settings)
    return decode_in_process(content, settings)


def _refuse_many_scans(content: bytes, jpeg: JpegHeader, settings: Decoding) -> None:
    """Refuse many scans for their time, and for their memory: two bytes for each coefficient of the picture."""
    scans = jpeg.scans
    if scans > settings.max_scans and (scans := jpeg_scans(content, jpeg.scan)) > settings.max_scans:
        raise BadPicture("too large", f"{scans} scans; at most {settings.max_scans} are read")
    cost = len(content) + int(2 * jpeg.samples * jpeg.pixels)
    if cost > settings.max_bytes:
        size = f"{jpeg.width} x {jpeg.height} in {scans} scans"
        raise BadPicture("too large", f"{size}: {cost >> 20} MB to decode; at most {settings.max_bytes >> 20}")
