"""Items and pairs as Spark columns: every Spark step builds its pairs here."""

from collections.abc import Mapping

import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_type

from schemas.datasets import EVIDENCE, PAIRS
from schemas.item import MILLION, REGION, Kind


def region(x0: Column, y0: Column, x1: Column, y1: Column) -> Column:
    """A box, rounded to millionths of the picture."""
    rounded = [F.floor(v * MILLION + 0.5).cast("double") / MILLION for v in (x0, y0, x1, y1)]
    return F.struct(*[v.alias(n) for v, n in zip(rounded, REGION.names, strict=True)])


def item(
    kind: Kind,
    note_id: Column,
    image_ids: Column | None = None,
    region: Column | None = None,
    text: Column | None = None,
) -> Column:
    """An ITEM struct with its id, as `schemas.item.item_id` spells it."""
    images = F.array().cast("array<string>") if image_ids is None else image_ids
    box = F.lit(None).cast(from_arrow_type(REGION)) if region is None else region
    words = F.lit(None).cast("string") if text is None else text
    return F.struct(
        F.substring(F.sha2(_spelled(kind, note_id, images, box, text), 256), 1, 32).alias("item_id"),
        F.lit(kind).alias("kind"),
        note_id.alias("note_id"),
        images.alias("image_ids"),
        box.alias("region"),
        words.alias("text"),
    )


def note_items(notes: DataFrame, images: DataFrame) -> DataFrame:
    """Every note as one item, with the pictures that could be read: note_id, item."""
    readable = images.groupBy("note_id").agg(
        F.transform(F.sort_array(F.collect_list(F.struct("position", "image_id"))), lambda i: i["image_id"]).alias("ids")
    )
    ids = F.coalesce("ids", F.array().cast("array<string>"))
    text = full_text(F.col("title"), F.col("body"))
    return notes.join(readable, on="note_id", how="left").select(
        "note_id", item("note", F.col("note_id"), ids, text=text).alias("item")
    )


def full_text(title: Column, body: Column) -> Column:
    """As `schemas.item.full_text`."""
    return F.concat(F.coalesce(title, F.lit("")), F.lit("\n"), F.coalesce(body, F.lit("")))


def pair(
    granularity: str, task: str, query: Column, target: Column, score: Column, evidence: Mapping[str, Column]
) -> list[Column]:
    """The columns of a PAIRS row; `evidence` names the fields that apply, the others are null."""
    unknown = set(evidence) - set(EVIDENCE.names)
    if unknown:
        raise KeyError(f"not in EVIDENCE: {sorted(unknown)}")
    fields = [
        evidence.get(f.name, F.lit(None)).cast(from_arrow_type(f.type)).alias(f.name)
        for f in (EVIDENCE.field(i) for i in range(EVIDENCE.num_fields))
    ]
    spelled = F.concat_ws(" ", F.lit(granularity), F.lit(task), query["item_id"], target["item_id"])
    row = {
        "pair_id": F.substring(F.sha2(spelled, 256), 1, 32),
        "granularity": F.lit(granularity),
        "task": F.lit(task),
        "query": query,
        "target": target,
        "score": score.cast("double"),
        "evidence": F.struct(*fields),
    }
    return [row[name].alias(name) for name in PAIRS.columns.names]


def distinct_items(positives: DataFrame) -> DataFrame:
    """ITEMS: each item of the positives once. A region is part of a crop; on a whole picture it is a remark and dropped.

    Cost: one shuffle of both items of every pair.
    """
    both = F.explode(F.array("query", "target"))
    items = positives.select(both.alias("item"), "split")
    no_region = F.lit(None).cast(spark_type(REGION))
    without_remark = F.when(F.col("item.kind") == "crop", F.col("item")).otherwise(F.col("item").withField("region", no_region))
    distinct = (
        items.withColumn("item", without_remark)
        .groupBy("item.item_id")
        .agg(F.min("item").alias("item"), F.min("split").alias("split"))  # equal ids are equal items; either will do
    )
    return distinct.select("item", "split")


def spark_type(kind: pa.DataType) -> str:
    """The DDL of a pyarrow type, to cast to."""
    return from_arrow_type(kind).simpleString()


def _spelled(kind: Kind, note_id: Column, image_ids: Column, box: Column, text: Column | None) -> Column:
    """The text that the item's id is a hash of: each part with its length before it."""
    millionths = [F.floor(box[n] * MILLION + 0.5).cast("string") for n in REGION.names] if kind == "crop" else []
    digits = F.when(box.isNull(), "").otherwise(F.concat_ws(",", *millionths)) if kind == "crop" else None
    return F.concat(
        F.lit(f"{len(kind)}:{kind}"),
        *_with_length(note_id),
        *_with_length(F.size(image_ids).cast("string")),
        F.array_join(F.transform(image_ids, lambda image_id: F.concat(*_with_length(image_id))), ""),
        *_with_length(digits),
        *_with_length(None if text is None else F.coalesce(text, F.lit(""))),
    )


def _with_length(part: Column | None) -> list[Column]:
    """The columns length, colon, part, for concatenation; None is an empty part."""
    return [F.lit("0:")] if part is None else [F.length(part).cast("string"), F.lit(":"), part]
