"""Notes with equal texts or equal bodies, and the rows that they make: pairs of long ones, ties of all."""

from collections.abc import Iterator

import pyarrow as pa
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_schema

from pipelines.mining.text import fingerprint_batches, verify_batches
from pipelines.mining.text.settings import PartialText
from schemas.intermediate import TEXT_TIES


def text_digests(texts: DataFrame, settings: PartialText) -> DataFrame:
    """`fingerprint_batches.DIGESTS` of the texts, and of the bodies below a title."""

    def run(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        return fingerprint_batches.digests(batches, settings.gram_columns, settings.min_body_chars)

    return texts.mapInArrow(run, from_arrow_schema(fingerprint_batches.DIGESTS))


def equal_texts(digests: DataFrame, settings: PartialText) -> DataFrame:
    """Notes with the same whole, long text as a note with a smaller id: query (the first), target (the copy)."""
    first = F.min_by(F.struct("note_id", "start", "end"), "note_id").over(Window.partitionBy("digest"))
    long = digests.where("is_whole").where(F.col("columns") >= settings.min_copied_chars)
    return (
        long.withColumn("first", first)
        .where(F.col("first.note_id") < F.col("note_id"))
        .select(
            F.col("first.note_id").alias("query_id"),
            F.col("note_id").alias("target_id"),
            F.col("first.start").alias("query_start"),
            F.col("first.end").alias("query_end"),
            F.col("start").alias("target_start"),
            F.col("end").alias("target_end"),
            F.col("chars").alias("shared_chars"),
        )
    )


def whole_texts(texts: DataFrame, copies: DataFrame) -> DataFrame:
    """The whole texts of notes with equal texts (`verify_batches.PASSAGES`)."""
    joined = copies
    for side in ("query", "target"):
        text = texts.select(F.col("note_id").alias(f"{side}_id"), F.col("text").alias(f"{side}_text"))
        joined = joined.join(text, on=f"{side}_id", how="inner").withColumn(
            f"{side}_text",
            F.substring(f"{side}_text", F.col(f"{side}_start") + 1, F.col(f"{side}_end") - F.col(f"{side}_start")),
        )
    return joined.withColumn("containment", F.lit(1.0)).select(
        *(name for name in verify_batches.PASSAGES.names if name != "is_tie")
    )


def text_ties(contained: DataFrame, digests: DataFrame) -> DataFrame:
    """TEXT_TIES: each note with the first note of the same text or body, and texts that contain most of another."""
    first = F.min("note_id").over(Window.partitionBy("digest"))
    equal = digests.select("note_id", "chars", first.alias("first")).where(F.col("first") < F.col("note_id"))
    names = TEXT_TIES.columns.names
    rows = equal.select("first", "note_id", "chars", F.lit(1.0)).toDF(*names)
    rows = rows.unionByName(contained.select("query_id", "target_id", "shared_chars", "containment").toDF(*names))
    return rows.groupBy(*names[:2]).agg(F.max(names[2]).alias(names[2]), F.max(names[3]).alias(names[3]))
