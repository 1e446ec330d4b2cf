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


def ocr_words(annotations: DataFrame) -> DataFrame:
    """image_id, words: the OCR text of each picture; of several the one with the greatest (note_id, model)."""
    texts = annotations.where("kind = 'ocr' and text is not null")
    return texts.groupBy("image_id").agg(F.max_by("text", F.struct("note_id", "model")).alias("words"))


def with_ocr(rows: DataFrame, key: str, ocr: DataFrame) -> DataFrame:
    """Rows whose note items have the OCR text of their pictures in their text, as `pipelines.items.note_text`.

    Args:
        rows: query (ITEM), candidates (a list with item), and perhaps positive (with item).
        key: the column that identifies a row.
        ocr: image_id, words.

    Cost: a shuffle of the picture ids of the notes in each row, joined to the pictures that have a text.
    """
    single = ["query", *(["positive.item"] if "positive" in rows.columns else [])]
    items = F.concat(F.array(*[F.col(name) for name in single]), F.col("candidates.item"))
    ids = F.flatten(F.transform(F.filter(items, lambda one: one["kind"] == "note"), lambda one: one["image_ids"]))
    shown = rows.select(key, F.explode(F.array_distinct(ids)).alias("image_id")).join(ocr, on="image_id", how="inner")
    words = shown.groupBy(key).agg(F.map_from_entries(F.collect_list(F.struct("image_id", "words"))).alias("_words"))

    def read(item: Column) -> Column:
        texts = F.transform(item["image_ids"], lambda image_id: F.try_element_at(F.col("_words"), image_id))
        more = F.array_distinct(F.filter(texts, lambda text: F.length(F.trim(text)) > 0))
        text = F.concat_ws("\n", F.coalesce(item["text"], F.lit("")), more)
        return F.when((item["kind"] == "note") & F.col("_words").isNotNull(), item.withField("text", text)).otherwise(item)

    columns = {"query": read(F.col("query"))}
    columns["candidates"] = F.transform("candidates", lambda one: one.withField("item", read(one["item"])))
    if "positive" in rows.columns:
        columns["positive"] = F.col("positive").withField("item", read(F.col("positive.item")))
    return rows.join(words, on=key, how="left").withColumns(columns).select(rows.columns)


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
