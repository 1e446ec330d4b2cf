"""An input in parts that tasks read side by side."""

from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from pipelines.input_tables.formats.csv_cuts import BLOCK_BYTES, record_starts
from pipelines.input_tables.formats.file_look import FileLook
from pipelines.input_tables.formats.text_blocks import ByteRange
from pipelines.input_tables.open_table import InputTable

MOST_BYTES = 128 << 20
LEAST_BYTES = 4 << 20
ALONE_BYTES = 2 * MOST_BYTES
"""A part from this size on keeps one task busy while others are done."""
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

    Cost: where a large CSV is to be cut for several tasks, one read of it: a line break may be in quotes.
    """
    most = min(MOST_BYTES, max(LEAST_BYTES, table.size_bytes // max(1, tasks)))
    return [part for look in table.looks for part in _parts(look, most, tasks)]


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


def read_by_one_task(parts: Sequence[Part]) -> list[str]:
    """What the user should know of large files that no second task helps to read, and the way out."""
    names: dict[str, list[str]] = {}
    for part in parts:
        if len(part.row_groups) <= 1 and part.bytes_range is None and _size(part) > ALONE_BYTES:
            names.setdefault(_undivided(part.look), []).append(f"{part.look.file.uri} ({_size(part) >> 20:,} MB)")
    return [
        f"read by one task each, as {reason}: {', '.join(files[:3])}{', ...' if len(files) > 3 else ''}; "
        "several files, or the Parquet that jobs/import_table.py writes, are read side by side"
        for reason, files in names.items()
    ]


def _undivided(look: FileLook) -> str:
    if look.format == "parquet":
        return "a row group is not divided"
    if look.text is not None and look.text.compression is not None:
        return f"{look.text.compression} data cannot be read from the middle"
    return "it is one JSON array" if look.json is not None else "its bytes do not tell where a record begins"


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


def _parts(look: FileLook, most: int, tasks: int) -> Iterator[Part]:
    if look.format == "parquet":
        yield from _row_groups(look, most)
        return
    size = look.file.size_bytes
    starts = _starts(look, most, tasks) if size > most else []
    if not starts:
        yield Part(look)
        return
    for start, end in pairwise([0, *starts, size]):
        yield Part(look, bytes_range=ByteRange(start, end))


def _starts(look: FileLook, most: int, tasks: int) -> Sequence[int]:
    """Where a text can be cut, once in `most` bytes; nowhere if a line is not a record and no task would be without work."""
    text, size = look.text, look.file.size_bytes
    if text is None or text.compression is not None or not text.encoding.line_safe:
        return []
    if look.json is not None:
        return range(most, size, most) if look.json.layout == "lines" else []
    if look.dialect is None or look.dialect.escapes or tasks <= 1 or text.line_end != "\n":
        return []
    if not look.dialect.quote:
        return range(most, size, most)
    chosen, step = [0], min(BLOCK_BYTES, most)
    for start in record_starts(text, size, look.dialect, step):
        if start - chosen[-1] >= most - step // 2 and start < size:
            chosen.append(start)
    return chosen[1:]


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
