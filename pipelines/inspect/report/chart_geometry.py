"""Geometry of the page's charts: numbers for SVG, no markup. Pure functions."""

from collections.abc import Sequence
from typing import NamedTuple

from pipelines.inspect.report.sections.funnel import Level

WIDTH = 1000
"""Width of a bar of the funnel in SVG units; the SVG is stretched to the page."""
MIN_WIDTH = 3
"""Smallest width of a segment that is not empty, so that it is visible."""


class Segment(NamedTuple):
    """One segment of a bar."""

    x: float
    width: float
    tone: int
    """Colour: 0 for kept rows, else the index of the filter."""
    label: str
    rows: int


class Bar(NamedTuple):
    """A column of a histogram."""

    x: float
    y: float
    height: float


def segments(level: Level, tones: int = 6) -> list[Segment]:
    """Lay out a level's bar: kept rows, then the rows dropped by each filter. Small segments get a visible minimum width."""
    pieces = [(level.kept, level.kept_as), *((t.rows, t.reason) for t in level.dropped)]
    whole = sum(rows for rows, _ in pieces) or 1
    widths = [max(MIN_WIDTH, rows / whole * WIDTH) if rows else 0.0 for rows, _ in pieces]
    scale = WIDTH / (sum(widths) or 1)
    laid_out, x = [], 0.0
    for place, ((rows, label), width) in enumerate(zip(pieces, widths, strict=True)):
        laid_out.append(Segment(round(x, 2), round(width * scale, 2), min(place, tones), label, rows))
        x += width * scale
    return laid_out


def bars(counts: Sequence[int], width: float = 200, height: float = 44) -> list[Bar]:
    """Lay out a histogram's columns; a bin that is not empty is at least 2 units high."""
    step, most = width / len(counts), max(counts, default=0) or 1
    tall = [max(2.0, count / most * height) if count else 0.0 for count in counts]
    return [Bar(round(k * step, 2), round(height - h, 2), round(h, 2)) for k, h in enumerate(tall)]


def histogram_summary(counts: Sequence[int]) -> str:
    """Describe a histogram in words, for screen readers.

    >>> histogram_summary([0, 0, 3, 0, 9])
    'most between 0.80 and 1.00, none below 0.40'
    """
    if not any(counts):
        return "no pairs"
    most = max(range(len(counts)), key=lambda k: (counts[k], k))
    first = next(k for k, count in enumerate(counts) if count)
    low, high = most / len(counts), (most + 1) / len(counts)
    return f"most between {low:.2f} and {high:.2f}" + (f", none below {first / len(counts):.2f}" if first else "")
