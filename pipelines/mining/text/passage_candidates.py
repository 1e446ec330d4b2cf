"""Candidate pairs of notes, from the fingerprints that they share."""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from pipelines.mining.text.settings import PartialText

IS_GRAM = "(fingerprint & 1) = 1"
COPIED_CHARS_PER_GRAM = 8
"""Two texts that share a frequent gram for each so many characters of the shorter are aligned: winnowing keeps one in four."""


def passage_candidates(shared: DataFrame, settings: PartialText) -> DataFrame:
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


def is_common(settings: PartialText) -> Column:
    """Whether a fingerprint is in so many notes that it is boilerplate."""
    return F.col("document_frequency") > settings.max_document_frequency


def _rare_seeds(shared: DataFrame, settings: PartialText) -> DataFrame:
    """The seeds of rare fingerprints: a row for each pair of notes that share one."""
    following = Window.partitionBy("fingerprint").orderBy("note_id").rowsBetween(1, settings.max_document_frequency)
    partners = F.collect_list(F.struct("note_id", "at")).over(following)
    rare = shared.where(~is_common(settings)).withColumn("partners", partners)
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
    common = shared.where(is_common(settings) & F.expr(IS_GRAM)).withColumn("partners", partners)
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
