"""The soft labels of a training row: one scale for the positive and all candidates, or none. No engine."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, NamedTuple

from pydantic import Field


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """Settings of the soft labels (method.md, sections 4.4 and 5)."""

    prefer: Literal["judge", "similarity", "none"] = "judge"
    """The scale that a row is given where it can be: judge, else similarity; similarity; or no soft labels at all."""
    judge: str | None = None
    """The judge whose judgements count, as the column `judge` names it. None: the one with the most scores."""
    min_judged_share: Annotated[float, Field(ge=0, le=1)] = 0.75
    """Share of a row's candidates that must be judged, beside its positive, for the judge's scale; the others leave the row.
    Ours: 6 of 8."""
    judge_ceiling: Annotated[float, Field(ge=0, le=1)] = 0.5
    """A candidate that the judge calls relevant with this probability is no negative and leaves the row.
    As guard.judge_ceiling of mine_hard_negatives; here for judgements that are newer than the negatives."""
    allow_uncalibrated: bool = False
    """Take a judge's plain score where it is not calibrated. It is no probability: shards of two judges do not compare."""


class Known(NamedTuple):
    """What is known of a positive or a candidate."""

    similarity: float | None
    judged: float | None


class Labelled(NamedTuple):
    """The labels of a row, and what left it."""

    label_from: str | None
    """judge, similarity, or None: no item of the row has a label."""
    positive: float | None
    candidates: list[float | None]
    """One for each candidate that was given; of use only where `kept` says so."""
    kept: list[bool]
    """Whether each candidate stays: then it has a label exactly when `label_from` is not None."""
    relevant: int
    """Candidates that left because the judge calls them relevant."""
    unlabelled: int
    """Candidates that left because they have no label on the row's scale."""


def labelled(positive: Known, candidates: Sequence[Known], settings: Labels) -> Labelled:
    """Choose the row's scale and label its items on it.

    What the judge calls relevant leaves first, whatever the scale. A scale that would leave none of the candidates
    is not taken.
    """
    fit = [c.judged is None or c.judged < settings.judge_ceiling for c in candidates]
    staying = [c for c, stays in zip(candidates, fit, strict=True) if stays]
    scale = _scale(positive, staying, settings)
    values = [_on(scale, c) for c in candidates]
    kept = [stays and (scale is None or value is not None) for stays, value in zip(fit, values, strict=True)]
    relevant = len(candidates) - sum(fit)
    return Labelled(scale, _on(scale, positive), values, kept, relevant, sum(fit) - sum(kept))


def _scale(positive: Known, candidates: Sequence[Known], settings: Labels) -> str | None:
    judged = sum(c.judged is not None for c in candidates)
    similar = sum(c.similarity is not None for c in candidates)
    enough = judged >= settings.min_judged_share * len(candidates) and (judged or not candidates)
    if settings.prefer == "judge" and positive.judged is not None and enough:
        return "judge"
    if settings.prefer != "none" and positive.similarity is not None and (similar or not candidates):
        return "similarity"
    return None


def _on(scale: str | None, item: Known) -> float | None:
    return {"judge": item.judged, "similarity": item.similarity}.get(scale or "")
