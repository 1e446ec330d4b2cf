"""Step: partial text, the passages that two notes share, verbatim or retyped a little."""

from collections.abc import Iterator

import pyarrow as pa
from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_schema

from pipelines.items import spark_columns
from pipelines.mining.text import fingerprint_batches, verify_batches
from pipelines.mining.text.settings import PartialText
from pipelines.workspace.stage_output import Output, dropped_counts
from schemas.intermediate import TEXT_TIES

IS_GRAM = "(fingerprint & 1) = 1"
COPIED_CHARS_PER_GRAM = 8
"""Two texts that share a frequent gram for each so many characters of the shorter are aligned: winnowing keeps one in four."""


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
    digests = _digests(texts, settings).persist()
    texts = texts.drop("body_at")
    copies = _copies(digests, settings)
    distinct = texts.join(copies, on=texts["note_id"] == copies["target_id"], how="left_anti")
    shared = _shared_fingerprints(distinct, settings).persist()
    candidates = _candidates(shared, settings)
    passages = _passages(candidates.where("is_kept"), _boilerplate(texts, shared, settings), settings).persist()
    dropped = [
        _count(shared.where(_is_common(settings)), "fingerprint in more than max_document_frequency notes"),
        _count(candidates.where(~F.col("is_kept")), "candidate pair beyond max_pairs_per_note"),
        _count(copies, "whole text equal to another note's: paired with the first of them only"),
    ]
    rows = passages.where(~F.col("is_tie")).drop("is_tie").unionByName(_copied_passages(texts, copies))
    pairs = Output(_pairs(rows), dropped[0].unionByName(dropped[1]).unionByName(dropped[2]))
    return [pairs, Output(_ties(passages.where("is_tie"), digests), dropped_counts(notes.sparkSession, {}))]


