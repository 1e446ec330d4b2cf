"""`place`, `certificate` and the list of items for a job that holds its pairs in Arrow: the same rows, without Spark."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.workspace.arrow_stages import ArrowOutput
from schemas.datasets import ITEMS, POSITIVES


class Placed(NamedTuple):
    """POSITIVES, and the pairs that are none by reason."""

    rows: pa.Table
    dropped: dict[str, int]


def certified_positives(mined: Sequence[pa.Table], components: pa.Table) -> ArrowOutput:
    """As `positives.certified_positives`: POSITIVES of the pairs of each table, with the certificate of their splits."""
    done = placed(pa.concat_tables(mined), components)
    return ArrowOutput(parts=[done.rows], dropped=done.dropped, report=certified(done.rows, components))


def placed(pairs: pa.Table, components: pa.Table) -> Placed:
    """As `place.place`: PAIRS with the component of the query's note and the split of both, sorted by POSITIVES' key.

    Args:
        pairs: PAIRS.
        components: COMPONENTS.

    Cost: two look-ups a pair; memory of the pairs.
    """
    at = [_numbers(pairs, side, components) for side in ("query", "target")]
    component = components.column("component_id").combine_chunks().take(at[0])
    splits = [components.column("split").combine_chunks().take(numbers) for numbers in at]
    known = pc.and_(pc.is_valid(splits[0]), pc.is_valid(splits[1]))
    together = pc.fill_null(pc.equal(*splits), False)
    reason = pc.if_else(pc.invert(known), "a note without a component", "notes in two splits")
    rows = pairs.append_column("component_id", component).append_column("split", splits[0])
    good = pc.and_(known, together)
    apart = pc.binary_join_element_wise(pairs.column("granularity"), reason, ": ").filter(pc.invert(good))
    dropped = {row["values"]: row["counts"] for row in pc.value_counts(apart).to_pylist()}
    kept = rows.filter(good).sort_by([(name, "ascending") for name in POSITIVES.key])
    return Placed(kept.select(POSITIVES.columns.names).cast(POSITIVES.columns), dropped)


def certified(positives: pa.Table, components: pa.Table) -> dict[str, Any]:
    """As `certificate.certificate`, from the rows."""
    split = components.column("split").combine_chunks()
    same = [
        pc.fill_null(pc.equal(split.take(_numbers(positives, side, components)), positives.column("split")), False)
        for side in ("query", "target")
    ]
    crossing = positives.filter(pc.invert(pc.and_(*same)))
    each = components.group_by("component_id").aggregate([("note_id", "count"), ("split", "count_distinct")])
    counts = dict(zip(*(pc.value_counts(split).field(k).to_pylist() for k in (0, 1)), strict=True))
    return {
        "pairs_across_splits": len(crossing),
        "components_across_splits": pc.sum(pc.greater(each.column("split_count_distinct"), 1)).as_py() or 0,
        "components": len(each),
        "largest_component": pc.max(each.column("note_id_count")).as_py() or 0,
        "notes": len(components),
        "share_of_notes": {name: counts[name] / len(components) for name in sorted(counts)},
    }


def listed(positives: pa.Table) -> pa.Table:
    """As `pipelines.items.spark_columns.distinct_items`: ITEMS of the positives, sorted by item_id."""
    once: dict[str, dict[str, Any]] = {}
    for side in ("query", "target"):
        for item, split in zip(positives.column(side).to_pylist(), positives.column("split").to_pylist(), strict=True):
            shown = item if item["kind"] == "crop" else item | {"region": None}
            once.setdefault(item["item_id"], {"item": shown, "split": split})
    return pa.Table.from_pylist([once[name] for name in sorted(once)], ITEMS.columns)


def _numbers(pairs: pa.Table, side: str, components: pa.Table) -> pa.Array:
    notes = pc.struct_field(pairs.column(side), "note_id")
    found = pc.index_in(notes, value_set=components.column("note_id").combine_chunks())
    return found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found
