"""The false-negative filter ("guard"): decides which candidates may be negatives of a query, and why others may not.

Checks run in the order of REASONS: split, duplicate components, mined pairs, similarity band and margins,
judge, and last, because they are expensive, texts and pictures. A candidate counts under the first
check that removes it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pydantic import Field

from pipelines.negatives import query_positives
from pipelines.negatives.filters.hash_distance import HashIndex, has_similar_picture
from pipelines.negatives.filters.mined_relations import MinedRelations
from pipelines.negatives.filters.score_margins import Margin, MarginSettings, below_margin, in_band, positive_scores
from pipelines.negatives.filters.text_overlap import grouped, has_shared_text

CANDIDATES = pa.schema(
    [("query_id", pa.string()), ("task", pa.string()), ("candidate_id", pa.string()), ("similarity", pa.float32())]
)
"""Search results: distinct candidates of a query and task."""
SCORED_POSITIVES = pa.schema([*query_positives.QUERY_POSITIVES, ("similarity", pa.float32())])
"""The positives of a query and task with their similarity (MaxSim for a note); null if one of the two is not encoded."""
JUDGED = pa.schema([("query_id", pa.string()), ("candidate_id", pa.string()), ("calibrated", pa.float64())])
"""Judgements of candidates and positives; of several judges the highest counts."""

KEPT = "kept"
REASONS = (
    KEPT,
    "split: in another split than the query",
    "query_component: in the duplicate component of the query",
    "positive_component: in the duplicate component of a positive of the query",
    "mined_pair: a mined pair links its note to the note of the query",
    "weak_positive: no positive of the query scores above margin.least_positive",
    "below_band: similarity below the band",
    "above_band: similarity above the band",
    "positive_margin: similarity too close to that of the positive",
    "judged_relevant: the judge's probability is at least judge_ceiling",
    "judge_margin: the judge's probability is too close to that of the positive",
    "shared_text: n-gram overlap with the query or a positive",
    "similar_picture: PDQ distance to a picture of the query or a positive",
    "duplicate_negative: in the duplicate component of a better negative",
    "rare_ngrams: its note shares rare n-grams with the note of the query or a positive",
    "picture_overlap: a picture of its note may contain a picture of the query or a positive, or be part of it",
)
"""By number, in the order of the checks. The last two check only candidates that would be written."""
(
    _,
    SPLIT,
    QUERY_COMPONENT,
    POSITIVE_COMPONENT,
    MINED_PAIR,
    WEAK_POSITIVE,
    BELOW_BAND,
    ABOVE_BAND,
    POSITIVE_MARGIN,
    JUDGED_RELEVANT,
    JUDGE_MARGIN,
    SHARED_TEXT,
    SIMILAR_PICTURE,
    DUPLICATE_NEGATIVE,
    RARE_NGRAMS,
    PICTURE_OVERLAP,
) = range(len(REASONS))

Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """Settings of the false-negative filter and of the selection."""

    RENAMED: ClassVar[Mapping[str, str]] = {
        "max_standing": "max_ngram_overlap",
        "max_look": "max_pdq_distance",
        "poor_features": "low_feature_count",
        "min_lying": "min_template_correlation",
        "min_shared_grams": "min_shared_ngrams",
        "familiar_notes": "max_ngram_df",
        "spread": "stride",
    }
    negatives: Annotated[int, Field(ge=1)] = 8
    """Negatives of a query and positive (method.md, section 4)."""
    positives_per_query: Annotated[int, Field(ge=1)] = 4
    """Positives of a query and task that negatives are written for. Ours: the note, the note with the part replaced, and two
    across notes; all of them get the same negatives of the query, except for the rule-made one."""
    margin: MarginSettings = field(default_factory=MarginSettings)
    judge_ceiling: Annotated[float, Field(ge=0, le=1)] = 0.5
    """Calibrated judgement from which a candidate counts as relevant. Ours: more likely relevant than not."""
    max_ngram_overlap: Annotated[float, Field(gt=0, le=1)] = 0.4
    """Share of a passage's n-grams that the other text must not contain. Ours: a passage with 8 % of its letters retyped keeps
    about half of its n-grams of 8 letters; two texts that only share a language have less than a tenth in common."""
    max_pdq_distance: Annotated[int, Field(ge=0, le=256)] = 96
    """PDQ distance (bits of 256, at the best rotation or flip) up to which a candidate's picture counts as similar to one of
    the query or a positive. Ours: on bench7 every copy that mining missed is within 96, and 0.2 % of the pairs of different
    pictures are."""
    low_feature_count: Annotated[int, Field(ge=0)] = 150
    """Number of local features (at most 220) below which mining may miss a copy or a crop: such a picture is compared with
    others by template matching. 0: none is. Ours: of the pairs in dev/log.md that features cannot match all have fewer on
    one side, and photos, of which mining finds every crop, have more."""
    min_template_correlation: Annotated[float, Field(ge=0, le=1)] = 0.7
    """Correlation of image gradients from which one picture counts as part of another (`template_match`). Ours, dev/log.md:
    finds seven of ten crops that mining cannot see, and matches 4 % of the pairs of different pictures that look alike."""
    min_shared_ngrams: Annotated[int, Field(ge=1)] = 12
    """Number of rare n-grams (4 Chinese characters or 8 other letters) from which two notes that share them count as related.
    Ours: 15 Chinese characters in a row, three or four English words; about as long as what mining calls a passage."""
    max_ngram_df: Annotated[int, Field(ge=0)] = 50
    """Document frequency, in notes, up to which an n-gram counts as rare. Ours: above the notes of one product line, below a
    greeting."""
    stride: Annotated[int, Field(ge=1)] = 1
    """Take every stride-th candidate, in rounds, so that the negatives differ; UniME-V2 uses 5. 1: the nearest ones."""


class ScreenedCandidates(NamedTuple):
    """Candidates with the reason why each was removed, if it was."""

    rows: pa.Table
    """CANDIDATES, with `calibrated` (null: not judged)."""
    reasons: NDArray[np.int8]
    """[n] numbers of REASONS; 0: not removed."""
    groups: Numbers
    """[n] the group (`mined_relations`) of the candidate's note."""

    def counts(self) -> dict[str, int]:
        """Candidates by reason, in the order of REASONS, zeros included."""
        return dict(zip(REASONS, np.bincount(self.reasons, minlength=len(REASONS)).tolist(), strict=True))