def _digests(texts: DataFrame, settings: PartialText) -> DataFrame:
    """`fingerprint_batches.DIGESTS` of the texts, and of the bodies below a title."""

    def run(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        return fingerprint_batches.digests(batches, settings.gram_columns, settings.min_body_chars)

    return texts.mapInArrow(run, from_arrow_schema(fingerprint_batches.DIGESTS))


def _copies(digests: DataFrame, settings: PartialText) -> DataFrame:
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


def _ties(contained: DataFrame, digests: DataFrame) -> DataFrame:
    """TEXT_TIES: each note with the first note of the same text or body, and texts that contain most of another."""
    first = F.min("note_id").over(Window.partitionBy("digest"))
    equal = digests.select("note_id", "chars", first.alias("first")).where(F.col("first") < F.col("note_id"))
    names = TEXT_TIES.columns.names
    rows = equal.select("first", "note_id", "chars", F.lit(1.0)).toDF(*names)
    rows = rows.unionByName(contained.select("query_id", "target_id", "shared_chars", "containment").toDF(*names))
    return rows.groupBy(*names[:2]).agg(F.max(names[2]).alias(names[2]), F.max(names[3]).alias(names[3]))


def _shared_fingerprints(texts: DataFrame, settings: PartialText) -> DataFrame:
    """Fingerprints of more than one note: fingerprint, note_id, at, document_frequency."""

    def run(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        return fingerprint_batches.fingerprints(batches, settings)

    fingerprints = texts.mapInArrow(run, from_arrow_schema(fingerprint_batches.FINGERPRINTS))
    frequency = F.count("*").over(Window.partitionBy("fingerprint"))
    return fingerprints.withColumn("document_frequency", frequency).where(F.col("document_frequency") > 1)


def _is_common(settings: PartialText) -> Column:
    return F.col("document_frequency") > settings.max_document_frequency


def _candidates(shared: DataFrame, settings: PartialText) -> DataFrame:
    """Pairs of notes with enough in common to be aligned: query_id, target_id, seeds, is_kept.

    One rare gram is enough; of rare links it takes two on nearly the same diagonal, of boilerplate
    grams many or most of a short text, and these only pair a note with two of the notes that have them.
    """
    seeds = _rare_seeds(shared, settings).unionByName(_copied_seeds(shared, settings))
    grouped = seeds.groupBy("query_id", "target_id").agg(
        F.sort_array(F.collect_list(F.struct("query_at", "target_at"))).alias("seeds"),
        F.count("*").alias("weight"),
        F.count_if("is_rare").alias("rare"),
        F.max(F.col("is_rare") & F.expr(IS_GRAM)).alias("has_rare_gram"),
        F.max("shorter").alias("shorter"),
    )
    is_rare = F.col("has_rare_gram") | ((F.col("rare") > 1) & _on_one_diagonal(F.col("seeds"), settings))
    copied = F.col("weight") - F.col("rare")
    is_copy = (copied >= settings.min_copied_grams) | (copied * COPIED_CHARS_PER_GRAM >= F.col("shorter"))
    ranked = (
        grouped.withColumn("is_rare", is_rare)
        .where(F.col("is_rare") | is_copy)
        .withColumn("query_rank", _rank("query_id", "target_id"))
        .withColumn("target_rank", _rank("target_id", "query_id"))
    )
    # The first note of a viral text has a copy in every note that took it: only the copies are capped.
    of_query = ~F.col("is_rare") | (F.col("query_rank") <= settings.max_pairs_per_note)
    of_target = F.col("target_rank") <= settings.max_pairs_per_note
    step = F.ceil(F.size("seeds") / settings.max_seeds_per_pair)
    thinned = F.filter("seeds", lambda _, i: i % step == 0)
    return ranked.select("query_id", "target_id", thinned.alias("seeds"), (of_query & of_target).alias("is_kept"))


def _rare_seeds(shared: DataFrame, settings: PartialText) -> DataFrame:
    """The seeds of rare fingerprints: a row for each pair of notes that share one."""
    following = Window.partitionBy("fingerprint").orderBy("note_id").rowsBetween(1, settings.max_document_frequency)
    partners = F.collect_list(F.struct("note_id", "at")).over(following)
    rare = shared.where(~_is_common(settings)).withColumn("partners", partners)
    exploded = rare.select(
        "fingerprint", F.col("note_id").alias("query_id"), F.col("at").alias("query_at"), F.explode("partners").alias("partner")
    )
    return exploded.select(
        "fingerprint",
        "query_id",
        F.col("partner.note_id").alias("target_id"),
        "query_at",
        F.col("partner.at").alias("target_at"),
        F.lit(True).alias("is_rare"),
        F.lit(None).cast("int").alias("shorter"),
    )


def _copied_seeds(shared: DataFrame, settings: PartialText) -> DataFrame:
    """The seeds of boilerplate grams: of the notes that have one, by length, each with the shortest and with the one before.

    A text that went round is contained in all its copies: the shortest copy ties them; neighbours in length are near copies.
    """
    by_length = Window.partitionBy("fingerprint").orderBy("chars", "note_id")
    place = F.struct("note_id", "at", "chars")
    partners = F.array_distinct(F.array(F.first(place).over(by_length), F.lag(place).over(by_length)))
    common = shared.where(_is_common(settings) & F.expr(IS_GRAM)).withColumn("partners", partners)
    one = F.struct("note_id", "at", "chars")
    exploded = common.select("fingerprint", one.alias("one"), F.explode("partners").alias("other"))
    exploded = exploded.where(F.col("other.note_id") != F.col("one.note_id"))
    query, target = F.least("one", "other"), F.greatest("one", "other")  # by note_id, the first field
    return exploded.select(
        "fingerprint",
        query["note_id"].alias("query_id"),
        target["note_id"].alias("target_id"),
        query["at"].alias("query_at"),
        target["at"].alias("target_at"),
        F.lit(False).alias("is_rare"),
        F.least("one.chars", "other.chars").alias("shorter"),
    )


def _rank(note: str, other: str) -> Column:
    return F.row_number().over(Window.partitionBy(note, "is_rare").orderBy(F.desc("weight"), other))


def _on_one_diagonal(seeds: Column, settings: PartialText) -> Column:
    """Whether the shifts of two seeds are so close that one alignment can contain both."""
    widest = settings.score_drop
    shifts = F.sort_array(F.transform(seeds, lambda s: s["query_at"] - s["target_at"]))
    steps = F.zip_with(F.slice(shifts, 2, F.size(shifts)), shifts, lambda later, sooner: later - sooner <= widest)
    return F.exists(steps, lambda is_close: F.coalesce(is_close, F.lit(False)))


def _boilerplate(texts: DataFrame, shared: DataFrame, settings: PartialText) -> DataFrame:
    """Every text with the indices of its boilerplate grams: note_id, text, common."""
    common = shared.where(_is_common(settings) & F.expr(IS_GRAM)).groupBy("note_id").agg(F.collect_list("at").alias("common"))
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


def _copied_passages(texts: DataFrame, copies: DataFrame) -> DataFrame:
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


def _pairs(passages: DataFrame) -> DataFrame:
    query, target = (
        spark_columns.item("text", F.col(f"{side}_id"), text=F.col(f"{side}_text")) for side in ("query", "target")
    )
    names = ("query_start", "query_end", "target_start", "target_end", "shared_chars", "containment")
    evidence = {name: F.col(name) for name in names}
    return passages.select(*spark_columns.pair("partial_text", "text_to_text", query, target, F.col("containment"), evidence))


def _count(rows: DataFrame, reason: str) -> DataFrame:
    return rows.agg(F.lit(reason).alias("reason"), F.count("*").alias("rows"))
