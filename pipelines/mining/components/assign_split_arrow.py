"""Components, splits, leak check and items for a job that holds its pairs in Arrow: the rows of the Spark steps, without Spark.

Two implementations, not one: Spark joins any number of pairs with the components of all notes, and a kernel in its tasks
would need these components in each of them, or both tables sorted to every task twice and as Python rows. An Arrow job
has few pairs, and no JVM. tests/unit/pipelines/mining/components/test_assign_split_arrow.py compares the two.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.workspace.arrow_stages import ArrowOutput
from schemas.datasets import ITEMS, POSITIVES

NO_COMPONENT = "a note without a component"
TWO_SPLITS = "notes in two splits"
"""Why a pair of PAIRS is none of POSITIVES."""


class PairsWithSplit(NamedTuple):
    """POSITIVES, and how many pairs were dropped by reason."""

    rows: pa.Table
    dropped: dict[str, int]


def certified_positives(mined: Sequence[pa.Table], components: pa.Table) -> ArrowOutput:
    """POSITIVES of the pairs of each table, with the certificate of their splits, as `positives_step.certified_positives`."""
    positives = assign_split(pa.concat_tables(mined), components)
    certificate = leak_certificate(positives.rows, components)
    return ArrowOutput(parts=[positives.rows], dropped=positives.dropped, report=certificate)


def assign_split(pairs: pa.Table, components: pa.Table) -> PairsWithSplit:
    """PAIRS with the component of the query's note and the split of both, sorted by POSITIVES' key.

    Args:
        pairs: PAIRS.
        components: COMPONENTS.

    Cost: two look-ups a pair; memory of the pairs.
    """
    at = [_component_rows(pairs, side, components) for side in ("query", "target")]
    component = components.column("component_id").combine_chunks().take(at[0])
    splits = [components.column("split").combine_chunks().take(rows) for rows in at]
    has_splits = pc.and_(pc.is_valid(splits[0]), pc.is_valid(splits[1]))
    is_kept = pc.and_(has_splits, pc.fill_null(pc.equal(*splits), False))
    reason = pc.if_else(pc.invert(has_splits), NO_COMPONENT, TWO_SPLITS)
    rows = pairs.append_column("component_id", component).append_column("split", splits[0])
    reasons = pc.binary_join_element_wise(pairs.column("granularity"), reason, ": ").filter(pc.invert(is_kept))
    dropped = {row["values"]: row["counts"] for row in pc.value_counts(reasons).to_pylist()}
    kept = rows.filter(is_kept).sort_by([(name, "ascending") for name in POSITIVES.key])
    return PairsWithSplit(kept.select(POSITIVES.columns.names).cast(POSITIVES.columns), dropped)


def leak_certificate(positives: pa.Table, components: pa.Table) -> dict[str, Any]:
    """The counts of `leak_check.leak_certificate`."""
    split = components.column("split").combine_chunks()
    same = [
        pc.fill_null(pc.equal(split.take(_component_rows(positives, side, components)), positives.column("split")), False)
        for side in ("query", "target")
    ]
    crossing = positives.filter(pc.invert(pc.and_(*same)))
    by_component = components.group_by("component_id").aggregate([("note_id", "count"), ("split", "count_distinct")])
    counts = dict(zip(*(pc.value_counts(split).field(k).to_pylist() for k in (0, 1)), strict=True))
    return {
        "pairs_across_splits": len(crossing),
        "components_across_splits": pc.sum(pc.greater(by_component.column("split_count_distinct"), 1)).as_py() or 0,
        "components": len(by_component),
        "largest_component": pc.max(by_component.column("note_id_count")).as_py() or 0,
        "notes": len(components),
        "share_of_notes": {name: counts[name] / len(components) for name in sorted(counts)},
    }


def distinct_items(positives: pa.Table) -> pa.Table:
    """ITEMS of the positives, sorted by item_id, as `pipelines.items.spark_columns.distinct_items`."""
    by_id: dict[str, dict[str, Any]] = {}
    for side in ("query", "target"):
        for item, split in zip(positives.column(side).to_pylist(), positives.column("split").to_pylist(), strict=True):
            row = item if item["kind"] == "crop" else item | {"region": None}
            by_id.setdefault(item["item_id"], {"item": row, "split": split})
    return pa.Table.from_pylist([by_id[name] for name in sorted(by_id)], ITEMS.columns)


def _component_rows(pairs: pa.Table, side: str, components: pa.Table) -> pa.Array:
    """[n] the row of COMPONENTS of each pair's note, null where it has none."""
    notes = pc.struct_field(pairs.column(side), "note_id")
    rows = pc.index_in(notes, value_set=components.column("note_id").combine_chunks())
    return rows.combine_chunks() if isinstance(rows, pa.ChunkedArray) else rows
