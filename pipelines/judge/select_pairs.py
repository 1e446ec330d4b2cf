"""Select the pairs to judge: only those where an answer can change a label."""

from dataclasses import dataclass
from typing import Annotated, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from pipelines.judge.protocol import PAIRS

SOURCES = ("positive", "band", "rule", "label", "earlier")
"""Why a pair is judged; of several reasons the first counts. label: a person labelled it. earlier: it was judged before."""
PAIRS_TO_JUDGE = pa.schema([*PAIRS, ("source", pa.string()), ("similarity", pa.float64())])
"""PAIRS, why each is judged, and the encoder's similarity of the negatives."""

DUPLICATE = "duplicates: same query and candidate with another positive or granularity"
TOO_FAR, TOO_NEAR = "cascade: similarity below cascade.low", "cascade: similarity above cascade.high"
NO_RULES, NO_POSITIVES = "cascade: rule-made negatives", "cascade: positives"
NO_NEGATIVES = "cascade: positives of queries without negatives"
NO_ITEM = "item not in the workspace"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cascade:
    """Settings of `select_pairs`: which negatives are worth a call, by the encoder's similarity."""

    low: Annotated[float | None, Field(ge=-1, le=1)] = None
    """Least similarity of a negative that is judged. None: no bound; the written negatives have passed a band already."""
    high: Annotated[float | None, Field(ge=-1, le=1)] = None
    """Highest similarity of a negative that is judged. None: no bound."""
    rules: bool = True
    """Judge the rule-made negatives as well; those that the judge calls relevant are dropped."""
    positives: bool = True
    """Judge the positives of queries with negatives: the judge's margin (unime2-judge) and soft labels on one scale need them,
    and a co-click shows interest, not shared content."""


class PairSelection(NamedTuple):
    """The pairs to judge, and why others are not."""

    pairs: pa.Table
    """PAIRS_TO_JUDGE, one row per query and candidate, sorted by both."""
    dropped: dict[str, int]
    """Count of rows that give no pair, by reason: rows in = pairs + dropped."""
    rows_in: int


def select_pairs(
    positives: pa.Table, negatives: pa.Table, items: pa.Table, extra: pa.Table, settings: Cascade
) -> PairSelection:
    """The pairs of a workspace to judge.

    Args:
        positives: POSITIVES.
        negatives: HARD_NEGATIVES.
        items: one column `item`, ITEM: all items of the workspace.
        extra: query_id, candidate_id, source: pairs from labels or earlier judgements.
        settings: which negatives and positives are judged.

    Cost: sorts the pairs' ids; an item is copied for each of its pairs.
    """
    rows = pa.concat_tables([_positives(positives), _negatives(negatives), _extra(extra, items)])
    why = _why(rows, negatives, settings)
    all_items = items.column("item").combine_chunks()
    ids = all_items.field("item_id")
    at = [pc.index_in(rows.column(side), value_set=ids).combine_chunks() for side in ("query_id", "candidate_id")]
    missing = np.asarray(pc.or_(pc.is_null(at[0]), pc.is_null(at[1])), bool)
    why[(why == "") & missing] = NO_ITEM
    first = _first(rows, why == "")
    duplicate = (why == "") & ~first
    why[duplicate] = DUPLICATE
    earlier = np.asarray(pc.equal(rows.column("source"), "earlier"), bool)
    kept = pa.array(np.flatnonzero(why == ""))
    sides = {name: all_items.take(one.take(kept)) for name, one in zip(("query", "candidate"), at, strict=True)}
    kept_rows = rows.take(kept)
    columns = {name: kept_rows.column(name) for name in kept_rows.column_names} | sides
    pairs = pa.table({name: columns[name] for name in PAIRS_TO_JUDGE.names}, schema=PAIRS_TO_JUDGE)
    replaced = duplicate & earlier  # an earlier pair that is selected again for another reason is not counted twice
    reasons, counts = np.unique(why[(why != "") & ~replaced], return_counts=True)
    dropped = dict(zip(reasons.tolist(), counts.tolist(), strict=True))
    ordered = pairs.sort_by([("query_id", "ascending"), ("candidate_id", "ascending")])
    return PairSelection(ordered, dropped, len(rows) - int(replaced.sum()))


