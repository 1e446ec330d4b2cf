"""Splits, leak certificate and items are the same in Arrow and in Spark."""

import random

import pyarrow as pa
import pytest

from pipelines.items import spark_columns
from pipelines.items.arrow_rows import item_row, pair_row
from pipelines.mining.components import assign_split_arrow, leak_check
from pipelines.mining.components.assign_split_spark import assign_split
from schemas.datasets import COMPONENTS, ITEMS, PAIRS, POSITIVES

SPLITS = ("train", "train", "validation", "test")


def sample(seed):
    """PAIRS of 40 notes, four of them without a component, and COMPONENTS of pieces of up to five notes."""
    rng = random.Random(seed)
    notes = [f"n{k:02}" for k in range(40)]
    component = {note: f"n{(k // 5) * 5 + 4:02}" for k, note in enumerate(notes[4:])}
    split = {name: rng.choice(SPLITS) for name in sorted(set(component.values()))}
    sizes = {name: list(component.values()).count(name) for name in split}
    rows = [
        {"note_id": note, "component_id": name, "size": sizes[name], "content_group": name, "split": split[name]}
        for note, name in component.items()
    ]
    box = dict(zip(("x0", "y0", "x1", "y1"), (0.1, 0.2, 0.5, 0.75), strict=True))
    pairs = {}
    for _ in range(300):
        one, other = rng.choice(notes), rng.choice(notes)
        query, target = item_row("note", one, [f"{one}-0"], "text"), item_row("image", other, [f"{other}-0"])
        target = target | {"region": rng.choice([None, box])}  # a remark on a whole picture, not part of the item
        granularity = rng.choice(["co_click", "partial_text"])
        pair = pair_row(granularity, "note_to_image", query, target, rng.random())
        pairs[pair["pair_id"]] = pair
    return pa.Table.from_pylist(list(pairs.values()), PAIRS.columns), pa.Table.from_pylist(rows, COMPONENTS.columns)


def by_key(rows, table):
    return rows.select(table.columns.names).cast(table.columns).sort_by([(name, "ascending") for name in table.key])


@pytest.mark.parametrize("seed", range(3))
def test_rows_counts_and_certificate_are_those_of_spark(spark, seed):
    pairs, components = sample(seed)
    frames = spark.createDataFrame(pairs), spark.createDataFrame(components)
    expected = assign_split(*frames)
    output = assign_split_arrow.assign_split(pairs, components)
    assert output.rows == by_key(expected.rows.toArrow(), POSITIVES)
    assert output.dropped == {row["reason"]: row["rows"] for row in expected.dropped.collect()}
    assert len(output.dropped) > 1
    certificate = leak_check.leak_certificate(expected.rows, frames[1])
    assert assign_split_arrow.leak_certificate(output.rows, components) == dict(certificate)
    items = spark_columns.distinct_items(expected.rows).toArrow().cast(ITEMS.columns)
    ids = [row["item_id"] for row in items["item"].to_pylist()]
    order = sorted(range(len(ids)), key=ids.__getitem__)
    assert assign_split_arrow.distinct_items(output.rows).to_pylist() == items.take(order).to_pylist()
