"""Found of wanted, right of judged: a line of the truth's report."""

from collections.abc import Mapping
from typing import Any, NamedTuple

Pairs = list[dict[str, Any]]
"""Rows of positives of one granularity."""


class Row(NamedTuple):
    """One line of the report."""

    measure: str
    """A granularity, quarantine, or families."""
    part: str
    """Which of it: an edit, a crop's area, a quote's edit rate; empty for all of it."""
    found: int
    wanted: int
    """How many there are to find, among kept notes."""
    right: int | None = None
    judged: int | None = None
    """Pairs that the truth can judge; None where precision has no meaning."""

    @property
    def recall(self) -> float | None:
        """Share of the wanted that was found; None when there is nothing to find."""
        return self.found / self.wanted if self.wanted else None

    @property
    def precision(self) -> float | None:
        """Share of the judged that is right; None when nothing was judged."""
        return self.right / self.judged if self.judged and self.right is not None else None


def counted(measure: str, parts: Mapping[str, list[int]], right: int | None = None, judged: int | None = None) -> list[Row]:
    """The whole of a measure, then its parts by name; each part is [found, wanted]."""
    found, wanted = (sum(p[n] for p in parts.values()) for n in (0, 1))
    return [Row(measure, "", found, wanted, right, judged), *(Row(measure, name, *parts[name]) for name in sorted(parts))]
