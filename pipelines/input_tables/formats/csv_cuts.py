"""Where a large CSV can be cut between records, though quoted fields hold line breaks: by the parity of the quotes before."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from pipelines.input_tables.files.byte_streams import open_bytes
from pipelines.input_tables.formats.csv_dialect import Dialect
from pipelines.input_tables.formats.text_blocks import TextFile

BLOCK_BYTES = 16 << 20
LINE_FEED, RETURN = 10, 13
NO_CUT = -1


class QuoteCount(NamedTuple):
    """Quotes and possible cuts of one block of a CSV file; first of each pair: as if it began outside of quotes."""

    quotes: int
    valid: tuple[bool, bool]
    """Whether quotes stand only where RFC 4180 has them, at the beginning and the end of a field."""
    cuts: tuple[int, int]
    """Where in the block the first record begins behind a line feed; NO_CUT: nowhere."""


def record_starts(file: TextFile, size: int, dialect: Dialect, step: int = BLOCK_BYTES) -> list[int]:
    """Offsets of records in ascending order, about one for each `step` bytes; none if quotes stand where RFC 4180 has none.

    The lines before an offset and those from there on have the same records together and apart.

    Args:
        file: uncompressed, of an encoding in which a line feed is one; its lines end with one.
        size: of the file, bytes.
        dialect: of the file.
        step: bytes that are counted at a time.

    Raises:
        DataError: it cannot be read.

    Cost: one read of the file, by as many threads as there are cores. Memory: some 64 MB a thread.
    """
    marks = dialect.delimiter.encode() + dialect.quote.encode()
    if len(marks) != 2:
        return []
    starts = range(file.encoding.mark_bytes, size, step)
    with ThreadPoolExecutor(os.cpu_count() or 1) as readers:
        counted = list(readers.map(lambda start: _counted_at(file, start, min(step, size - start), marks), starts))
    if file.encoding.name != "utf-8" and any(block.quotes for block in counted):
        return []  # elsewhere a byte like a quote or a delimiter may be half a character
    return joined_cuts(starts, counted)


def joined_cuts(starts: Sequence[int], counted: Sequence[QuoteCount]) -> list[int]:
    """The blocks' cuts as offsets in the file; none if a block is not valid.

    Args:
        starts: [n] where the blocks begin.
        counted: [n] what was counted in them.
    """
    cuts, inside = [], 0
    for start, block in zip(starts, counted, strict=True):
        if not block.valid[inside]:
            return []
        if block.cuts[inside] != NO_CUT:
            cuts.append(start + block.cuts[inside])
        inside = (inside + block.quotes) % 2
    return [] if inside else cuts


def count_quotes(before: bytes, block: bytes, behind: bytes, marks: bytes) -> QuoteCount:
    """Count a block's quotes and look at the bytes beside each.

    Args:
        before: the byte in front of the block; none at the beginning of the file.
        block: some of the file.
        behind: the two bytes behind the block; fewer at the end of the file.
        marks: the delimiter and the quote, a byte each.
    """
    comma, mark = marks
    padded = np.frombuffer((before or b"\n") + block + behind + b"\n\n"[len(behind) :], np.uint8)
    own = padded[1:-2]
    quotes = np.flatnonzero(own == mark)
    left, right, second = padded[quotes], padded[quotes + 2], padded[np.minimum(quotes + 3, len(padded) - 1)]
    opens = (left == comma) | (left == LINE_FEED) | (left == mark)
    line_ends = (right == LINE_FEED) | ((right == RETURN) & (second == LINE_FEED))
    closes = (right == comma) | (right == mark) | line_ends
    returns = np.flatnonzero(own == RETURN)
    plain = bool(np.all(padded[returns + 2] == LINE_FEED))
    valid = [plain and bool(np.all(opens[k::2]) and np.all(closes[1 - k :: 2])) for k in range(2)]
    feeds = np.flatnonzero(own == LINE_FEED)
    outside = np.searchsorted(quotes, feeds) % 2 == 0
    cuts = [int(feeds[np.argmax(some)]) + 1 if some.any() else NO_CUT for some in (outside, ~outside)]
    return QuoteCount(len(quotes), (valid[0], valid[1]), (cuts[0], cuts[1]))


def _counted_at(file: TextFile, start: int, length: int, marks: bytes) -> QuoteCount:
    ahead = int(start > file.encoding.mark_bytes)
    with open_bytes(file.place, None) as stream:
        stream.seek(start - ahead)
        raw = bytes(stream.read(ahead + length + 2))
    return count_quotes(raw[:ahead], raw[ahead : ahead + length], raw[ahead + length :], marks)
