"""Which pairs a judge is asked about: money goes where it can change a label."""

from dataclasses import dataclass
from typing import Annotated, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from pipelines.judge.protocol import PAIRS

SOURCES = ("positive", "band", "rule", "label", "earlier")
"""Why a pair is there; of several reasons the first counts. label: a person labelled it. earlier: it was judged before."""
ASKED = pa.schema([*PAIRS, ("source", pa.string()), ("similarity", pa.float64())])
"""PAIRS, why each is there, and the reference encoder's similarity of the negatives."""

AGAIN = "asked already: beside another positive, or by another granularity"
TOO_FAR, TOO_NEAR = "cascade: below the band", "cascade: above the band"
NO_RULES, NO_POSITIVES = "cascade: rule-made", "cascade: a positive"
NO_NEGATIVES = "cascade: a positive whose query has no negatives"
GONE = "its item is not in the workspace"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cascade:
    """Settings of `asked`: the encoder's similarity says which negatives are worth a call."""

    low: Annotated[float | None, Field(ge=-1, le=1)] = None
    """A negative less similar to its query than this is not judged. None: no bound; what is written has passed a band."""
    high: Annotated[float | None, Field(ge=-1, le=1)] = None
    """A negative more similar than this is not judged. None: no bound."""
    rules: bool = True
    """Judge the rule-made negatives too; those that the judge calls relevant are dropped."""
    positives: bool = True
    """Judge the positives of queries that have negatives: a margin of the judge's (unime2-judge) and soft labels on one scale
    need them, and a click says interest, not content."""


class Asked(NamedTuple):
    """What is to be judged, and what is not."""

    pairs: pa.Table
    """ASKED, one row a query and candidate, sorted by both."""
    dropped: dict[str, int]
    """Rows that give no pair, by reason: rows in = pairs + dropped."""
    rows_in: int


def asked(positives: pa.Table, negatives: pa.Table, items: pa.Table, extra: pa.Table, settings: Cascade) -> Asked:
    """The pairs of a workspace.

    Args:
        positives: POSITIVES.
        negatives: HARD_NEGATIVES.
        items: one column `item`, ITEM: all that a pair may name.
        extra: query_id, candidate_id, source: pairs that labels or earlier judgements name.
        settings: which of them are worth it.

    Cost: some sorts of the pairs' ids; an item is copied for each pair that shows it.
    """
    rows = pa.concat_tables([_positives(positives), _negatives(negatives), _extra(extra, items)])
    why = _why(rows, negatives, settings)
    known = items.column("item").combine_chunks()
    ids = known.field("item_id")
    at = [pc.index_in(rows.column(side), value_set=ids).combine_chunks() for side in ("query_id", "candidate_id")]
    missing = np.asarray(pc.or_(pc.is_null(at[0]), pc.is_null(at[1])), bool)
    why[(why == "") & missing] = GONE
    first = _first(rows, why == "")
    again = (why == "") & ~first
    why[again] = AGAIN
    earlier = np.asarray(pc.equal(rows.column("source"), "earlier"), bool)
    kept = pa.array(np.flatnonzero(why == ""))
    sides = {name: known.take(one.take(kept)) for name, one in zip(("query", "candidate"), at, strict=True)}
    taken = rows.take(kept)
    columns = {name: taken.column(name) for name in taken.column_names} | sides
    pairs = pa.table({name: columns[name] for name in ASKED.names}, schema=ASKED)
    told = (why != "") & ~(again & earlier)  # what is asked again is no earlier pair any more
    reasons, counts = np.unique(why[told], return_counts=True)
    dropped = dict(zip(reasons.tolist(), counts.tolist(), strict=True))
    ordered = pairs.sort_by([("query_id", "ascending"), ("candidate_id", "ascending")])
    return Asked(ordered, dropped, len(rows) - int((again & earlier).sum()))


def _positives(positives: pa.Table) -> pa.Table:
    query, target = (pc.struct_field(positives.column(side), "item_id") for side in ("query", "target"))
    return _rows(query, target, positives.column("task"), "positive", pa.nulls(len(positives), pa.float64()))


def _negatives(negatives: pa.Table) -> pa.Table:
    made = pc.equal(negatives.column("source"), "rule")
    query, candidate, task = (negatives.column(name) for name in ("query_id", "candidate_id", "task"))
    return _rows(query, candidate, task, pc.if_else(made, "rule", "band"), negatives.column("similarity"))


def _extra(extra: pa.Table, items: pa.Table) -> pa.Table:
    """Their task is what their items' kinds say; null, and so no pair, where an item is gone."""
    known = items.column("item").combine_chunks()
    kinds = known.field("kind")
    sides = [
        kinds.take(pc.index_in(extra.column(side), value_set=known.field("item_id")).combine_chunks())
        for side in ("query_id", "candidate_id")
    ]
    words = [pc.if_else(pc.equal(kind, "crop"), "image", kind) for kind in sides]
    task = pc.binary_join_element_wise(*words, "_to_")
    return _rows(extra.column("query_id"), extra.column("candidate_id"), task, extra.column("source"), pa.nulls(len(extra)))


def _rows(query: pa.Array, candidate: pa.Array, task: pa.Array, source: pa.Array | str, similarity: pa.Array) -> pa.Table:
    named = pa.array([source] * len(query), pa.string()) if isinstance(source, str) else source
    columns = {"query_id": query, "candidate_id": candidate, "task": task, "source": named, "similarity": similarity}
    return pa.table(columns).cast(pa.schema([ASKED.field(name) for name in columns]))


def _why(rows: pa.Table, negatives: pa.Table, settings: Cascade) -> np.ndarray:
    """[n] why each row is not asked; "" where it is. Labels and earlier pairs are held against nothing."""
    source = np.asarray(rows.column("source").to_pylist(), object)
    similarity = np.asarray(rows.column("similarity").to_numpy(), np.float64)
    has = np.asarray(pc.is_in(rows.column("query_id"), value_set=pc.unique(negatives.column("query_id"))), bool)
    why = np.full(len(rows), "", object)
    why[(source == "positive") & ~has] = NO_NEGATIVES
    if not settings.positives:
        why[(source == "positive") & has] = NO_POSITIVES
    if not settings.rules:
        why[source == "rule"] = NO_RULES
    free = (source != "band") & (source != "rule") | (why != "")
    if settings.low is not None:
        why[~free & (similarity < settings.low)] = TOO_FAR
    if settings.high is not None:
        why[~free & (similarity > settings.high)] = TOO_NEAR
    return why


def _first(rows: pa.Table, able: np.ndarray) -> np.ndarray:
    """[n] of the rows that are able, the first of each query and candidate, by SOURCES."""
    names = pc.binary_join_element_wise(rows.column("query_id"), rows.column("candidate_id"), "\n").combine_chunks()
    number = np.asarray(names.dictionary_encode().indices, np.int64)
    order = np.asarray(pc.index_in(rows.column("source"), value_set=pa.array(SOURCES)), np.int64)
    sorting = np.lexsort((np.arange(len(rows)), order, number, ~able))
    new = np.ones(len(rows), bool)
    new[1:] = number[sorting][1:] != number[sorting][:-1]
    first = np.zeros(len(rows), bool)
    first[sorting[new]] = True
    return first & able
