"""The text of a file, or of a range of its bytes, in blocks that end where a line ends."""

import codecs
from collections.abc import Iterator
from typing import IO, NamedTuple

from pipelines.input_tables.files.byte_streams import CHUNK_BYTES, chunks, open_bytes
from pipelines.input_tables.files.places import FilePlace
from pipelines.input_tables.formats.encodings import Encoding
from schemas.errors import DataError

LONGEST_LINE = 1 << 30


class TextFile(NamedTuple):
    """How a file is text."""

    place: FilePlace
    compression: str | None
    encoding: Encoding
    line_end: str
    """\\n (of \\r\\n, too) or \\r."""


class TextBlock(NamedTuple):
    """Whole lines."""

    text: str
    replaced: bool
    """Whether bytes in it were not valid and U+FFFD stands for them."""


class ByteRange(NamedTuple):
    """The lines that begin in a range of a file's bytes."""

    start: int
    end: int


def text_blocks(file: TextFile, part: ByteRange | None = None, chunk_bytes: int = CHUNK_BYTES) -> Iterator[TextBlock]:
    """A file's text, some megabytes at a time; lines end with a line feed. Memory: a chunk, or the longest line.

    Args:
        file: which one.
        part: only the lines that begin in this range; of files that are not compressed and whose encoding is `line_safe`.
        chunk_bytes: read at a time.

    Raises:
        DataError: it cannot be read, or one line is longer than LONGEST_LINE.
    """
    with open_bytes(file.place, file.compression) as stream:
        if part is not None:
            raw = _lines_in(stream, part, chunk_bytes, file)
        else:
            stream.read(file.encoding.mark_bytes)
            raw = chunks(stream, chunk_bytes)
        decoded = _decoded_whole_lines(raw, file) if file.encoding.line_safe else _decoded(raw, file)
        yield from decoded


def _decoded_whole_lines(raw: Iterator[bytes], file: TextFile) -> Iterator[TextBlock]:
    """Cut as bytes, then decoded: a broken character spoils its own line only."""
    end = file.line_end.encode()
    for block in _whole_lines(raw, end, file):
        text, replaced = decode(block, file.encoding.name)
        yield TextBlock(_with_newlines(text, file.line_end), replaced)


def _whole_lines(raw: Iterator[bytes], end: bytes, file: TextFile) -> Iterator[bytes]:
    rest: list[bytes] = []
    waiting = 0
    for chunk in raw:
        cut = chunk.rfind(end) + 1
        if cut:
            yield b"".join([*rest, chunk[:cut]])
            rest, waiting = ([chunk[cut:]], len(chunk) - cut) if cut < len(chunk) else ([], 0)
            continue
        rest.append(chunk)
        waiting += len(chunk)
        if waiting > LONGEST_LINE:
            raise DataError(f"{file.place.uri}: a line of more than {LONGEST_LINE >> 20} MB; is it a table?")
    if waiting:
        yield b"".join(rest)


def _decoded(raw: Iterator[bytes], file: TextFile) -> Iterator[TextBlock]:
    """UTF-16 and UTF-32: decoded, then cut."""
    decoder = codecs.getincrementaldecoder(file.encoding.name)("replace")
    rest, broken = "", False
    for chunk in raw:
        text = rest + decoder.decode(chunk)
        cut = text.rfind(file.line_end) + 1
        if cut:
            broken = "\ufffd" in text[:cut]
            yield TextBlock(_with_newlines(text[:cut], file.line_end), broken)
        rest = text[cut:]
    rest += decoder.decode(b"", final=True)
    if rest:
        yield TextBlock(_with_newlines(rest, file.line_end), "\ufffd" in rest)


def decode(raw: bytes, encoding: str) -> tuple[str, bool]:
    """The text of bytes, and whether some of them had to be replaced."""
    try:
        return raw.decode(encoding), False
    except UnicodeError:
        return raw.decode(encoding, "replace"), True


def _with_newlines(text: str, line_end: str) -> str:
    if line_end == "\r":
        return text.replace("\r", "\n")
    return text.replace("\r\n", "\n") if "\r" in text else text


def _lines_in(stream: IO[bytes], part: ByteRange, chunk_bytes: int, file: TextFile) -> Iterator[bytes]:
    """The bytes of the lines that begin in a range; the last one is read to its end, behind the range."""
    end = file.line_end.encode()
    place = _seek_first_line(stream, part, chunk_bytes, end) if part.start else file.encoding.mark_bytes
    if place >= part.end:
        return
    stream.seek(place)
    for chunk in chunks(stream, chunk_bytes):
        last = chunk.find(end, max(0, part.end - 1 - place)) if place + len(chunk) >= part.end else -1
        if last >= 0:
            yield chunk[: last + 1]
            return
        yield chunk
        place += len(chunk)


def _seek_first_line(stream: IO[bytes], part: ByteRange, chunk_bytes: int, end: bytes) -> int:
    """Where the first line begins that begins at or behind the range's start."""
    place = part.start - 1
    stream.seek(place)
    for chunk in chunks(stream, chunk_bytes):
        if begin := chunk.find(end) + 1:
            return place + begin
        place += len(chunk)
        if place > part.end:
            break
    return place
