"""Ends a job when so many rows fail that the cause cannot be the rows themselves."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.items.failure_reasons import NO_FAULT
from schemas.errors import DataError


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureLimit:
    """The share of a stage's rows that may fail; called with the reasons of all rows that have failed so far."""

    rows: int
    """Rows of the stage."""
    max_share: float
    """Share of them that may fail, 0 to 1."""
    setting: str
    """The setting that holds `max_share`, for the message."""
    stage: str
    problem: str
    """What failed rows are, for the message: "items have no vector"."""
    advice: str
    """What to do, besides raising the setting."""

    def __call__(self, reasons: Sequence[str]) -> None:
        """Check the reasons.

        Raises:
            DataError: more than `max_share` of the rows failed; names the most common reasons.
        """
        failures = Counter(reason for reason in reasons if reason not in NO_FAULT)
        if failures.total() > self.max_share * self.rows:
            counts = ", ".join(f"{reason} ({count})" for reason, count in failures.most_common(5))
            raise DataError(
                f"{self.stage}: {failures.total()} of {self.rows} {self.problem}: {counts}; {self.setting} is "
                f"{self.max_share:g}; {self.advice}, or raise it"
            )