class _Positives(NamedTuple):
    """The positives of the candidates' units (query and task)."""

    rows: pa.Table
    """SCORED_POSITIVES with `counts`, whether the margins use them."""
    names: pa.Array
    """Of the units."""
    unit: Numbers
    """[candidates] the unit of each candidate."""


def screen_candidates(
    candidates: pa.Table,
    relations: MinedRelations,
    positives: pa.Table,
    judged: pa.Table | None,
    settings: Guard,
    pictures: HashIndex | None = None,
) -> ScreenedCandidates:
    """Check each candidate against every reason but the last two, which only candidates to be written need.

    Args:
        candidates: CANDIDATES.
        relations: of the workspace that the candidates are from.
        positives: SCORED_POSITIVES, all positives of the queries.
        judged: JUDGED, or None without judgements.
        settings: margins and the judge's ceiling.
        pictures: hashes of the pictures, or None: pictures are not compared.

    Cost: linear in the candidates, with a binary search of each in the mined pairs; no loop over rows before the texts.
    """
    rows, margin = candidates.select(CANDIDATES.names).cast(CANDIDATES), settings.margin.margin()
    pair = relations.numbers(rows.column("query_id")), relations.numbers(rows.column("candidate_id"))
    reasons = np.zeros(len(rows), np.int8)
    mine = _positives_of(rows, positives)

    splits = (relations.splits.take(pa.array(side)) for side in pair)
    _remove(reasons, SPLIT, np.asarray(pc.not_equal(*splits), bool))
    _remove(reasons, QUERY_COMPONENT, relations.in_query_group(*pair))
    _remove(reasons, POSITIVE_COMPONENT, relations.in_positive_group(*pair))
    _remove(reasons, MINED_PAIR, relations.linked_to_query(*pair))
    _check_scores(reasons, np.asarray(rows.column("similarity"), np.float64), mine, margin)

    rows = rows.append_column("calibrated", judgements(rows, "candidate_id", judged))
    calibrated = np.asarray(rows.column("calibrated").to_numpy(), np.float64)
    _remove(reasons, JUDGED_RELEVANT, calibrated >= settings.judge_ceiling)
    if margin.scores == "judge":
        labels = judgements(mine.rows, "positive_id", judged)
        limit, _ = _positive_scores(mine._replace(rows=mine.rows.append_column("calibrated", labels)), "calibrated", margin)
        _remove(reasons, JUDGE_MARGIN, ~below_margin(calibrated, limit[mine.unit], margin) & ~np.isnan(calibrated))
    _check_content(reasons, relations, pair, mine, settings, pictures)
    return ScreenedCandidates(rows, reasons, relations.group_of(pair[1]))


