"""A note's sentences against the note: text to note, note to text."""

from collections.abc import Iterator

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_schema
from pyspark.sql.window import Window

from pipelines.items import spark_columns
from pipelines.mining.within_note import passage_batches
from pipelines.mining.within_note.settings import WithinNote


def sentences(items_of_notes: DataFrame, settings: WithinNote) -> DataFrame:
    """Every sentence that says enough to identify its note: `passage_batches.PASSAGES`, and `notes` (how many have it).

    Sentences that differ by case, width, marks and spaces only are one.

    Cost: one shuffle of the sentences by the digest of their letters.
    """

    def run(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        return passage_batches.passages(batches, settings)

    texts = items_of_notes.select("note_id", F.col("item.text").alias("text"))
    passages = texts.mapInArrow(run, from_arrow_schema(passage_batches.PASSAGES))
    return passages.withColumn("notes", F.count("*").over(Window.partitionBy("folded")))


def passage_pairs(passages: DataFrame, items_of_notes: DataFrame, settings: WithinNote, seed: int) -> DataFrame:
    """PAIRS of sampled sentences that few notes have and their note, both ways."""
    by_hash = Window.partitionBy("note_id").orderBy(F.xxhash64("note_id", "passage", F.lit(seed)), "start")
    rare = passages.where(F.col("notes") <= settings.max_notes_per_passage)
    sampled = rare.withColumn("_rank", F.row_number().over(by_hash)).where(F.col("_rank") <= settings.passages_per_note)
    rows = sampled.join(items_of_notes, on="note_id", how="inner").withColumn(
        "text", spark_columns.item("text", F.col("note_id"), text=F.col("passage"))
    )
    in_query = {"query_start": F.col("start"), "query_end": F.col("end")}
    in_target = {"target_start": F.col("start"), "target_end": F.col("end")}
    text, note, score = F.col("text"), F.col("item"), F.lit(1.0)
    return rows.select(*spark_columns.pair("within_note", "text_to_note", text, note, score, in_target)).unionByName(
        rows.select(*spark_columns.pair("within_note", "note_to_text", note, text, score, in_query))
    )
