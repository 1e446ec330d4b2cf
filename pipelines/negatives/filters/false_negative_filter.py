"""The false-negative guard: which candidates may not be a negative of their query, and why.

In this order, each with its count: the split, the duplicate component of the query or of its
positive, the mined positives, the band and the margins, the judge, and last, because it costs most,
the texts and the looks. A row counts under the first that takes it.
"""

from dataclasses import dataclass, field
from typing import Annotated, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pydantic import Field

from pipelines.negatives import query_positives
from pipelines.negatives.filters.hash_distance import Looks, alike
from pipelines.negatives.filters.mined_relations import Ties
from pipelines.negatives.filters.score_margins import Margin, MarginSettings, below, in_band, standing
from pipelines.negatives.filters.text_overlap import echoes, grouped

CANDIDATES = pa.schema(
    [("query_id", pa.string()), ("task", pa.string()), ("candidate_id", pa.string()), ("similarity", pa.float32())]
)
"""What the search offers: distinct candidates of a query and task."""
SCORED = pa.schema([*query_positives.ASKED, ("similarity", pa.float32())])
"""The positives of a query and task with their similarity (MaxSim for a note); null where one is not encoded."""
JUDGED = pa.schema([("query_id", pa.string()), ("candidate_id", pa.string()), ("calibrated", pa.float64())])
"""Of `judgements`: candidates and positives; of several judges the highest counts."""

KEPT = "kept"
REASONS = (
    KEPT,
    "split: in another split than its query",
    "component: in the duplicate component of its query",
    "component: in the duplicate component of a positive of its query",
    "positive: a mined pair ties its note to the note of its query",
    "margin: no positive of its query scores enough",
    "margin: below the band",
    "margin: above the band",
    "margin: too near to the score of the positive",
    "judge: called relevant",
    "judge: too near to the judged score of the positive",
    "text: a passage of its query or of a positive stands in it, or it in them",
    "look: a picture of its note looks like one of its query's or of a positive's",
    "choice: in the component of a better negative",
    "words: its note says what few others say, as the note of its query or of a positive does",
    "pixels: a picture of its note may lie in one of its query's or a positive's, or around it",
)
"""By number; the order is that of the guard. The last two look at what would be written alone."""
(
    _,
    SPLIT,
    COMPONENT,
    COMPONENT_OF_POSITIVE,
    POSITIVE,
    GIVEN_UP,
    TOO_FAR,
    TOO_NEAR,
    MARGIN,
    JUDGE,
    JUDGE_MARGIN,
    QUOTE,
    LOOK,
    REPEATED,
    RETOLD,
    LAID,
) = range(len(REASONS))


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """Settings of `screened` and `chosen`."""

    negatives: Annotated[int, Field(ge=1)] = 8
    """Negatives of a query and positive (method.md, section 4)."""
    positives_per_query: Annotated[int, Field(ge=1)] = 4
    """Positives of a query and task that negatives are written for. Ours: the note, the note with the part replaced, and two
    across notes; the negatives of a query are the same for all of them, but for the rule-made one."""
    margin: MarginSettings = field(default_factory=MarginSettings)
    judge_ceiling: Annotated[float, Field(ge=0, le=1)] = 0.5
    """A candidate with a calibrated judgement of at least this is relevant. Ours: more likely than not."""
    max_standing: Annotated[float, Field(gt=0, le=1)] = 0.4
    """Share of a passage's grams that may not stand in the other's text. Ours: of a passage with 8 % of its letters retyped
    about half of the grams of 8 letters are left; two texts that only share a language have less than a tenth in common."""
    max_look: Annotated[int, Field(ge=0, le=256)] = 96
    """PDQ bits of 256 up to which a candidate's picture looks like one of the query's or of a positive's, in any turn. Ours: on
    bench7 every copy that mining missed is within 96, and 0.2 % of the pairs of different pictures are."""
    poor_features: Annotated[int, Field(ge=0)] = 150
    """Local features (of at most 220) below which mining may miss a copy or a crop: such a picture is held against any other by
    its pixels. 0: none is. Ours: of the pairs in dev/log.md that features cannot tie all have fewer on one side, and photos,
    of which mining finds every crop, have more."""
    min_lying: Annotated[float, Field(ge=0, le=1)] = 0.7
    """Correlation of slopes from which a picture may lie in another (`inside`). Ours, dev/log.md: seven of ten crops that
    mining cannot see are found, and 4 % of the pairs of other pictures that look alike from afar are refused for nothing."""
    min_shared_grams: Annotated[int, Field(ge=1)] = 12
    """Runs of letters (4 Chinese ones, 8 others) that few notes have, from which two notes that share them say the same. Ours:
    15 Chinese characters in a row, three or four English words; what mining calls a passage is about as long."""
    familiar_notes: Annotated[int, Field(ge=0)] = 50
    """A run of letters that more notes have says nothing. Ours: above the notes of one product line, below a greeting."""
    spread: Annotated[int, Field(ge=1)] = 1
    """Every so-many-th candidate is taken, in rounds, so that the negatives differ; UniME-V2 takes 5. 1: the nearest."""


class Screened(NamedTuple):
    """Every candidate with the verdict on it."""

    rows: pa.Table
    """CANDIDATES, with calibrated (null: not judged)."""
    reasons: NDArray[np.int8]
    """[n] numbers of REASONS."""
    groups: NDArray[np.int64]
    """[n] the group (`ties`) of the candidate's note."""

    def counts(self) -> dict[str, int]:
        """Candidates by reason, in the guard's order; reasons that took nothing are 0."""
        return dict(zip(REASONS, np.bincount(self.reasons, minlength=len(REASONS)).tolist(), strict=True))


