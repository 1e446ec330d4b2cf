"""A note's sentences against the note: text to note, note to text."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.window import Window

from pipelines.items import spark_columns
from pipelines.media.sentences import SENTENCE_END
from pipelines.mining.within_note.settings import WithinNote


def sentences(items_of_notes: DataFrame, settings: WithinNote) -> DataFrame:
    """Every sentence long enough to identify its note: note_id, passage, place, notes (how many have it).

    Cost: one shuffle of the sentences by their text.
    """
    cut = F.posexplode(F.split("item.text", SENTENCE_END)).alias("place", "sentence")
    passage = _stripped(F.substring(_stripped(F.col("sentence")), 1, settings.max_passage_chars))
    passages = (
        items_of_notes.select("note_id", cut)
        .select("note_id", "place", passage.alias("passage"))
        .where(F.length("passage") >= settings.min_passage_chars)
        .groupBy("note_id", "passage")
        .agg(F.min("place").alias("place"))
    )
    notes = passages.groupBy("passage").agg(F.count("*").alias("notes"))
    return passages.join(notes, on="passage", how="inner")


def passage_pairs(passages: DataFrame, items_of_notes: DataFrame, settings: WithinNote, seed: int) -> DataFrame:
    """PAIRS of sampled sentences that few notes have and their note, both ways."""
    by_hash = Window.partitionBy("note_id").orderBy(F.xxhash64("note_id", "passage", F.lit(seed)), "place")
    rare = passages.where(F.col("notes") <= settings.max_notes_per_passage)
    sampled = rare.withColumn("_rank", F.row_number().over(by_hash)).where(F.col("_rank") <= settings.passages_per_note)
    rows = sampled.join(items_of_notes, on="note_id", how="inner").withColumn(
        "text", spark_columns.item("text", F.col("note_id"), text=F.col("passage"))
    )
    start, size = F.instr("item.text", F.col("passage")) - 1, F.length("passage")
    in_query = {"query_start": start, "query_end": start + size}
    in_target = {"target_start": start, "target_end": start + size}
    text, note, score = F.col("text"), F.col("item"), F.lit(1.0)
    return rows.select(*spark_columns.pair("within_note", "text_to_note", text, note, score, in_target)).unionByName(
        rows.select(*spark_columns.pair("within_note", "note_to_text", note, text, score, in_query))
    )


def _stripped(text: Column) -> Column:
    """Without spaces at its ends. No pattern: one for the end takes quadratic time on spaces that are followed by a letter."""
    return F.btrim(text, F.lit(" \t\n\x0b\f\r\u3000"))
