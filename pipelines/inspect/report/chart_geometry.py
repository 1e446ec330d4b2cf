"""Where the bars and points of the page lie: numbers for SVG, no markup. Pure functions."""

from collections.abc import Sequence
from typing import NamedTuple

from pipelines.inspect.report.sections.funnel import Level

WIDTH = 1000
"""Of a bar of the funnel, in its own units: its SVG is stretched to the page."""
LEAST = 3
"""Of a segment that is not empty: a reader must see that it is there."""


class Segment(NamedTuple):
    """A piece of a bar."""

    x: float
    width: float
    tone: int
    """0: what is kept; else the filter's place."""
    label: str
    rows: int


class Bar(NamedTuple):
    """A column of a histogram."""

    x: float
    y: float
    height: float


def segments(level: Level, tones: int = 6) -> list[Segment]:
    """A level's bar: what is kept, then what each filter took. Segments of a few rows are as wide as can be seen."""
    pieces = [(level.kept, level.kept_as), *((t.rows, t.reason) for t in level.taken)]
    whole = sum(rows for rows, _ in pieces) or 1
    widths = [max(LEAST, rows / whole * WIDTH) if rows else 0.0 for rows, _ in pieces]
    scale = WIDTH / (sum(widths) or 1)
    found, x = [], 0.0
    for place, ((rows, label), width) in enumerate(zip(pieces, widths, strict=True)):
        found.append(Segment(round(x, 2), round(width * scale, 2), min(place, tones), label, rows))
        x += width * scale
    return found


def bars(counts: Sequence[int], width: float = 200, height: float = 44) -> list[Bar]:
    """A histogram's columns; a bin that is not empty is at least 2 high."""
    step, most = width / len(counts), max(counts, default=0) or 1
    tall = [max(2.0, count / most * height) if count else 0.0 for count in counts]
    return [Bar(round(k * step, 2), round(height - h, 2), round(h, 2)) for k, h in enumerate(tall)]


def bins_say(counts: Sequence[int]) -> str:
    """A histogram in words, for who cannot see it.

    >>> bins_say([0, 0, 3, 0, 9])
    'most between 0.80 and 1.00, none below 0.40'
    """
    if not any(counts):
        return "no pairs"
    most = max(range(len(counts)), key=lambda k: (counts[k], k))
    first = next(k for k, count in enumerate(counts) if count)
    low, high = most / len(counts), (most + 1) / len(counts)
    return f"most between {low:.2f} and {high:.2f}" + (f", none below {first / len(counts):.2f}" if first else "")
