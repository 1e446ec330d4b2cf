"""Step: partial text, the passages that two notes share, verbatim or retyped a little."""

from collections.abc import Iterator

import pyarrow as pa
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_schema

from pipelines.items import spark_columns
from pipelines.mining.text import fingerprint_batches, verify_batches
from pipelines.mining.text.equal_texts import equal_texts, text_digests, text_ties, whole_texts
from pipelines.mining.text.passage_candidates import IS_GRAM, is_common, passage_candidates
from pipelines.mining.text.settings import PartialText
from pipelines.workspace.stage_output import Output, dropped_counts


def shared_passages(notes: DataFrame, settings: PartialText) -> list[Output]:
    """Pairs of notes and the longest passage that they share: NOTES -> PAIRS (granularity partial_text), TEXT_TIES.

    The query is the passage as the note with the smaller id has it. Of notes with equal, long
    texts each is paired with the first of them, and only that one is compared with other notes. TEXT_TIES are the notes
    that must be in one split though what they share is too short or too frequent for a pair: equal texts, equal
    bodies, texts that contain most of another.

    Cost: three shuffles of some 0.8 fingerprints a character (by fingerprint, by pair, by note), two of
    the texts; at most max_document_frequency / 2 pairs for a rare fingerprint, two for each note of a frequent one, and
    max_pairs_per_note for a note. The digests, the fingerprints of more than one note and the passages are persisted for the
    rows and for `dropped`: the caller may clear the cache when all are written.
    Source: winnowing (Schleimer, Wilkerson, Aiken 2003), strobemers (Sahlin 2021), greedy
    alignment (Zhang et al. 2000); docs/explanation/algorithms/partial_text.md.
    """
    title, body = F.col("title"), F.col("body")
    text = spark_columns.full_text(title, body).alias("text")
    texts = notes.select("note_id", text, (F.length(F.coalesce(title, F.lit(""))) + 1).alias("body_at"))
    digests = text_digests(texts, settings).persist()
    texts = texts.drop("body_at")
    copies = equal_texts(digests, settings)
    distinct = texts.join(copies, on=texts["note_id"] == copies["target_id"], how="left_anti")
    shared = _shared_fingerprints(distinct, settings).persist()
    candidates = passage_candidates(shared, settings)
    passages = _passages(candidates.where("is_kept"), _boilerplate(texts, shared, settings), settings).persist()
    dropped = [
        _count(shared.where(is_common(settings)), "fingerprint in more than max_document_frequency notes"),
        _count(candidates.where(~F.col("is_kept")), "candidate pair beyond max_pairs_per_note"),
        _count(copies, "whole text equal to another note's: paired with the first of them only"),
    ]
    rows = passages.where(~F.col("is_tie")).drop("is_tie").unionByName(whole_texts(texts, copies))
    pairs = Output(_pairs(rows), dropped[0].unionByName(dropped[1]).unionByName(dropped[2]))
    return [pairs, Output(text_ties(passages.where("is_tie"), digests), dropped_counts(notes.sparkSession, {}))]


def _shared_fingerprints(texts: DataFrame, settings: PartialText) -> DataFrame:
    """Fingerprints of more than one note: fingerprint, note_id, at, document_frequency."""

    def run(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        return fingerprint_batches.fingerprints(batches, settings)

    fingerprints = texts.mapInArrow(run, from_arrow_schema(fingerprint_batches.FINGERPRINTS))
    frequency = F.count("*").over(Window.partitionBy("fingerprint"))
    return fingerprints.withColumn("document_frequency", frequency).where(F.col("document_frequency") > 1)


def _boilerplate(texts: DataFrame, shared: DataFrame, settings: PartialText) -> DataFrame:
    """Every text with the indices of its boilerplate grams: note_id, text, common."""
    common = shared.where(is_common(settings) & F.expr(IS_GRAM)).groupBy("note_id").agg(F.collect_list("at").alias("common"))
    return texts.join(common, on="note_id", how="left")


def _passages(candidates: DataFrame, texts: DataFrame, settings: PartialText) -> DataFrame:
    """The candidates that alignment confirms (`verify_batches.PASSAGES`)."""

    def run(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        return verify_batches.passages(batches, settings)

    sides = [
        texts.select(
            F.col("note_id").alias(f"{side}_id"), F.col("text").alias(f"{side}_text"), F.col("common").alias(f"{side}_common")
        )
        for side in ("query", "target")
    ]
    joined = (
        candidates.select("query_id", "target_id", "seeds")
        .join(sides[0], on="query_id", how="inner")
        .join(sides[1], on="target_id", how="inner")
    )
    return joined.mapInArrow(run, from_arrow_schema(verify_batches.PASSAGES))


def _pairs(passages: DataFrame) -> DataFrame:
    query, target = (
        spark_columns.item("text", F.col(f"{side}_id"), text=F.col(f"{side}_text")) for side in ("query", "target")
    )
    names = ("query_start", "query_end", "target_start", "target_end", "shared_chars", "containment")
    evidence = {name: F.col(name) for name in names}
    return passages.select(*spark_columns.pair("partial_text", "text_to_text", query, target, F.col("containment"), evidence))


def _count(rows: DataFrame, reason: str) -> DataFrame:
    return rows.agg(F.lit(reason).alias("reason"), F.count("*").alias("rows"))
