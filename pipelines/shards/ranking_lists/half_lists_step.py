"""Ranking lists of a note's halves, then noise; and the columns that all ranking lists share (method.md, section 7)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal, NamedTuple

import pyarrow as pa
from pydantic import Field
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pipelines.items import spark_columns
from pipelines.items.spark_columns import spark_type
from pipelines.media.image_families import families_in_note
from pipelines.shards.files.intermediate_tables import RL_ROWS
from pipelines.shards.files.seeded_order import hashed, smallest
from pipelines.shards.ranking_lists.noise_notes import noise
from pipelines.shards.ranking_lists.note_halves import Halves, halves
from pipelines.shards.training_rows.training_rows_step import candidate
from pipelines.workspace.stage_output import Output, dropped_counts
from schemas.errors import SettingsError
from schemas.item import ITEM
from schemas.shards import CANDIDATE

ENOUGH = "more lists than the settings allow"
NO_NOISE = "no unrelated note as its noise"
SHORT = "lists with less noise than the settings ask for, kept"


@dataclass(frozen=True, slots=True, kw_only=True)
class RankingLists:
    """Settings of the ranking lists."""

    lists: Annotated[int, Field(ge=0, le=10**12)] = 60_000
    """Lists of note halves per split, at most. Source: UniNote."""
    candidates: Annotated[int, Field(ge=2, le=1000)] = 10
    """G, candidates of a list: the relevant ones, filled up with noise. Source: UniNote's example."""
    shared: Annotated[int, Field(ge=1, le=1000)] = 6
    """M, families of pictures that a candidate shares with the query, at most. Source: UniNote's example."""
    noise: Literal["halves", "notes"] = "halves"
    """halves: a noise candidate is half of a note, drawn like the relevant candidates; notes: the whole note. Ours: whole notes
    are longer than halves, so that length would give noise away."""
    judged: Annotated[int, Field(ge=0, le=10**12)] = 60_000
    """Judged lists per split, at most."""
    min_grade: Annotated[int, Field(ge=1, le=3)] = 1
    """Smallest grade of a relevant judged candidate."""

    def __post_init__(self) -> None:
        """Check that a list has room for N_B, M steps and a noise note."""
        if self.shared > self.candidates - 2:
            values = f"shared {self.shared}, candidates {self.candidates}"
            raise SettingsError(f"ranking: expected shared <= candidates - 2, so that N_B and one noise note fit, got {values}")


SPLIT_NOTE = pa.schema(
    [
        ("note_id", pa.string()),
        ("reason", pa.string()),
        ("query", ITEM),
        ("relevant", pa.list_(ITEM)),
        ("shares", pa.list_(pa.float64())),
        ("as_noise", ITEM),
    ]
)


class NoteSources(NamedTuple):
    """Input tables of the lists of halves."""

    notes: DataFrame
    """NOTES."""
    images: DataFrame
    """IMAGES."""
    components: DataFrame
    """COMPONENTS."""
    copies: DataFrame
    """PICTURE_PAIRS."""


def split_notes(sources: NoteSources, settings: RankingLists, seed: int) -> DataFrame:
    """Split every note in halves: SPLIT_NOTE with split, component_id, and `whole`, the note as an item.

    Cost: shuffles of the pictures by file and by note; about 100 us per note in Python.
    """
    pairs = sources.copies.select(F.col("sha256_l").alias("sha256"), F.col("sha256_r").alias("other"))
    both = pairs.unionByName(pairs.select(F.col("other").alias("sha256"), F.col("sha256").alias("other")))
    near = both.groupBy("sha256").agg(
        F.sort_array(F.collect_set("other")).alias("near")
    )  # bounded: mining limits a picture's pairs
    images = sources.images.select("note_id", "position", "image_id", "sha256").join(near, on="sha256", how="left")
    pictures = images.groupBy("note_id").agg(
        F.sort_array(
            F.collect_list(
                F.struct("position", "image_id", "sha256", F.coalesce("near", F.array().cast("array<string>")).alias("near"))
            )
        ).alias("pictures")
    )
    text = spark_columns.full_text(F.col("title"), F.col("body")).alias("text")
    contents = sources.notes.select("note_id", text).join(pictures, on="note_id", how="left")
    ddl = ", ".join(f"{f.name} {spark_type(f.type)}" for f in SPLIT_NOTE)
    halves_of_note = contents.mapInArrow(_splitting(settings, seed), ddl)
    whole = spark_columns.note_items(sources.notes, sources.images).withColumnRenamed("item", "whole")
    splits = sources.components.select("note_id", "split", "component_id")
    return halves_of_note.join(splits, on="note_id", how="inner").join(whole, on="note_id", how="inner")


