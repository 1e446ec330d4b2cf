"""A query's judged candidates as a ranking list (method.md, section 7, ours). No engine."""

from collections.abc import Sequence
from typing import NamedTuple


class Graded(NamedTuple):
    """What a judge said of a candidate."""

    candidate_id: str
    label: float
    """Calibrated, 0 to 1; the plain score where the settings allow it."""
    score: float
    grade: int


class Ranked(NamedTuple):
    """A judged list in the true order V."""

    order: list[Graded]
    """By falling label."""
    relevant: int
    """So many of the first are relevant."""
    tied: int
    """Relevant ones that left: the judge said the same of another, so their order is not known."""
    beyond: int
    """Those that had no place."""


def ranked(candidates: Sequence[Graded], min_grade: int, places: int) -> Ranked:
    """The true order: relevant ones by label, the score where labels are equal; then the others, in the same way.

    Relevant ones of which the judge said the very same have no order, and one of them stays, the smaller id. Of the others
    the order does not count.

    Args:
        candidates: of one query.
        min_grade: from which grade on a candidate is relevant.
        places: how many the list takes; the relevant come first.
    """

    def by(g: Graded) -> tuple[float, float, str]:
        return -g.label, -g.score, g.candidate_id

    good = sorted((g for g in candidates if g.grade >= min_grade), key=by)
    once = list({(g.label, g.score): g for g in reversed(good)}.values())[::-1]
    others = sorted((g for g in candidates if g.grade < min_grade), key=by)
    taken = once[:places]
    order = taken + others[: places - len(taken)]
    return Ranked(order, len(taken), len(good) - len(once), len(once) + len(others) - len(order))
