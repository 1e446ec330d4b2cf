"""Bytes of a picture file -> an upright RGB working picture. One decode; no engine.

Whatever the file's mode, the result is what a person sees: EXIF rotation applied, alpha on
white, the first frame of an animation. The working picture is small, because everything
that is computed from it looks at low frequencies, and a JPEG decoder gives a half or a
quarter of the size for a fraction of the time.

Who wrote the file is a stranger. What its header bounds is decoded here; the rest in a process of its own, whose memory and
time the kernel limits, and whose crash is a refusal.
"""

import io

from pipelines.decoding.header import is_ordinary, jpeg_header, jpeg_scans
from pipelines.decoding.picture import BadPicture, Decoded, Decoding, Pixels
from pipelines.decoding.pixels import shrunk, working_picture
from pipelines.decoding.process import decoded_apart

__all__ = ["BadPicture", "Decoded", "Decoding", "Pixels", "decode", "shrunk"]


def decode(content: bytes, settings: Decoding) -> Decoded:
    """The working picture of `content`.

    Raises:
        BadPicture: with reason "empty file", "not a picture", "truncated", "too large", "too slow" or "decoder crashed".
        RuntimeError: the machine cannot run a decoding process; nothing is said about the picture.

    Cost: about one reduced JPEG decode; at most `max_bytes` of memory and `max_seconds` of a processor.
    """
    if not content:
        raise BadPicture("empty file", "0 bytes")
    _refuse_many_scans(content, settings)
    if is_ordinary(content, settings.working_side):
        return working_picture(io.BytesIO(content), settings)
    return decoded_apart(content, settings)


def _refuse_many_scans(content: bytes, settings: Decoding) -> None:
    """A JPEG's passes; and what those of one with several hold: two bytes for each coefficient of the picture."""
    if content[:3] != b"\xff\xd8\xff" or (header := jpeg_header(content)) is None:
        return
    scans = content.count(b"\xff\xda", header.scan)
    if scans > settings.max_scans and (scans := jpeg_scans(content, header.scan)) > settings.max_scans:
        raise BadPicture("too large", f"{scans} scans; at most {settings.max_scans} are read")
    cost = len(content) + int(2 * header.samples * header.pixels)
    if scans > 1 and cost > settings.max_bytes:
        found = f"{header.width} x {header.height} in {scans} scans"
        raise BadPicture("too large", f"{found}: {cost >> 20} MB to decode; at most {settings.max_bytes >> 20}")
