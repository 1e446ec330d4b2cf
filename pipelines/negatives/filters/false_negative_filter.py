"""The false-negative filter ("guard"): decides which candidates may be negatives of a query, and why others may not.

Checks run in the order of REASONS: split, content groups, mined pairs, similarity band and margins,
judge, and last, because they are expensive, texts and pictures. A candidate counts under the first
check that removes it.
"""

from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipelines.negatives import query_positives
from pipelines.negatives.filters.hash_distance import HashIndex, has_similar_picture
from pipelines.negatives.filters.mined_relations import MinedRelations
from pipelines.negatives.filters.removal_reasons import (
    ABOVE_BAND,
    BELOW_BAND,
    JUDGE_MARGIN,
    JUDGED_RELEVANT,
    MINED_PAIR,
    POSITIVE_COMPONENT,
    POSITIVE_MARGIN,
    QUERY_COMPONENT,
    REASONS,
    SHARED_TEXT,
    SIMILAR_PICTURE,
    SPLIT,
    WEAK_POSITIVE,
)
from pipelines.negatives.filters.score_margins import Margin, below_margin, in_band, positive_scores
from pipelines.negatives.filters.settings import Guard
from pipelines.negatives.filters.text_overlap import grouped, has_shared_text

CANDIDATES = pa.schema(
    [("query_id", pa.string()), ("task", pa.string()), ("candidate_id", pa.string()), ("similarity", pa.float32())]
)
"""Search results: distinct candidates of a query and task."""
SCORED_POSITIVES = pa.schema([*query_positives.QUERY_POSITIVES, ("similarity", pa.float32())])
"""The positives of a query and task with their similarity (MaxSim for a note); null if one of the two is not encoded."""
JUDGED = pa.schema([("query_id", pa.string()), ("candidate_id", pa.string()), ("calibrated", pa.float64())])
"""Judgements of candidates and positives; of several judges the highest counts."""

Numbers = NDArray[np.int64]


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