def judgements(rows: pa.Table, target: str, judged: pa.Table | None) -> pa.Array:
    """[n] the highest calibrated judgement of each row's query and `target` (a column of item_ids); null without one."""
    if judged is None or not len(judged):
        return pa.nulls(len(rows), pa.float64())
    best = judged.group_by(["query_id", "candidate_id"]).aggregate([("calibrated", "max")])
    at = pc.index_in(_joined(rows, target), value_set=_joined(best, "candidate_id"))
    return best.column("calibrated_max").combine_chunks().take(at.combine_chunks() if isinstance(at, pa.ChunkedArray) else at)


def _positives_of(rows: pa.Table, positives: pa.Table) -> _Positives:
    names = query_positives.unit_names(rows).unique()
    mine = positives.filter(pc.is_in(query_positives.unit_names(positives), value_set=names))
    mine = mine.append_column("counts", query_positives.counts_for_margin(mine))
    return _Positives(mine, names, query_positives.units(rows, names))


def _check_scores(reasons: NDArray[np.int8], similarity: NDArray[np.float64], mine: _Positives, margin: Margin) -> None:
    """Remove by band and margin of the encoder's similarity."""
    limit, weak = _positive_scores(mine, "similarity", margin)
    inside = in_band(similarity, margin)
    _remove(reasons, WEAK_POSITIVE, weak[mine.unit])
    _remove(reasons, ABOVE_BAND, ~inside & (similarity > (np.inf if margin.ceiling is None else margin.ceiling)))
    _remove(reasons, BELOW_BAND, ~inside)
    if margin.scores == "encoder":
        _remove(reasons, POSITIVE_MARGIN, ~below_margin(similarity, limit[mine.unit], margin))


def _check_content(
    reasons: NDArray[np.int8],
    relations: MinedRelations,
    pair: tuple[Numbers, Numbers],
    mine: _Positives,
    settings: Guard,
    pictures: HashIndex | None,
) -> None:
    """Remove by texts and picture hashes, which are compared only for candidates that nothing cheaper has removed."""
    positive_ids = relations.numbers(mine.rows.column("positive_id"))
    by_unit = grouped(query_positives.units(mine.rows, mine.names), positive_ids)

    def remaining() -> tuple[Numbers, list[list[int]]]:
        at = np.flatnonzero(reasons == 0)
        return at, [by_unit.get(unit, []) for unit in mine.unit[at].tolist()]

    at, positives = remaining()
    shared = has_shared_text(relations.items, pair[0][at], pair[1][at], positives, settings.max_ngram_overlap)
    reasons[at[shared]] = SHARED_TEXT
    if pictures is not None:
        at, positives = remaining()
        notes = relations.items.field("note_id")
        similar = has_similar_picture(notes, pair[0][at], pair[1][at], positives, pictures, settings.max_pdq_distance)
        reasons[at[similar]] = SIMILAR_PICTURE


def _positive_scores(mine: _Positives, column: str, margin: Margin) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """[units] the score that represents each unit's positives, and whether they are too weak."""
    unit, use = query_positives.units(mine.rows, mine.names), np.asarray(mine.rows.column("counts"), bool)
    return positive_scores(np.asarray(mine.rows.column(column).to_numpy(), np.float64)[use], unit[use], len(mine.names), margin)


def _remove(reasons: NDArray[np.int8], reason: int, matches: NDArray[np.bool_]) -> None:
    reasons[(reasons == 0) & matches] = reason


def _joined(rows: pa.Table, column: str) -> pa.Array:
    return pc.binary_join_element_wise(rows.column("query_id"), rows.column(column), "\n").combine_chunks()
