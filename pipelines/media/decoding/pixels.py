"""A picture file -> an upright RGB working picture, by Pillow. Conversions work strip by strip."""

import io
from collections.abc import Iterator

import cv2
import numpy as np
from PIL import Image, UnidentifiedImageError

from pipelines.media.decoding.file_repair import PNG, completed_jpegs, unread_format, without_texts
from pipelines.media.decoding.header import BASELINE, EXTENDED, jpeg_header
from pipelines.media.decoding.picture import BadPicture, DecodedPicture, Decoding, Pixels

EXIF_ORIENTATION = 0x0112
FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "AVIF", "JPEG2000", "BMP", "TIFF", "PPM")
"""Formats that are opened; JPEG includes MPO. Pillow has forty more, among them PostScript, for which it starts Ghostscript:
a program that untrusted input would run."""
SMOOTHING = 0.4
"""Standard deviation of the Gaussian before a picture is sampled at half its size, in pixels of its own, over the root of 3."""
WHITES = (255.0, 1023.0, 4095.0, 16383.0, 65535.0)
"""Levels of white of grey pictures of 8, 10, 12, 14 and 16 bits; a picture of floats may also have 1.0."""
MAX_LOST = 0.01
"""Share of a JPEG's pixels that may be lost at its end: one row of blocks of a phone's photo is 0.5 %."""
STRIP = 1 << 18
"""Pixels of a large picture that are converted at a time."""
SMALL = 1 << 20
"""Pixels of a picture that is converted whole."""
DECODER_BYTES = {"WEBP": 8.5, "AVIF": 5.5, "JPEG2000": 11}
"""Bytes a pixel that a decoder takes beside Pillow's picture and ours: frames of its own, and the copy that it returns.
Measured (testkit/picture_bombs.py)."""
FILE_COPIES = {"WEBP": 3, "AVIF": 2}
"""Copies of the file itself in memory, where there is more than one."""
OPENCV_BYTES = {"RGB": 7.5, "RGBA": 11.5}
"""For each pixel of a WebP that OpenCV decodes: its picture, ours, and four of a lossless file's own. Measured likewise."""


def working_picture(stream: io.BytesIO, settings: Decoding) -> DecodedPicture:
    """The working picture of a file.

    Raises:
        BadPicture: with reason "not a picture", "truncated" or "too large".
    """
    try:
        return _picture(stream, settings)
    except BadPicture as refusal:
        repaired = _repaired(stream.getvalue(), settings) if refusal.reason in ("truncated", "not a picture") else None
        if repaired is None:
            raise
        return repaired


def _repaired(content: bytes, settings: Decoding) -> DecodedPicture | None:
    """The picture of a damaged file if the damage cannot be seen, or hardly; else None."""
    try:
        if content.startswith(PNG):
            fewer = without_texts(content)
            return _picture(io.BytesIO(fewer), settings) if len(fewer) < len(content) else None
        header = jpeg_header(content)
        if header is None or header.kind not in (BASELINE, EXTENDED):
            return None
        first, second = (_picture(io.BytesIO(completed), settings) for completed in completed_jpegs(content))
    except BadPicture:
        return None
    lost = float((first.rgb != second.rgb).any(axis=2).mean())
    return first if lost <= MAX_LOST else None


def _picture(stream: io.BytesIO, settings: Decoding) -> DecodedPicture:
    try:
        pixels, orientation, (width, height) = _read(stream, settings)
    except BadPicture:
        raise
    except UnidentifiedImageError as error:
        content = stream.getvalue()
        kind = unread_format(content)
        found = f"{len(content)} bytes that begin with {content[:8].hex()}"
        raise BadPicture("not a picture", f"{kind} files are not read; convert it to JPEG or PNG" if kind else found) from error
    except (MemoryError, Image.DecompressionBombError) as error:
        raise BadPicture("too large", str(error) or "no memory left to decode it") from error
    except Exception as error:  # decoders raise a dozen kinds on damaged data, C code RuntimeError
        raise BadPicture("truncated", f"{type(error).__name__}: {error}"[:200]) from error
    target = _fitted(width, height, settings.working_side)
    if pixels.shape[1::-1] != target:
        pixels = shrunk(pixels, target)
    size = (height, width) if orientation >= 5 else (width, height)
    return DecodedPicture(_upright(pixels, orientation), *size)


