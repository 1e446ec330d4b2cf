"""Output rows of a block: HARD_NEGATIVES of what was selected, and SHORTFALLS of the pairs with too few negatives."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipelines.negatives.filters.false_negative_filter import ScreenedCandidates, judgements
from pipelines.negatives.filters.removal_reasons import REASONS
from schemas.datasets import HARD_NEGATIVES, SHORTFALLS

NO_CANDIDATES = "no_candidates: the split has too few candidates, or too few below the positive"

Numbers = NDArray[np.int64]


def rule_rows(pairs: pa.Table, rule_row: Numbers, rules: pa.Table | None, judged: pa.Table | None) -> pa.Table:
    """HARD_NEGATIVES of the pairs that have a rule-made negative.

    Args:
        pairs: QUERY_POSITIVES.
        rule_row: [pairs] the row of each pair's rule-made negative, -1: none.
        rules: RULE_NEGATIVES, or None.
        judged: JUDGED, or None.
    """
    if rules is None:
        return HARD_NEGATIVES.columns.empty_table()
    with_rule = np.flatnonzero(rule_row >= 0)
    rule = rules.take(pa.array(rule_row[with_rule]))
    label = judgements(rule, "candidate_id", judged)
    similarity = rule.column("similarity").combine_chunks().cast(pa.float64())
    rank = np.ones(len(with_rule), np.int32)
    return _rows(pairs.take(pa.array(with_rule)), rule.column("candidate_id"), rank, similarity, label, "rule")


def searched_rows(
    pairs: pa.Table, screen: ScreenedCandidates, selected: Numbers, starts: Numbers, counts: Numbers, first: Numbers
) -> pa.Table:
    """HARD_NEGATIVES of each pair: its unit's nearest candidates, up to the number of negatives.

    Args:
        pairs: QUERY_POSITIVES.
        screen: of all candidates.
        selected: rows of the screen, unit after unit, the nearest first.
        starts: [pairs] where those of the pair's unit begin.
        counts: [pairs] how many of them are written.
        first: [pairs] how many negatives precede them.
    """
    pair = np.repeat(np.arange(len(pairs)), counts)
    place = np.arange(len(pair)) - np.repeat(np.cumsum(counts) - counts, counts)
    rows = screen.rows.take(pa.array(selected[starts[pair] + place]))
    rank = (place + first[pair] + 1).astype(np.int32)
    similarity = rows.column("similarity").combine_chunks().cast(pa.float64())
    label = rows.column("calibrated").combine_chunks()
    return _rows(pairs.take(pa.array(pair)), rows.column("candidate_id"), rank, similarity, label, "band")


def _rows(
    pairs: pa.Table, candidates: pa.ChunkedArray, rank: NDArray[np.int32], similarity: pa.Array, judged: pa.Array, source: str
) -> pa.Table:
    """HARD_NEGATIVES: a judged candidate has the judge's score as its label, another one its similarity."""
    is_judged = judged.is_valid()
    from_similarity = pc.if_else(similarity.is_valid(), "similarity", pa.scalar(None, pa.string()))
    columns = {
        "query_id": pairs.column("query_id"),
        "positive_id": pairs.column("positive_id"),
        "candidate_id": candidates,
        "task": pairs.column("task"),
        "rank": pa.array(rank),
        "similarity": similarity,
        "soft_label": pc.coalesce(judged, similarity),
        "source": pc.if_else(is_judged, "judge", source) if source == "band" else pa.array([source] * len(rank), pa.string()),
        "label_from": pc.if_else(is_judged, "judge", from_similarity),
    }
    return pa.table(columns).cast(HARD_NEGATIVES.columns)


def shortfalls(
    pairs: pa.Table,
    pair_unit: Numbers,
    written: Numbers,
    reasons: NDArray[np.int8],
    unit: Numbers,
    units: int,
    required: int,
) -> pa.Table:
    """SHORTFALLS of the pairs that have fewer negatives than required, with what removed the candidates of each.

    Args:
        pairs: QUERY_POSITIVES.
        pair_unit: [pairs] the unit of each.
        written: [pairs] negatives of each.
        reasons: [rows] what removed each candidate, 0: nothing.
        unit: [rows] the unit of each candidate, -1: of no pair.
        units: how many there are.
        required: negatives of a pair.
    """
    used = unit >= 0
    by_reason = np.zeros((units, len(REASONS)), np.int64)
    np.add.at(by_reason, (unit[used], reasons[used]), 1)
    short = np.flatnonzero(written < required)
    rows = []
    for pair, removed in zip(short.tolist(), by_reason[pair_unit[short]], strict=True):
        dropped = [(REASONS[k], int(removed[k])) for k in range(1, len(REASONS)) if removed[k]]
        most = max(dropped, key=lambda entry: entry[1], default=(NO_CANDIDATES, 0))[0]
        row = {
            "wanted": required,
            "written": int(written[pair]),
            "candidates": int(removed.sum()),
            "reason": most,
            "dropped": dropped,
        }
        rows.append(row | {name: pairs.column(name)[pair].as_py() for name in ("query_id", "positive_id", "task")})
    table = pa.Table.from_pylist(rows, SHORTFALLS.columns)
    return table.sort_by([(name, "ascending") for name in SHORTFALLS.key])
