"""End the job when so many pairs have no score that the cause is not the pairs."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.engines.ray.failure_limit import FailureLimit
from pipelines.items.failure_reasons import Reason
from pipelines.judge.judge_chunk import MIN_FAILURES
from pipelines.judge.protocol import JUDGE_FAILURES, NOT_ASKED

STAGE = "judge"
KILLED = Reason.PROCESS_DIED
UNANSWERED = (*JUDGE_FAILURES, KILLED)


@dataclass(frozen=True, slots=True)
class UnscoredLimit:
    """The limit of pairs without a score; called with the reasons of those that have none so far."""

    calls: int
    """Pairs that this run sends to the judge."""
    max_share: float
    """Largest share of pairs without a score."""
    failed_before: int = 0
    """How many of the calls an earlier run has published without a score: they may fail again."""
    pairs: int | None = None
    """All pairs of the run, including cached ones. None: only the calls."""

    def __call__(self, reasons: Sequence[str]) -> None:
        """Check the judge's failures against its calls, and all reasons against all pairs.

        A pair with a missing picture, or beyond the budget, is no call of the judge. A few failures may be the pairs' own
        fault: the server has answered the probe.

        Raises:
            DataError: too many have no score.
        """
        missing = [reason for reason in reasons if reason != NOT_ASKED]
        if len(missing) <= self.failed_before:
            return
        failed = [reason for reason in missing if reason in UNANSWERED]
        if len(failed) >= MIN_FAILURES:
            self._limit(self.calls - (len(reasons) - len(failed)), "pairs sent to the judge have no score")(failed)
        self._limit(self.calls if self.pairs is None else self.pairs, "pairs have no score")(missing)

    def _limit(self, of: int, what: str) -> FailureLimit:
        return FailureLimit(
            stage=STAGE,
            rows=of,
            max_share=self.max_share,
            setting="chunks.max_refused_share",
            problem=what,
            advice="fix the cause and run again (earlier answers are kept)",
        )