def _positives(positives: pa.Table) -> pa.Table:
    query, target = (pc.struct_field(positives.column(side), "item_id") for side in ("query", "target"))
    return _rows(query, target, positives.column("task"), "positive", pa.nulls(len(positives), pa.float64()))


def _negatives(negatives: pa.Table) -> pa.Table:
    by_rule = pc.equal(negatives.column("source"), "rule")
    query, candidate, task = (negatives.column(name) for name in ("query_id", "candidate_id", "task"))
    return _rows(query, candidate, task, pc.if_else(by_rule, "rule", "band"), negatives.column("similarity"))


def _extra(extra: pa.Table, items: pa.Table) -> pa.Table:
    """Their task follows from the kinds of their items; null, and so no pair, if an item is missing."""
    all_items = items.column("item").combine_chunks()
    kinds = all_items.field("kind")
    sides = [
        kinds.take(pc.index_in(extra.column(side), value_set=all_items.field("item_id")).combine_chunks())
        for side in ("query_id", "candidate_id")
    ]
    words = [pc.if_else(pc.equal(kind, "crop"), "image", kind) for kind in sides]
    task = pc.binary_join_element_wise(*words, "_to_")
    return _rows(extra.column("query_id"), extra.column("candidate_id"), task, extra.column("source"), pa.nulls(len(extra)))


def _rows(query: pa.Array, candidate: pa.Array, task: pa.Array, source: pa.Array | str, similarity: pa.Array) -> pa.Table:
    sources = pa.array([source] * len(query), pa.string()) if isinstance(source, str) else source
    columns = {"query_id": query, "candidate_id": candidate, "task": task, "source": sources, "similarity": similarity}
    return pa.table(columns).cast(pa.schema([PAIRS_TO_JUDGE.field(name) for name in columns]))


def _why(rows: pa.Table, negatives: pa.Table, settings: Cascade) -> np.ndarray:
    """[n] why each row is not judged; "" if it is. Labels and earlier pairs are always judged."""
    source = np.asarray(rows.column("source").to_pylist(), object)
    similarity = np.asarray(rows.column("similarity").to_numpy(), np.float64)
    has_negatives = np.asarray(pc.is_in(rows.column("query_id"), value_set=pc.unique(negatives.column("query_id"))), bool)
    why = np.full(len(rows), "", object)
    why[(source == "positive") & ~has_negatives] = NO_NEGATIVES
    if not settings.positives:
        why[(source == "positive") & has_negatives] = NO_POSITIVES
    if not settings.rules:
        why[source == "rule"] = NO_RULES
    exempt = (source != "band") & (source != "rule") | (why != "")
    if settings.low is not None:
        why[~exempt & (similarity < settings.low)] = TOO_FAR
    if settings.high is not None:
        why[~exempt & (similarity > settings.high)] = TOO_NEAR
    return why


def _first(rows: pa.Table, eligible: np.ndarray) -> np.ndarray:
    """[n] whether each row is the first eligible one of its query and candidate, in the order of SOURCES."""
    names = pc.binary_join_element_wise(rows.column("query_id"), rows.column("candidate_id"), "\n").combine_chunks()
    number = np.asarray(names.dictionary_encode().indices, np.int64)
    order = np.asarray(pc.index_in(rows.column("source"), value_set=pa.array(SOURCES)), np.int64)
    sorting = np.lexsort((np.arange(len(rows)), order, number, ~eligible))
    new = np.ones(len(rows), bool)
    new[1:] = number[sorting][1:] != number[sorting][:-1]
    first = np.zeros(len(rows), bool)
    first[sorting[new]] = True
    return first & eligible