def half_lists(notes: DataFrame, ties: DataFrame, settings: RankingLists, seed: int) -> Output:
    """RL_ROWS of note halves.

    Args:
        notes: `split_notes`, persisted.
        ties: `noise.component_ties`.
        settings: number and length of the lists.
        seed: enters the hashes.
    """
    usable = notes.where("reason is null").withColumn("order", hashed("note_id", seed, "list"))
    counts: dict[tuple[object, ...], int] = {(row["split"],): row["count"] for row in usable.groupBy("split").count().collect()}
    quotas = {split: min(count, settings.lists) for split, count in counts.items()}
    chosen = smallest(usable, ["split"], quotas, counts, ("order", "note_id")).withColumn("list_key", F.col("note_id"))
    needed = F.lit(settings.candidates) - F.size("relevant")
    pool = usable.select(
        "note_id", "split", "component_id", F.col("as_noise" if settings.noise == "halves" else "whole").alias("item")
    )
    with_noise = noise(chosen.select("list_key", "split", "component_id", needed.alias("needed")), pool, ties, seed)
    component = F.col("component_id")
    graded = F.transform(
        F.arrays_zip("relevant", "shares"),
        lambda c: one_candidate(c["relevant"], component, c["shares"], F.when(c["shares"] > 0, "overlap").otherwise("half")),
    )
    rows = chosen.join(with_noise, on="list_key", how="inner").select(
        *row_columns("split", F.col("query"), graded, F.size("relevant"), seed)
    )
    reasons = notes.where("reason is not null").groupBy("reason").count().collect()
    dropped = {row["reason"]: row["count"] for row in reasons} | {ENOUGH: sum(counts.values()) - sum(quotas.values())}
    return with_counts(rows, dropped, notes.count())


def with_counts(rows: DataFrame, dropped: dict[str, int], rows_in: int) -> Output:
    """The rows, persisted, with their counts; rows that are neither in them nor in `dropped` got no noise."""
    computed = rows.persist()
    without_noise = rows_in - sum(dropped.values()) - computed.count()
    return Output(computed, dropped_counts(rows.sparkSession, dropped | {NO_NOISE: without_noise}), rows_in)


def row_columns(source: str, query: Column, graded: Column, relevant: Column, seed: int) -> list[Column]:
    """The columns of RL_ROWS; the rows have split, component_id and noise."""
    noise_candidates = F.transform("noise", lambda n: one_candidate(n["item"], n["component_id"], F.lit(0.0), F.lit("noise")))
    candidates = F.concat(graded, noise_candidates)
    ids = F.transform(candidates, lambda c: c["item"]["item_id"])
    list_id = F.substring(F.sha2(F.concat_ws(" ", query["item_id"], ids), 256), 1, 32)
    row = {
        "split": F.col("split"),
        "order": F.xxhash64(list_id, F.lit(seed), F.lit("order")),
        "list_id": list_id,
        "source": F.lit(source),
        "query": query,
        "component_id": F.col("component_id"),
        "candidates": candidates,
        "relevant": relevant.cast("int"),
    }
    return [row[name].alias(name) for name in RL_ROWS.columns.names]


def one_candidate(item: Column, component: Column, label: Column, source: Column) -> Column:
    """A CANDIDATE of a list, without a similarity of the reference encoder."""
    no_similarity = F.lit(None).cast("double")
    return candidate(item, component, no_similarity, label, source).cast(spark_type(CANDIDATE))


def _splitting(settings: RankingLists, seed: int) -> Any:  # noqa: ANN401
    def work(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            yield pa.RecordBatch.from_pylist([_split(row, settings, seed) for row in batch.to_pylist()], SPLIT_NOTE)

    return work


def _split(row: dict[str, Any], settings: RankingLists, seed: int) -> dict[str, Any]:
    pictures = {p["image_id"]: p for p in row["pictures"] or []}
    numbers = families_in_note([p["sha256"] for p in pictures.values()], [p["near"] for p in pictures.values()])
    halves_or_reason = halves(row["note_id"], row["text"], list(pictures), numbers, settings.shared, seed)
    if not isinstance(halves_or_reason, Halves):
        return {"note_id": row["note_id"], "reason": halves_or_reason}
    return {
        "note_id": row["note_id"],
        "query": halves_or_reason.query,
        "relevant": halves_or_reason.relevant,
        "shares": halves_or_reason.shares,
        "as_noise": halves_or_reason.as_noise,
    }