def screened(
    candidates: pa.Table,
    ties: Ties,
    positives: pa.Table,
    judged: pa.Table | None,
    settings: Guard,
    pictures: Looks | None = None,
) -> Screened:
    """Say of each candidate whether it may be a negative.

    Args:
        candidates: CANDIDATES.
        ties: of the workspace that the candidates are from.
        positives: SCORED, all positives of the queries.
        judged: JUDGED, or None where there are no judgements.
        settings: margins and the judge's ceiling.
        pictures: what is known of the pictures (`looks.looks`), or None: looks are not compared.

    Cost: linear in the candidates, with a binary search of each in the mined pairs; no loop over rows.
    """
    rows, margin = candidates.select(CANDIDATES.names).cast(CANDIDATES), settings.margin.margin()
    queries, offered = ties.numbers(rows.column("query_id")), ties.numbers(rows.column("candidate_id"))
    reasons = np.zeros(len(rows), np.int8)
    names = query_positives.unit_names(rows).unique()
    known = positives.filter(pc.is_in(query_positives.unit_names(positives), value_set=names))
    known = known.append_column("counts", query_positives.of_content(known))
    unit = query_positives.units(rows, names)
    similarity = np.asarray(rows.column("similarity"), np.float64)
    one, given_up = _standing(known, names, "similarity", margin)

    other_split = pc.not_equal(ties.splits.take(pa.array(queries)), ties.splits.take(pa.array(offered)))
    _take(reasons, SPLIT, np.asarray(other_split, bool))
    _take(reasons, COMPONENT, ties.of_query(queries, offered))
    _take(reasons, COMPONENT_OF_POSITIVE, ties.of_positive(queries, offered))
    _take(reasons, POSITIVE, ties.of_pair(queries, offered))
    inside = in_band(similarity, margin)
    _take(reasons, GIVEN_UP, given_up[unit])
    _take(reasons, TOO_NEAR, ~inside & (similarity > (np.inf if margin.ceiling is None else margin.ceiling)))
    _take(reasons, TOO_FAR, ~inside)
    if margin.scores == "encoder":
        _take(reasons, MARGIN, ~below(similarity, one[unit], margin))

    rows = rows.append_column("calibrated", judgements(rows, "candidate_id", judged))
    calibrated = np.asarray(rows.column("calibrated").to_numpy(), np.float64)
    _take(reasons, JUDGE, calibrated >= settings.judge_ceiling)
    if margin.scores == "judge":
        known = known.append_column("calibrated", judgements(known, "positive_id", judged))
        judged_one, _ = _standing(known, names, "calibrated", margin)
        _take(reasons, JUDGE_MARGIN, ~below(calibrated, judged_one[unit], margin) & ~np.isnan(calibrated))
    _take_repeats(reasons, ties, (queries, offered), (known, names, unit), settings, pictures)
    return Screened(rows, reasons, ties.group_of(offered))


def judgements(rows: pa.Table, of: str, judged: pa.Table | None) -> pa.Array:
    """[n] the highest calibrated judgement of each row's query and `of` (a column of item_ids); null where there is none."""
    if judged is None or not len(judged):
        return pa.nulls(len(rows), pa.float64())
    best = judged.group_by(["query_id", "candidate_id"]).aggregate([("calibrated", "max")])
    at = pc.index_in(_joined(rows, of), value_set=_joined(best, "candidate_id"))
    return best.column("calibrated_max").combine_chunks().take(at.combine_chunks() if isinstance(at, pa.ChunkedArray) else at)


def _take_repeats(
    reasons: NDArray[np.int8],
    ties: Ties,
    rows: tuple[NDArray[np.int64], NDArray[np.int64]],
    positives: tuple[pa.Table, pa.Array, NDArray[np.int64]],
    settings: Guard,
    pictures: Looks | None,
) -> None:
    """The looks at texts and pictures, at what no cheaper guard has taken. rows: queries, candidates."""
    known, names, unit = positives
    answers = grouped(query_positives.units(known, names), ties.numbers(known.column("positive_id")))

    def left() -> tuple[NDArray[np.int64], list[list[int]]]:
        rows_left = np.flatnonzero(reasons == 0)
        return rows_left, [answers.get(u, []) for u in unit[rows_left].tolist()]

    at, beside = left()
    reasons[at[echoes(ties.items, rows[0][at], rows[1][at], beside, settings.max_standing)]] = QUOTE
    if pictures is not None:
        at, beside = left()
        notes = ties.items.field("note_id")
        reasons[at[alike(notes, rows[0][at], rows[1][at], beside, pictures, settings.max_look)]] = LOOK


def _standing(known: pa.Table, names: pa.Array, column: str, margin: Margin) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The score that stands for the positives of each of `names`, and whether it is given up."""
    unit, use = query_positives.units(known, names), np.asarray(known.column("counts"), bool)
    return standing(np.asarray(known.column(column).to_numpy(), np.float64)[use], unit[use], len(names), margin)


def _take(reasons: NDArray[np.int8], reason: int, taken: NDArray[np.bool_]) -> None:
    reasons[(reasons == 0) & taken] = reason


def _joined(rows: pa.Table, of: str) -> pa.Array:
    return pc.binary_join_element_wise(rows.column("query_id"), rows.column(of), "\n").combine_chunks()
