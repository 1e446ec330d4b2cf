"""Eight negatives a query, from what the guard left; a query that stays short is written short, with the reason."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipelines.negatives import query_positives
from pipelines.negatives.filters.false_negative_filter import GIVEN_UP, JUDGE, REASONS, REPEATED, Guard, Screened, judgements
from pipelines.negatives.output_rows import rule_rows, searched_rows, shortfalls
from schemas.datasets import HARD_NEGATIVES

RULES = pa.schema(
    [("query_id", pa.string()), ("positive_id", pa.string()), ("candidate_id", pa.string()), ("similarity", pa.float32())]
)
"""Rule-made negatives, at most one of a query and positive; similarity null where they are not encoded."""
RULE_JUDGED = f"rule: {REASONS[JUDGE]}"

Numbers = NDArray[np.int64]
Look = Callable[[Numbers], NDArray[np.int8]]
"""Rows of a screen -> the number of the reason that takes each, 0: none."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is written."""

    rows: pa.Table
    """HARD_NEGATIVES, sorted by its key."""
    shortfalls: pa.Table
    """SHORTFALLS, sorted by its key."""
    counts: dict[str, int]
    """Candidates by reason, in the guard's order, with those that the choice and the judge of rules took."""


def chosen(
    screen: Screened,
    pairs: pa.Table,
    rules: pa.Table | None,
    judged: pa.Table | None,
    settings: Guard,
    look: Look | None = None,
) -> Chosen:
    """Choose negatives for each pair.

    The rule-made negative comes first, then the nearest of the others, one a component: eight copies
    of one note are one negative. Nothing is filled up.

    Args:
        screen: of all candidates of these queries.
        pairs: ASKED (`asked.pairs`), what negatives are written for.
        rules: RULES, or None.
        judged: JUDGED, or None; a rule-made negative that the judge calls relevant is dropped.
        settings: how many, and the spread.
        look: what takes rows after all (`beside.Beside.looks`), or None. It is asked of what would be written, and of what
            takes the place of those that it takes, never twice.

    Cost: one sort of the candidates that are left, and the looks.
    """
    names = query_positives.unit_names(pairs).unique()
    reasons = screen.reasons.copy()
    unit = query_positives.units(screen.rows, names)
    order = _distinct(screen, unit, reasons)
    taken, starts = _seen(order, unit, len(names), settings, reasons, look)
    pair_unit = query_positives.units(pairs, names)
    made, refused = _rules(pairs, rules, judged, settings)
    given_up = np.zeros(len(names), bool)
    given_up[unit[(reasons == GIVEN_UP) & (unit >= 0)]] = True
    made[given_up[pair_unit]] = -1

    first = (made >= 0).astype(np.int64)
    searched = np.minimum(np.diff(starts)[pair_unit], settings.negatives - first)
    rows = pa.concat_tables(
        [rule_rows(pairs, made, rules, judged), searched_rows(pairs, screen, taken, starts[pair_unit], searched, first)]
    ).sort_by([(name, "ascending") for name in HARD_NEGATIVES.key])
    short = shortfalls(pairs, pair_unit, first + searched, reasons, unit, len(names), settings.negatives)
    counts = dict(zip(REASONS, np.bincount(reasons, minlength=len(REASONS)).tolist(), strict=True))
    return Chosen(rows, short, counts | {RULE_JUDGED: refused})


def _distinct(screen: Screened, unit: Numbers, reasons: NDArray[np.int8]) -> Numbers:
    """The rows that are left, by unit and falling similarity; of a component the nearest only. Marks the others."""
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
    reasons[order[~nearest]] = REPEATED
    return order[nearest]


def _seen(
    order: Numbers,
    unit: Numbers,
    units: int,
    settings: Guard,
    reasons: NDArray[np.int8],
    look: Look | None,
) -> tuple[Numbers, Numbers]:
    """`_spread` of what the look leaves; marks what it takes."""
    seen = np.zeros(len(reasons), bool)
    while True:
        taken, starts = _spread(order, unit, units, settings)
        new = taken[~seen[taken]]
        if look is None or not len(new):
            return taken, starts
        seen[new] = True
        reasons[new] = look(new)
        order = order[reasons[order] == 0]


def _spread(order: Numbers, unit: Numbers, units: int, settings: Guard) -> tuple[Numbers, Numbers]:
    """The rows taken, by unit and falling similarity, and where each unit's begin: [units + 1].

    In rounds: the 1st, (s + 1)th, (2s + 1)th, ... then the 2nd, (s + 2)th, ...
    """
    sizes = np.bincount(unit[order], minlength=units)
    begin = np.cumsum(sizes) - sizes
    place = np.arange(len(order)) - begin[unit[order]]
    in_rounds = np.lexsort((place, place % settings.spread, unit[order]))
    turn = np.empty(len(order), np.int64)
    turn[in_rounds] = np.arange(len(order)) - begin[unit[order][in_rounds]]
    kept = turn < settings.negatives
    starts = np.concatenate([[0], np.cumsum(np.minimum(sizes, settings.negatives))])
    return order[kept], starts


def _rules(pairs: pa.Table, rules: pa.Table | None, judged: pa.Table | None, settings: Guard) -> tuple[Numbers, int]:
    """[pairs] the row of each pair's rule-made negative, -1: none; and how many the judge took."""
    if rules is None or not len(rules):
        return np.full(len(pairs), -1), 0
    both = ("query_id", "positive_id")
    mine, theirs = (pc.binary_join_element_wise(*(t.column(c) for c in both), "\n").combine_chunks() for t in (pairs, rules))
    at = np.asarray(pc.fill_null(pc.index_in(mine, value_set=theirs), -1), np.int64)
    calibrated = np.asarray(judgements(rules, "candidate_id", judged).to_numpy(zero_copy_only=False), np.float64)
    relevant = calibrated >= settings.judge_ceiling
    refused = (at >= 0) & relevant[at]
    return np.where(refused, -1, at), int(refused.sum())
