"""Soft labels of a training row: one scale for the positive and all candidates, or no labels. No engine."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, NamedTuple

from pydantic import Field


@dataclass(frozen=True, slots=True, kw_only=True)
class SoftLabels:
    """Settings of the soft labels (method.md, sections 4.4 and 5)."""

    prefer: Literal["judge", "similarity", "none"] = "judge"
    """Scale of a row's labels. judge: the judge's if it has judged enough of the row, else similarity; similarity;
    none: no soft labels."""
    judge: str | None = None
    """The judge to use, by its name in the column `judge`. None: the one with the most scores."""
    min_judged_share: Annotated[float, Field(ge=0, le=1)] = 0.75
    """Share of a row's candidates that must be judged, besides its positive, for the judge's scale; candidates without a
    judgement are then dropped. Ours: 6 of 8."""
    judge_ceiling: Annotated[float, Field(ge=0, le=1)] = 0.5
    """A candidate that the judge calls relevant with at least this probability is dropped as a false negative.
    Like guard.judge_ceiling of mine_hard_negatives, but for judgements that are newer than the negatives."""
    allow_uncalibrated: bool = False
    """Use uncalibrated scores of a judge that is not calibrated. They are not probabilities and differ between judges."""


class ItemScores(NamedTuple):
    """The scores of a positive or a candidate; None where it has none."""

    similarity: float | None
    judged: float | None


class RowLabels(NamedTuple):
    """The labels of a row, and the candidates that it keeps."""

    label_from: str | None
    """judge, similarity, or None if no item of the row has a label."""
    positive: float | None
    candidates: list[float | None]
    """One per input candidate; valid only where `keep` is true."""
    keep: list[bool]
    """Whether each candidate stays in the row; then it has a label if and only if `label_from` is not None."""
    relevant: int
    """Candidates dropped because the judge calls them relevant."""
    unlabelled: int
    """Candidates dropped because they have no label on the row's scale."""


def label_row(positive: ItemScores, candidates: Sequence[ItemScores], settings: SoftLabels) -> RowLabels:
    """Choose the row's scale and label its items on it.

    Candidates that the judge calls relevant are dropped first, on any scale. A scale that would drop all candidates is not
    used.
    """
    is_negative = [c.judged is None or c.judged < settings.judge_ceiling for c in candidates]
    negatives = [c for c, negative in zip(candidates, is_negative, strict=True) if negative]
    scale = _scale(positive, negatives, settings)
    values = [_label(scale, c) for c in candidates]
    keep = [negative and (scale is None or value is not None) for negative, value in zip(is_negative, values, strict=True)]
    relevant = len(candidates) - sum(is_negative)
    return RowLabels(scale, _label(scale, positive), values, keep, relevant, sum(is_negative) - sum(keep))


def _scale(positive: ItemScores, candidates: Sequence[ItemScores], settings: SoftLabels) -> str | None:
    judged = sum(c.judged is not None for c in candidates)
    similar = sum(c.similarity is not None for c in candidates)
    enough = judged >= settings.min_judged_share * len(candidates) and (judged or not candidates)
    if settings.prefer == "judge" and positive.judged is not None and enough:
        return "judge"
    if settings.prefer != "none" and positive.similarity is not None and (similar or not candidates):
        return "similarity"
    return None


def _label(scale: str | None, item: ItemScores) -> float | None:
    return {"judge": item.judged, "similarity": item.similarity}.get(scale or "")
