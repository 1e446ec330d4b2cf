"""When so many pairs have no score that the cause is no pair's own, the job ends."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.engines.ray.failure_limit import FailureLimit
from pipelines.items.failure_reasons import Reason
from pipelines.judge.judge_chunk import FEW
from pipelines.judge.protocol import NOT_ASKED, OF_THE_JUDGE

STAGE = "judge"
KILLED = Reason.PROCESS_DIED
UNANSWERED = (*OF_THE_JUDGE, KILLED)


@dataclass(frozen=True, slots=True)
class Unscored:
    """How many pairs may go without a score; called with the reasons of those that have none so far."""

    asked: int
    """Pairs that this run asks about."""
    most: float
    """The share that may have no score."""
    again: int = 0
    """Of them those that an earlier run has published without a score: they may go without one again."""
    pairs: int | None = None
    """All pairs of the run, known ones too. None: as many as are asked."""

    def __call__(self, reasons: Sequence[str]) -> None:
        """Look: at what the judge did not answer among what it was asked, and at all reasons among all pairs.

        A pair whose picture is missing was not asked, nor was what a budget left out, which is at fault nowhere. A few pairs
        may each be at fault themselves: the server has answered a probe.

        Raises:
            DataError: too many have no score.
        """
        missing = [reason for reason in reasons if reason != NOT_ASKED]
        if len(missing) <= self.again:
            return
        refused = [reason for reason in missing if reason in UNANSWERED]
        if len(refused) >= FEW:
            self._share(self.asked - (len(reasons) - len(refused)), "pairs that were asked have no score")(refused)
        self._share(self.asked if self.pairs is None else self.pairs, "pairs have no score")(missing)

    def _share(self, of: int, what: str) -> FailureLimit:
        return FailureLimit(
            stage=STAGE,
            rows=of,
            max_share=self.most,
            setting="chunks.max_refused_share",
            problem=what,
            advice="mend what the reasons say and run again (what was answered is kept)",
        )


def limit(asked: int, most: float, again: int = 0, pairs: int | None = None) -> Unscored:
    """As `Unscored`."""
    return Unscored(asked, most, again, pairs)
