"""Notes: refuse what cannot be a note, keep the well-liked ones."""

from dataclasses import dataclass
from typing import Annotated, NamedTuple

import pyarrow as pa
from pydantic import Field
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.window import Window

from pipelines.input_tables.our_rows import FAULTS
from pipelines.input_tables.values.broken_ids import LOST_DIGITS, NO_TEXT, REPLACED
from pipelines.mining.intake.field_faults import has_fault, with_faults
from pipelines.mining.intake.readers import UNREADABLE
from schemas.datasets import NOTES
from schemas.inputs import NOTES_IN

TWICE_SAME = "note_id twice, same row"
TWICE_OTHER = "note_id twice, rows differ"
LINE_READ = 100_000
"""Characters of a line that could not be read in which its numbers are looked for."""
SCALAR = r"""[{{\s,"']{name}["']?\s*:\s*("[^"]{{0,40}}"?|[^\s,}}\]\["]{{1,40}})"""
"""Of a line of JSON, the number, time or short text of a name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which notes are liked well enough."""

    min_likes: Annotated[int, Field(ge=0, le=10**12)] = 101
    """Keep notes with at least this many likes; 101 is the paper's "more than 100" (method.md, section 2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """How much may be wrong with the input."""

    max_refused_share: Annotated[float, Field(ge=0, le=1)] = 0.2
    """Stop when more than this share of the notes, of the pictures or of the clicks is refused: it is not what it seems."""
    any_uri: bool = False
    """Let a note name pictures outside --image-root: by an absolute path, `..`, a link, another bucket or file system. Whoever
    may write notes can then have any file read that the job can read, and end the job by naming a store that refuses."""
    max_chars: Annotated[int, Field(ge=1, le=10_000_000)] = 1_000_000
    """Refuse a note whose title and body have more characters together: it is a file, not a post, and a text
    is worked on in memory, at some 200 bytes a character. Ours."""
    recorded_drops: Annotated[int, Field(ge=0, le=10**10)] = 10_000_000
    """Notes left out by the filter and the balance that `dropped_notes` names, about; of more, so many by a hash of their id.
    Ten million are some 300 MB."""


class Sorted(NamedTuple):
    """Rows that are right, and QUARANTINE rows for the others."""

    good: DataFrame
    refused: DataFrame


def accept_notes(read: DataFrame, settings: Intake, *, likes_needed: bool = True) -> Sorted:
    """Split what was read into notes and refused rows; every row is in one of them.

    A field that could not be read is null, and no reason to refuse the row, but for note_id and, while notes are filtered by
    it, like_count; else a note without one counts 0. A row that is there twice to the letter is kept once. Rows that differ
    under one note_id are all refused: nobody can tell which is meant. The order of the input does not matter.

    Cost: one shuffle of the ids, one of the rows whose id stands twice.
    """
    read = with_faults(read)
    if not likes_needed:
        read = read.withColumn("like_count", F.greatest(F.coalesce("like_count", F.lit(0)), F.lit(0)))
    marked = read.withColumn("reason", _fault(settings.max_chars))
    sound = marked.where(F.col("reason").isNull())
    twice = sound.groupBy("note_id").agg(F.count("*").alias("rows")).where(F.col("rows") > 1)
    repeated = sound.join(twice, on="note_id", how="left_semi").transform(_judge_repeated)
    once = sound.join(twice, on="note_id", how="left_anti")
    good = once.unionByName(repeated.where(F.col("reason").isNull())).drop("reason", UNREADABLE, FAULTS)
    refused = marked.where(F.col("reason").isNotNull()).unionByName(repeated.where(F.col("reason").isNotNull()))
    return Sorted(good.transform(_completed), refused.select(*_quarantined()))


def keep_liked(notes: DataFrame, settings: Filter) -> DataFrame:
    """The notes with enough likes."""
    return notes.where(F.col("like_count") >= settings.min_likes).withColumn(
        "kept_because", F.lit(f"like_count >= {settings.min_likes}")
    )


def _fault(max_chars: int) -> Column:
    no_id = F.col("note_id").isNull() | (F.trim("note_id") == "")
    chars = F.coalesce(F.length("title"), F.lit(0)) + F.coalesce(F.length("body"), F.lit(0))
    bad_picture = F.exists("images", lambda i: i.isNull() | i["image_id"].isNull() | (F.trim(i["image_id"]) == ""))
    return (
        F.when(F.col(UNREADABLE).isNotNull(), "not a readable row")
        .when(has_fault("note_id"), f"note_id {LOST_DIGITS}")
        .when(no_id, "no note_id")
        .when(F.contains("note_id", F.lit(REPLACED)), f"note_id {NO_TEXT}")
        .when(F.col("like_count").isNull() & has_fault("like_count"), "like_count is not a whole number")
        .when(F.col("like_count").isNull(), "no like_count")
        .when(F.col("like_count") < 0, "negative like_count")
        .when(bad_picture, "a picture without image_id")
        .when(chars > max_chars, "text too long")
    )


def _judge_repeated(rows: DataFrame) -> DataFrame:
    """Of the rows of one id: the first of equal ones is good, all of differing ones are refused."""
    content = F.sha2(F.to_json(F.struct(*[c for c in rows.columns if c not in ("reason", FAULTS)])), 256)
    same_id = Window.partitionBy("note_id")
    judged = rows.withColumn("_content", content)
    differ = F.min("_content").over(same_id) != F.max("_content").over(same_id)
    first = F.row_number().over(same_id.orderBy("_content")) == 1
    verdict = F.when(differ, TWICE_OTHER).when(~first, TWICE_SAME)
    return judged.withColumn("reason", verdict).drop("_content")


def _completed(notes: DataFrame) -> DataFrame:
    """Nulls that have a meaning get it; a picture that a note lists twice stands once, at its first place."""
    none = F.array().cast(notes.schema["images"].dataType)
    return (
        notes.withColumn("topic", F.coalesce("topic", F.lit("unknown")))
        .withColumn("images", F.array_distinct(F.coalesce("images", none)))
        .withColumn("image_count", F.size("images"))
        .withColumn("kept_because", F.lit(""))
        .select(*NOTES.columns.names)
    )


def _shown_line() -> Column:
    """Of a line that could not be read: its size, and what stands at our columns of numbers and times.

    The detail has nothing else of it: a line may contain anything, such as a user id.
    """
    parts = [F.concat(F.length(UNREADABLE).cast("string"), F.lit(" characters"))]
    for name in (f.name for f in NOTES_IN if pa.types.is_integer(f.type) or pa.types.is_timestamp(f.type)):
        found = F.regexp_extract(F.substring(UNREADABLE, 1, LINE_READ), SCALAR.format(name=name), 1)
        parts.append(F.concat(F.lit(f"{name} "), F.nullif(found, F.lit(""))))
    return F.when(F.col(UNREADABLE).isNotNull(), F.concat_ws(", ", *parts))


def _unread_like_count() -> Column:
    """What stood at like_count where that could not be read; null, and so not in the detail, where it could."""
    faults = F.filter(FAULTS, lambda fault: fault["column"] == "like_count")
    return F.get(F.transform(faults, lambda fault: fault["example"]), 0)


def _quarantined() -> list[Column]:
    row = F.to_json(
        F.struct("note_id", "like_count", _unread_like_count().alias("like_count_text"), _shown_line().alias("line"))
    )
    id_or_hash = F.coalesce("note_id", F.concat(F.lit("row "), F.substring(F.sha2(row, 256), 1, 16)))
    return [id_or_hash.alias("id"), F.lit("notes").alias("source"), F.col("reason"), row.alias("detail")]
