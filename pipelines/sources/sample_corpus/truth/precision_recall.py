"""A line of the truth report: matched of expected (recall), correct of checked (precision)."""

from collections.abc import Mapping
from typing import Any, NamedTuple

Pairs = list[dict[str, Any]]
"""Rows of positives of one granularity."""


class TruthMeasure(NamedTuple):
    """One line of the report."""

    measure: str
    """A granularity, quarantine, or families."""
    part: str
    """A part of it: an edit, a crop's area, a quote's edit rate; empty for the whole measure."""
    matched: int
    """Expected ones that were mined."""
    expected: int
    """Planted ones among kept notes."""
    correct: int | None = None
    checked: int | None = None
    """Mined pairs that the truth can check; None where precision has no meaning."""

    @property
    def recall(self) -> float | None:
        """Share of the expected that was matched; None where nothing is expected."""
        return self.matched / self.expected if self.expected else None

    @property
    def precision(self) -> float | None:
        """Share of the checked that is correct; None where nothing was checked."""
        return self.correct / self.checked if self.checked and self.correct is not None else None


def measure_rows(
    measure: str, parts: Mapping[str, list[int]], correct: int | None = None, checked: int | None = None
) -> list[TruthMeasure]:
    """The whole of a measure, then its parts by name; each part is [matched, expected]."""
    matched, expected = (sum(p[n] for p in parts.values()) for n in (0, 1))
    whole = TruthMeasure(measure, "", matched, expected, correct, checked)
    return [whole, *(TruthMeasure(measure, name, *parts[name]) for name in sorted(parts))]
