"""Selects the negatives of each pair from the candidates that the filter kept; pairs with too few get a row of SHORTFALLS."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipelines.negatives import query_positives
from pipelines.negatives.filters.false_negative_filter import ScreenedCandidates, judgements
from pipelines.negatives.filters.removal_reasons import DUPLICATE_NEGATIVE, JUDGED_RELEVANT, REASONS, WEAK_POSITIVE
from pipelines.negatives.filters.settings import Guard
from pipelines.negatives.output_rows import rule_rows, searched_rows, shortfalls
from schemas.datasets import HARD_NEGATIVES

RULE_NEGATIVES = pa.schema(
    [("query_id", pa.string()), ("positive_id", pa.string()), ("candidate_id", pa.string()), ("similarity", pa.float32())]
)
"""Rule-made negatives, at most one of a query and positive; similarity null where they are not encoded."""
RULE_JUDGED = f"rule: {REASONS[JUDGED_RELEVANT]}"

Numbers = NDArray[np.int64]
LateFilter = Callable[[Numbers], NDArray[np.int8]]
"""Rows of screened candidates -> the number of the reason that removes each, 0: none."""


@dataclass(frozen=True, slots=True)
class SelectedNegatives:
    """The output rows of a block."""

    rows: pa.Table
    """HARD_NEGATIVES, sorted by its key."""
    shortfalls: pa.Table
    """SHORTFALLS, sorted by its key."""
    counts: dict[str, int]
    """Candidates by reason, in the order of REASONS, then the rule-made negatives that the judge calls relevant."""


def select_negatives(
    screen: ScreenedCandidates,
    pairs: pa.Table,
    rules: pa.Table | None,
    judged: pa.Table | None,
    settings: Guard,
    late_filter: LateFilter | None = None,
) -> SelectedNegatives:
    """Select negatives for each pair.

    The rule-made negative comes first, then the nearest of the others, one for each component: eight copies of one note are
    one negative. Pairs with too few negatives are not filled up.

    Args:
        screen: of all candidates of these queries.
        pairs: QUERY_POSITIVES (`query_positives.pairs`) that negatives are written for.
        rules: RULE_NEGATIVES, or None.
        judged: JUDGED, or None; a rule-made negative that the judge calls relevant is dropped.
        settings: how many negatives, and the stride.
        late_filter: the expensive checks (`ComparedNotes.late_filter`), or None. It is called with the rows that would be
            written, and with those that replace the removed ones; never twice with the same row.

    Cost: one sort of the remaining candidates, and the late filter.
    """
    names = query_positives.unit_names(pairs).unique()
    reasons = screen.reasons.copy()
    unit = query_positives.units(screen.rows, names)
    order = _distinct(screen, unit, reasons)
    selected, starts = _late_filtered(order, unit, len(names), settings, reasons, late_filter)
    pair_unit = query_positives.units(pairs, names)
    rule_row, relevant_rules = _rule_of_pair(pairs, rules, judged, settings)
    weak = np.zeros(len(names), bool)
    weak[unit[(reasons == WEAK_POSITIVE) & (unit >= 0)]] = True
    rule_row[weak[pair_unit]] = -1

    first = (rule_row >= 0).astype(np.int64)
    searched = np.minimum(np.diff(starts)[pair_unit], settings.negatives - first)
    from_rules = rule_rows(pairs, rule_row, rules, judged)
    from_search = searched_rows(pairs, screen, selected, starts[pair_unit], searched, first)
    rows = pa.concat_tables([from_rules, from_search]).sort_by([(name, "ascending") for name in HARD_NEGATIVES.key])
    short = shortfalls(pairs, pair_unit, first + searched, reasons, unit, len(names), settings.negatives)
    counts = dict(zip(REASONS, np.bincount(reasons, minlength=len(REASONS)).tolist(), strict=True))
    return SelectedNegatives(rows, short, counts | {RULE_JUDGED: relevant_rules})


def _distinct(screen: ScreenedCandidates, unit: Numbers, reasons: NDArray[np.int8]) -> Numbers:
    """The remaining rows, by unit and falling similarity; of a component only the nearest. Marks the others."""
    left = np.flatnonzero((reasons == 0) & (unit >= 0))
    part = pa.table(
        {
            "unit": unit[left],
            "further": -np.asarray(screen.rows.column("similarity"), np.float64)[left],
            "candidate_id": screen.rows.column("candidate_id").take(pa.array(left)),
        }
    )
    order = left[np.asarray(pc.sort_indices(part, sort_keys=[(name, "ascending") for name in part.column_names]), np.int64)]
    same = np.stack([unit[order], screen.groups[order]], axis=1)
    _, first = np.unique(same, axis=0, return_index=True)
    nearest = np.zeros(len(order), bool)
    nearest[first] = True
    reasons[order[~nearest]] = DUPLICATE_NEGATIVE
    return order[nearest]


def _late_filtered(
    order: Numbers,
    unit: Numbers,
    units: int,
    settings: Guard,
    reasons: NDArray[np.int8],
    late_filter: LateFilter | None,
) -> tuple[Numbers, Numbers]:
    """`_strided` of what the late filter keeps; marks what it removes."""
    checked = np.zeros(len(reasons), bool)
    while True:
        selected, starts = _strided(order, unit, units, settings)
        new = selected[~checked[selected]]
        if late_filter is None or not len(new):
            return selected, starts
        checked[new] = True
        reasons[new] = late_filter(new)
        order = order[reasons[order] == 0]


def _strided(order: Numbers, unit: Numbers, units: int, settings: Guard) -> tuple[Numbers, Numbers]:
    """The selected rows, by unit and falling similarity, and where each unit's begin: [units + 1].

    In rounds: the 1st, (s + 1)th, (2s + 1)th, ... then the 2nd, (s + 2)th, ...
    """
    sizes = np.bincount(unit[order], minlength=units)
    begin = np.cumsum(sizes) - sizes
    place = np.arange(len(order)) - begin[unit[order]]
    in_rounds = np.lexsort((place, place % settings.stride, unit[order]))
    turn = np.empty(len(order), np.int64)
    turn[in_rounds] = np.arange(len(order)) - begin[unit[order][in_rounds]]
    selected = turn < settings.negatives
    starts = np.concatenate([[0], np.cumsum(np.minimum(sizes, settings.negatives))])
    return order[selected], starts


def _rule_of_pair(pairs: pa.Table, rules: pa.Table | None, judged: pa.Table | None, settings: Guard) -> tuple[Numbers, int]:
    """[pairs] the row of each pair's rule-made negative, -1: none; and how many of them the judge calls relevant."""
    if rules is None or not len(rules):
        return np.full(len(pairs), -1), 0
    key = ("query_id", "positive_id")
    names, rule_names = (
        pc.binary_join_element_wise(*(t.column(c) for c in key), "\n").combine_chunks() for t in (pairs, rules)
    )
    at = np.asarray(pc.fill_null(pc.index_in(names, value_set=rule_names), -1), np.int64)
    calibrated = np.asarray(judgements(rules, "candidate_id", judged).to_numpy(zero_copy_only=False), np.float64)
    relevant = (at >= 0) & (calibrated >= settings.judge_ceiling)[at]
    return np.where(relevant, -1, at), int(relevant.sum())
