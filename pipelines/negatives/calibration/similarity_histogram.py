"""Histogram of an encoder's similarities: positives, false negatives and candidates, as a table and as text."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Numbers = NDArray[np.floating]

HISTOGRAM = pa.schema(
    [
        ("low", pa.float64()),
        ("high", pa.float64()),
        ("positives", pa.int64()),
        ("false_negatives", pa.int64()),
        ("candidates", pa.int64()),
    ]
)
"""One row a bin, low <= similarity < high (the last bin includes its end); candidates exclude the false negatives."""
BAR = 30
"""Characters of the longest bar."""


def histogram(positives: Numbers, false_negatives: Numbers, candidates: Numbers, width: float = 0.05) -> pa.Table:
    """Count by similarity: HISTOGRAM, bins on multiples of the width, from the lowest similarity to the highest.

    Args:
        positives: [p] similarities of queries and their positives.
        false_negatives: [f] of candidates that are relevant.
        candidates: [c] of the other candidates.
        width: of a bin.
    """
    kinds = [np.asarray(k, np.float64)[np.isfinite(k)] for k in (positives, false_negatives, candidates)]
    every = np.concatenate(kinds)
    if not len(every):
        return HISTOGRAM.empty_table()
    first, last = np.floor(every.min() / width), np.floor(every.max() / width)
    edges = np.round(np.arange(first, last + 2) * width, 10)
    counts = [np.histogram(kind, edges)[0] for kind in kinds]
    return pa.table([edges[:-1], edges[1:], *counts], schema=HISTOGRAM)


def histogram_text(table: pa.Table, marks: dict[str, float] | None = None) -> str:
    """Format a histogram: one line a bin, bars relative to the peak of their kind, the names of `marks` at their bins."""
    kinds = HISTOGRAM.names[2:]
    totals = {kind: sum(table.column(kind).to_pylist()) for kind in kinds}
    head = "  ".join(_cell(kind.replace("_", " "), totals[kind]) for kind in kinds)
    lines = [f"{'bin':>10}  {head}".rstrip()]
    peaks = {kind: max(table.column(kind).to_pylist(), default=0) for kind in kinds}
    for row in table.to_pylist():
        bars = "  ".join(_cell("#" * round(BAR * row[kind] / max(1, peaks[kind])), row[kind]) for kind in kinds)
        names = [name for name, at in (marks or {}).items() if row["low"] <= at < row["high"]]
        lines.append(
            f"{row['low']:5.2f}-{row['high']:.2f}".rjust(10) + f"  {bars}" + (f"  <- {', '.join(names)}" if names else "")
        )
    return "\n".join(lines)


def _cell(text: str, count: int) -> str:
    return f"{text.ljust(BAR)}{count:>6}"