def _read(stream: io.BytesIO, settings: Decoding) -> tuple[Pixels, int, tuple[int, int]]:
    """RGB as stored, perhaps reduced; its EXIF orientation; its stored size."""
    with Image.open(stream, formats=FORMATS) as opened:
        size = opened.size
        _refuse_bombs(*size, settings)
        orientation = _orientation(opened)
        if not _is_large_webp(opened, stream, settings):
            _reduce(opened, stream, settings)
            opened.load()
            if opened.format == "TIFF":  # turned upright by Pillow as it was loaded
                return _pixels(opened), 1, opened.size
            return _pixels(opened), orientation, size
    del opened  # its decoder holds two pictures of four bytes a pixel
    return _large_webp(stream.getvalue()), orientation, size


def _is_large_webp(opened: Image.Image, stream: io.BytesIO, settings: Decoding) -> bool:
    """Whether it is a still WebP that takes too much memory in Pillow, which knows animations only, and not in OpenCV."""
    if opened.format != "WEBP" or getattr(opened, "is_animated", True) or _cost(opened, stream) <= settings.max_bytes:
        return False
    per_pixel = OPENCV_BYTES[opened.mode]
    return len(stream.getvalue()) + int(opened.width * opened.height * per_pixel) <= settings.max_bytes


def _large_webp(content: bytes) -> Pixels:
    """The same pixels as Pillow's, of the same library: compared in tests/unit/pipelines/media/decoding/test_pixels.py."""
    stored = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    if stored is None:
        raise OSError("no WebP that OpenCV reads")
    if stored.shape[2] == 3:
        return np.asarray(cv2.cvtColor(stored, cv2.COLOR_BGR2RGB, dst=stored), np.uint8)
    rgb = np.empty((*stored.shape[:2], 3), np.uint8)
    rows = max(1, STRIP // stored.shape[1])
    for start in range(0, len(stored), rows):
        strip = cv2.cvtColor(stored[start : start + rows], cv2.COLOR_BGRA2RGBA)
        rgb[start : start + rows] = np.asarray(_on_white(Image.fromarray(strip), 0.0))
    return rgb


def _refuse_bombs(width: int, height: int, settings: Decoding) -> None:
    if width * height > settings.max_pixels:
        raise BadPicture("too large", f"{width} x {height} pixels; at most {settings.max_pixels} are read")
    if max(width, height) > settings.max_aspect * min(width, height):
        raise BadPicture("too large", f"{width} x {height}: more than {settings.max_aspect:g} times longer than wide")


def _reduce(opened: Image.Image, stream: io.BytesIO, settings: Decoding) -> None:
    """Have a JPEG decoded at a fraction of its size; an MPO or JPEG 2000 too, where all of it takes too much memory.

    Raises:
        BadPicture: what is left takes too much memory.
    """
    target, cost = _fitted(*opened.size, settings.working_side), _cost(opened, stream)
    if opened.format == "JPEG" or (opened.format == "MPO" and cost > settings.max_bytes):
        opened.draft("RGB", target)
        cost = _cost(opened, stream)
    elif opened.format == "JPEG2000" and cost > settings.max_bytes:
        halvings = (opened.width // target[0]).bit_length() - 1
        fitting = (n for n in range(1, halvings + 1) if _cost(opened, stream, n) <= settings.max_bytes)
        if fewest := next(fitting, 0):
            opened.reduce, cost = fewest, 0  # type: ignore[method-assign, assignment]  # a number, of this plug-in
    if cost > settings.max_bytes:
        size = f"{opened.width} x {opened.height} {opened.mode}"
        raise BadPicture("too large", f"{size}: {cost >> 20} MB to decode; at most {settings.max_bytes >> 20}")


def _cost(opened: Image.Image, stream: io.BytesIO, halvings: int = 0) -> int:
    """Bytes of memory that decoding takes: file, decoder, Pillow's picture, and ours of three bytes a pixel."""
    stored = 2 if opened.mode.startswith("I;16") else 1 if opened.mode in ("1", "L", "P") else 4
    per_pixel = DECODER_BYTES.get(opened.format or "", 0) + stored + 3
    file = FILE_COPIES.get(opened.format or "", 1) * len(stream.getvalue())
    return file + (int(opened.width * opened.height * per_pixel) >> 2 * halvings)


def _fitted(width: int, height: int, side: int) -> tuple[int, int]:
    """The size with the longest side at most `side`."""
    factor = min(1.0, side / max(width, height))
    return max(1, round(width * factor)), max(1, round(height * factor))


def shrunk(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    """The picture at `size` (width, height): averaged down to less than twice that, then smoothed and sampled.

    A third of the time of averaging all the way; sampled without smoothing, one crop in a hundred is lost (dev/log.md).
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
    """The EXIF orientation, 1 to 8; 1 where there is none or it is invalid."""
    try:
        orientation = opened.getexif().get(EXIF_ORIENTATION, 1)
    except MemoryError:
        raise
    except Exception:  # damaged EXIF, on which Pillow raises many kinds, does not make a picture unreadable
        return 1
    return orientation if isinstance(orientation, int) and 1 <= orientation <= 8 else 1


def _upright(pixels: Pixels, orientation: int) -> Pixels:
    """Undo an EXIF orientation: 5 to 8 swap the axes, then each flips none, one or both."""
    if orientation >= 5:
        pixels = pixels.swapaxes(0, 1)
    down, right = {2: (1, -1), 3: (-1, -1), 4: (-1, 1), 6: (1, -1), 7: (-1, -1), 8: (-1, 1)}.get(orientation, (1, 1))
    return np.ascontiguousarray(pixels[::down, ::right])


def _pixels(picture: Image.Image) -> Pixels:
    """RGB on a white background."""
    top = _top(picture) if _is_deep(picture) else 0.0
    if picture.width * picture.height <= SMALL:
        return np.asarray(_on_white(picture, top))
    rgb = np.empty((picture.height, picture.width, 3), np.uint8)
    for start, strip in _strips(picture):
        rgb[start : start + strip.height] = np.asarray(_on_white(strip, top))
    return rgb


def _strips(picture: Image.Image) -> Iterator[tuple[int, Image.Image]]:
    rows = max(1, STRIP // picture.width)
    for start in range(0, picture.height, rows):
        yield start, picture.crop((0, start, picture.width, min(start + rows, picture.height)))


def _on_white(picture: Image.Image, top: float) -> Image.Image:
    if _is_deep(picture):
        levels = np.nan_to_num(np.asarray(picture, dtype=np.float64))
        return Image.fromarray(np.clip(levels * (255.0 / top), 0, 255).astype(np.uint8)).convert("RGB")
    if picture.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in picture.info:
        layered = picture.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", layered.size, "white"), layered).convert("RGB")
    return picture if picture.mode == "RGB" else picture.convert("RGB")


def _is_deep(picture: Image.Image) -> bool:
    """Whether it has grey levels of more than 8 bits: Pillow's own conversion clips them."""
    return picture.mode in ("I", "F") or picture.mode.startswith("I;16")


def _top(picture: Image.Image) -> float:
    """The level of white: of the fewest bits that hold all levels. Scanners and cameras store 10 or 12 bits in 16."""
    highest = max(float(np.nan_to_num(np.asarray(strip)).max(initial=0)) for _, strip in _strips(picture))
    tops = (1.0, *WHITES) if picture.mode == "F" else WHITES
    return next((top for top in tops if highest <= top), highest)
