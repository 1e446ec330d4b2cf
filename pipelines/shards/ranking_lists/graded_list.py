"""Order a query's judged candidates as a ranking list (method.md, section 7, ours). No engine."""

from collections.abc import Sequence
from typing import NamedTuple


class GradedCandidate(NamedTuple):
    """A candidate with its judgement."""

    candidate_id: str
    label: float
    """Calibrated, 0 to 1; the plain score where the settings allow it."""
    score: float
    grade: int


class GradedList(NamedTuple):
    """A judged list in the true order V."""

    order: list[GradedCandidate]
    """By descending label."""
    relevant: int
    """The first `relevant` candidates are relevant."""
    tied: int
    """Relevant candidates that were left out: another has the same label and score, so their order is unknown."""
    overflow: int
    """Candidates that did not fit in the list."""


def grade_list(candidates: Sequence[GradedCandidate], min_grade: int, places: int) -> GradedList:
    """The true order: relevant candidates by label, then score; then the others in the same way.

    Of relevant candidates with equal label and score only the one with the smallest id is kept, since they have no order. The
    order of the others does not matter.

    Args:
        candidates: of one query.
        min_grade: the smallest grade of a relevant candidate.
        places: the most candidates of the list; relevant ones come first.
    """

    def by(g: GradedCandidate) -> tuple[float, float, str]:
        return -g.label, -g.score, g.candidate_id

    good = sorted((g for g in candidates if g.grade >= min_grade), key=by)
    once = list({(g.label, g.score): g for g in reversed(good)}.values())[::-1]
    others = sorted((g for g in candidates if g.grade < min_grade), key=by)
    relevant = once[:places]
    order = relevant + others[: places - len(relevant)]
    return GradedList(order, len(relevant), len(good) - len(once), len(once) + len(others) - len(order))
