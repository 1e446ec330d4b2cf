"""When so many rows are refused that the cause is no row's own, the job ends."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.items.failure_reasons import NO_FAULT
from schemas.errors import DataError


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """How many of a stage's rows may be refused; called with the reasons of all rows without an answer so far."""

    of: int
    """Rows of the stage."""
    most: float
    """The share that may be refused."""
    setting: str
    """Its name, for the message."""
    stage: str
    what: str
    """What is wrong with the refused rows: "items have no vector"."""
    mend: str
    """What to do about it, beside raising the setting."""

    def __call__(self, reasons: Sequence[str]) -> None:
        """Look.

        Raises:
            DataError: more than `most` were refused; with the commonest reasons.
        """
        bad = Counter(reason for reason in reasons if reason not in NO_FAULT)
        if bad.total() > self.most * self.of:
            told = ", ".join(f"{reason} ({count})" for reason, count in bad.most_common(5))
            raise DataError(
                f"{self.stage}: {bad.total()} of {self.of} {self.what}: {told}; {self.setting} is {self.most:g}; {self.mend}, "
                "or raise it"
            )
