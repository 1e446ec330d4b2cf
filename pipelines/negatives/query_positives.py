"""The pairs that negatives are written for, and which of a query's positives the margins use."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.granularity import CONTENT_GRANULARITIES, GRANULARITY_NAMES

QUERY_POSITIVES = pa.schema(
    [("query_id", pa.string()), ("positive_id", pa.string()), ("task", pa.string()), ("granularity", pa.string())]
)
"""One row: a query, one of its positives, their task; a pair that two granularities found carries the first of them."""


def pairs(positives: pa.Table, per_query: int | None = None) -> pa.Table:
    """The distinct pairs of POSITIVES, or the `per_query` of each query and task that negatives are written for.

    Granularities take turns: each one's best pair by score, then each one's second. So a query whose
    positives are both copies and co-clicks is trained on both.

    Args:
        positives: POSITIVES.
        per_query: pairs of a query and task; None: all, to be scored for the margins.

    Returns:
        QUERY_POSITIVES, sorted by query_id, task and turn. Cost: two sorts of the pairs.
    """
    order = pa.array(GRANULARITY_NAMES)
    flat = pa.table(
        {
            "query_id": pc.struct_field(positives.column("query"), "item_id"),
            "positive_id": pc.struct_field(positives.column("target"), "item_id"),
            "task": positives.column("task"),
            "granularity": positives.column("granularity"),
            "kind": pc.index_in(positives.column("granularity"), value_set=order),
            "worse": pc.negate(positives.column("score")),
            "pair_id": positives.column("pair_id"),
        }
    )
    once = _first(flat, ["query_id", "task", "positive_id"], ["kind", "pair_id"], 1)
    turns = once.append_column("turn", pa.array(_places(once, ["query_id", "task", "kind"], ["worse", "pair_id"])))
    ranked = turns.sort_by([(name, "ascending") for name in ("query_id", "task", "turn", "kind")])
    places = _places(ranked, ["query_id", "task"], ["turn", "kind"])
    kept = ranked if per_query is None else ranked.filter(pa.array(places < per_query))
    return kept.select(QUERY_POSITIVES.names).cast(QUERY_POSITIVES)


def counts_for_margin(positives: pa.Table) -> pa.Array:
    """[n] whether the margins use a positive: one that ties no content (co-click) only if its query has no other.

    Clicks express interest, not content: the least similar co-clicked item would rule out every candidate.
    """
    content = np.asarray(pc.is_in(positives.column("granularity"), pa.array(CONTENT_GRANULARITIES)), bool)
    unit = units(positives)
    has_other = np.zeros(unit.max(initial=-1) + 1, bool)
    has_other[unit[content]] = True
    return pa.array(content | ~has_other[unit])


def units(rows: pa.Table, names: pa.Array | None = None) -> np.ndarray:
    """[n] the number of each row's unit (query and task) in `names`, -1 if absent; without `names`, by first occurrence."""
    own = unit_names(rows)
    if names is None:
        return np.asarray(own.dictionary_encode().indices, np.int64)
    return np.asarray(pc.fill_null(pc.index_in(own, value_set=names), -1), np.int64)


def unit_names(rows: pa.Table) -> pa.Array:
    """[n] query_id and task, as one string."""
    joined = pc.binary_join_element_wise(rows.column("query_id"), rows.column("task"), "\n")
    return joined.combine_chunks() if isinstance(joined, pa.ChunkedArray) else joined


def _first(rows: pa.Table, by: list[str], order: list[str], count: int) -> pa.Table:
    ordered = rows.sort_by([(name, "ascending") for name in (*by, *order)])
    return ordered.filter(pa.array(_places(ordered, by, order) < count))


def _places(rows: pa.Table, by: list[str], order: list[str]) -> np.ndarray:
    """[n] the place of each row among those with the same `by`, in the order of `order`, from 0."""
    sorting = np.asarray(pc.sort_indices(rows, sort_keys=[(name, "ascending") for name in (*by, *order)]), np.int64)
    ordered = rows.select(by).take(pa.array(sorting))
    new = np.ones(len(sorting), bool)
    if len(sorting) > 1:
        equal = [np.asarray(pc.equal(c.combine_chunks()[1:], c.combine_chunks()[:-1]), bool) for c in ordered.columns]
        new[1:] = ~np.logical_and.reduce(equal)
    at = np.arange(len(sorting))
    places = np.empty(len(sorting), np.int64)
    places[sorting] = at - np.maximum.accumulate(np.where(new, at, 0))
    return places
