"""An input in parts that tasks read side by side."""

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from pipelines.input_tables.files.byte_streams import open_bytes
from pipelines.input_tables.formats.file_look import FileLook
from pipelines.input_tables.formats.text_blocks import ByteRange
from pipelines.input_tables.open_table import InputTable

MOST_BYTES = 128 << 20
LEAST_BYTES = 4 << 20
OPEN_BYTES = 1 << 20
"""What opening a file costs, in bytes that could be read meanwhile."""


class Part(NamedTuple):
    """A file, some row groups of it, or the lines that begin in a range of its bytes."""

    look: FileLook
    row_groups: tuple[int, ...] = ()
    """Of a Parquet file."""
    bytes_range: ByteRange | None = None
    """Of a text; None: all of it."""


def parts_of(table: InputTable, tasks: int = 1) -> list[Part]:
    """The parts of an input.

    Args:
        table: the input.
        tasks: how many run at a time: a small input is cut so that all have something to do.

    Cost: where a large CSV is to be cut, one pass over its bytes for quotes, in which a line break may stand.
    """
    most = min(MOST_BYTES, max(LEAST_BYTES, table.size_bytes // max(1, tasks)))
    return [part for look in table.looks for part in _parts(look, most)]


def packed(parts: Sequence[Part], tasks: int) -> list[list[Part]]:
    """Parts for each task, in their order: many small files are read by one task, one after the other.

    Args:
        parts: of an input.
        tasks: how many run at a time.
    """
    sizes = [_size(part) + OPEN_BYTES for part in parts]
    most = min(MOST_BYTES, max(LEAST_BYTES, sum(sizes) // max(1, tasks)))
    groups: list[list[Part]] = []
    filled = most
    for part, size in zip(parts, sizes, strict=True):
        if filled + size > most:
            groups.append([])
            filled = 0
        groups[-1].append(part)
        filled += size
    return groups


def slim(part: Part, names: Collection[str]) -> Part:
    """The part with what reading these columns needs: a look at ten thousand files travels with each task."""
    look = part.look
    columns = {name: kind for name, kind in look.columns.items() if name in names}
    details = None if look.json is None else look.json._replace(names=(), examples={})
    return part._replace(look=look._replace(columns=columns, json=details, twice=()))


def _size(part: Part) -> int:
    if part.row_groups:
        return sum(part.look.row_groups[k][1] for k in part.row_groups)
    return part.look.file.size_bytes if part.bytes_range is None else part.bytes_range.end - part.bytes_range.start


def _parts(look: FileLook, most: int) -> Iterator[Part]:
    if look.format == "parquet":
        yield from _row_groups(look, most)
    elif look.file.size_bytes > most and _may_be_cut(look):
        for start in range(0, look.file.size_bytes, most):
            yield Part(look, bytes_range=ByteRange(start, min(start + most, look.file.size_bytes)))
    else:
        yield Part(look)


def _row_groups(look: FileLook, most: int) -> Iterator[Part]:
    waiting: list[int] = []
    size = 0
    for index, (rows, compressed, _) in enumerate(look.row_groups):
        if not rows:
            continue
        if waiting and size + compressed > most:
            yield Part(look, tuple(waiting))
            waiting, size = [], 0
        waiting.append(index)
        size += compressed
    if waiting:
        yield Part(look, tuple(waiting))


def _may_be_cut(look: FileLook) -> bool:
    """Whether each line is a record: not where a quoted field may hold a line break."""
    text = look.text
    if text is None or text.compression is not None or not text.encoding.line_safe:
        return False
    if look.json is not None:
        return look.json.layout == "lines"
    return look.dialect is not None and not _has_byte(look, look.dialect.quote.encode())


def _has_byte(look: FileLook, byte: bytes) -> bool:
    with open_bytes(look.file.place, None) as stream:
        while chunk := stream.read(16 << 20):
            if byte in chunk:
                return True
    return False
