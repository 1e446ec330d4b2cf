"""Soft labels of a training row: one scale for the positive and all candidates, or no labels. No engine."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from schemas.labels import LABEL_TEMPERATURES

BELOW = 0.05
"""On the scale of similarities a rule-made negative has at most the positive's label less this share of it. It is no answer by
construction, whatever the encoder says; the share is that of guard.margin's nv-percpos-0.95."""


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
    similarity_temperature: Annotated[float, Field(gt=0, le=100)] = LABEL_TEMPERATURES["similarity"]
    """Written to rows labelled by similarity: a trainer divides their labels by it. Source: the paper's one tau."""
    judge_temperature: Annotated[float, Field(gt=0, le=100)] = LABEL_TEMPERATURES["judge"]
    """The same for rows labelled by the judge. Ours: its labels span 0 to 1, similarities about a fifth of that."""


class ItemScores(NamedTuple):
    """The scores of a positive or a candidate; None where it has none."""

    similarity: float | None
    judged: float | None
    rule_made: bool = False
    """Whether it is a note without the part that asks."""


class RowLabels(NamedTuple):
    """The labels of a row, and the candidates that it keeps."""

    label_from: str | None
    """judge, similarity, or None if no item of the row has a label."""
    positive: float | None
    """The largest label of the row, high enough for half of the target's mass."""
    candidates: list[float | None]
    """One per input candidate; valid only where `keep` is true."""
    keep: list[bool]
    """Whether each candidate stays in the row; then it has a label if and only if `label_from` is not None."""
    temperature: float | None
    """Of the row's scale."""
    relevant: int
    """Candidates dropped because the judge calls them relevant."""
    unlabelled: int
    """Candidates dropped because they have no label on the row's scale."""
    above: int
    """Candidates dropped because their label is not below the positive's."""


def label_row(positive: ItemScores, candidates: Sequence[ItemScores], settings: SoftLabels) -> RowLabels:
    """Choose the row's scale and label its items on it, the positive highest.

    Candidates that the judge calls relevant are dropped first, on any scale, then those whose label is not below the
    positive's. A scale that would drop all candidates is not used. Eight candidates just below the positive would still share
    most of the target, so its label is raised until it has half.
    """
    is_negative = [c.judged is None or c.judged < settings.judge_ceiling for c in candidates]
    negatives = [c for c, negative in zip(candidates, is_negative, strict=True) if negative]
    scale = next(
        (s for s in _scales(positive, negatives, settings) if not negatives or _some_below(s, positive, negatives)), ""
    )
    if not scale:
        return RowLabels(None, None, [None] * len(candidates), is_negative, None, len(candidates) - len(negatives), 0, 0)
    most, values = _score(scale, positive), [_label(scale, positive, c) for c in candidates]
    keep = [negative and _below(value, most) for negative, value in zip(is_negative, values, strict=True)]
    unlabelled = sum(negative and value is None for negative, value in zip(is_negative, values, strict=True))
    temperature = {"judge": settings.judge_temperature, "similarity": settings.similarity_temperature}[scale]
    above = len(negatives) - unlabelled - sum(keep)
    kept = [value for value, stays in zip(values, keep, strict=True) if stays and value is not None]
    most = max(most, _half(kept, temperature)) if most is not None and kept else most
    return RowLabels(scale, most, values, keep, temperature, len(candidates) - len(negatives), unlabelled, above)


def _half(labels: Sequence[float], temperature: float) -> float:
    """The label of a positive that has as much of the softmax as these labels together."""
    top = max(labels)
    return top + temperature * math.log(sum(math.exp((label - top) / temperature) for label in labels))


def _scales(positive: ItemScores, candidates: Sequence[ItemScores], settings: SoftLabels) -> Iterator[str]:
    """The scales on which the positive and enough of the candidates have scores, the preferred one first."""
    judged = sum(c.judged is not None for c in candidates)
    enough = judged >= settings.min_judged_share * len(candidates)
    if settings.prefer == "judge" and positive.judged is not None and enough:
        yield "judge"
    if settings.prefer != "none" and positive.similarity is not None:
        yield "similarity"


def _some_below(scale: str, positive: ItemScores, candidates: Sequence[ItemScores]) -> bool:
    return any(_below(_label(scale, positive, c), _score(scale, positive)) for c in candidates)


def _label(scale: str, positive: ItemScores, candidate: ItemScores) -> float | None:
    score, most = _score(scale, candidate), _score(scale, positive)
    if score is None or most is None or scale == "judge" or not candidate.rule_made:
        return score
    return min(score, most - BELOW * abs(most))


def _score(scale: str, item: ItemScores) -> float | None:
    return item.judged if scale == "judge" else item.similarity


def _below(label: float | None, most: float | None) -> bool:
    return label is not None and most is not None and label < most
