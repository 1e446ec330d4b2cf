"""Which pictures the kept notes list, and where their bytes are; the bytes that come in a table."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pipelines.input_tables.values.broken_ids import LOST_DIGITS
from pipelines.media.picture_uri import ABSOLUTE, root_of
from pipelines.mining.intake.field_faults import has_fault, with_faults
from pipelines.mining.intake.readers import UNREADABLE
from pipelines.mining.intake.validate_notes import Sorted
from pipelines.workspace.uri_credentials import USERINFO

COLUMNS = ("note_id", "position", "image_id", "uri")
"""Of a reference: the note that lists the picture, its place there from 0, its id, and its absolute uri or null."""

QUERY = r"(?s)\?.*$"
"""The parts of a uri that details leave out, as `pipelines.workspace.uri_credentials.redacted`."""
LONGEST = 200
AMBIGUOUS = "image_id stands for several pictures"


def picture_references(notes: DataFrame, image_root: str) -> Sorted:
    """The references (COLUMNS) of the kept notes, and QUARANTINE rows for ids that stand for more than one picture.

    A reference without a uri has the one that another note gives for its image_id: an id stands for one picture.

    Args:
        notes: NOTES.
        image_root: what a relative uri is relative to; options for its store (`?region=…`) do not get into a uri.

    Cost: one shuffle of ids, and one of the references where many ids have several uris, or not always one; they are persisted.
    """
    absolute, root = F.col("uri").rlike(ABSOLUTE), root_of(image_root)
    name = F.replace("uri", F.lit("%"), F.lit("%25")) if root.decodes else F.col("uri")
    listed = notes.select("note_id", F.posexplode("images").alias("position", "image")).select(
        "note_id",
        "position",
        F.col("image.image_id").alias("image_id"),
        F.when(F.trim("image.uri") != "", F.col("image.uri")).alias("uri"),
    )
    placed = listed.withColumn("uri", F.when(absolute, F.col("uri")).otherwise(F.concat(F.lit(root.prefix), name)))
    # Added up and joined back: a window over an id would bring all notes with one meme to one task.
    place = _plain(F.col("uri"))
    by_id = placed.groupBy("image_id").agg(
        F.min("uri").alias("known"),
        (F.min(place) < F.max(place)).alias("several"),
        (F.count("uri") < F.count("*")).alias("lacking"),
    )
    uneven = by_id.where("several or (lacking and known is not null)").drop("lacking")
    marked = placed.join(uneven, on="image_id", how="left").withColumn("uri", F.coalesce("uri", "known")).persist()
    shown_uri = F.regexp_replace(F.regexp_replace("uri", USERINFO, "$1$2$3"), QUERY, "?...")
    ambiguous = marked.where("several").select(
        F.col("image_id").alias("id"),
        F.lit("images").alias("source"),
        F.lit(AMBIGUOUS).alias("reason"),
        F.concat_ws(" ", F.lit("note"), "note_id", F.lit("shows"), F.left(shown_uri, F.lit(LONGEST))).alias("detail"),
    )
    return Sorted(marked.where(~F.coalesce("several", F.lit(False))).select(*COLUMNS), ambiguous)


def _plain(uri: Column) -> Column:
    """A uri in one spelling: `./`, doubled slashes, `file://` and s3a:// say nothing of which picture it is."""
    for pattern, plain in ((r"^file:/+", "/"), (r"^s3a:", "s3:"), (r"/(\./)+", "/"), (r"(?<!:)/{2,}", "/")):
        uri = F.regexp_replace(uri, pattern, plain)
    return uri


def accept_contents(read: DataFrame) -> Sorted:
    """Split a table of pictures into image_id, content, each id once, and refused rows; every row is in one of them.

    As with notes: a row that stands twice to the byte is kept once, an id that stands for different bytes is refused whole.

    Cost: one shuffle of the bytes by image_id, one of their hashes.
    """
    reason = (
        F.when(F.col(UNREADABLE).isNotNull(), "not a readable row")
        .when(has_fault("image_id"), f"image_id {LOST_DIGITS}")
        .when(F.col("image_id").isNull() | (F.trim("image_id") == ""), "no image_id")
        .when(F.col("content").isNull() & has_fault("content"), "content is neither bytes nor base64")
        .when(F.col("content").isNull(), "no content")
    )
    read = with_faults(read)
    digest = F.sha2("content", 256)
    marked = read.withColumns({"reason": reason, "digest": digest})
    by_id = (
        marked.where(F.col("reason").isNull())
        .groupBy("image_id")
        .agg(
            F.max("content").alias("content"),
            F.count("*").alias("rows"),
            (F.min("digest") != F.max("digest")).alias("differ"),
        )
    )
    repeated = by_id.where(F.col("rows") > 1).select(
        F.col("image_id").alias("id"),
        F.when(F.col("differ"), "image_id twice, bytes differ").otherwise("image_id twice, same bytes").alias("reason"),
        F.explode(F.sequence(F.lit(1), F.col("rows") - F.when(F.col("differ"), 0).otherwise(1))),
    )
    row = F.concat_ws(" ", F.coalesce("digest", F.lit("")), F.coalesce(UNREADABLE, F.lit("")))
    named = F.coalesce("image_id", F.concat(F.lit("row "), F.substring(F.sha2(row, 256), 1, 16)))
    bad = marked.where(F.col("reason").isNotNull()).select(named.alias("id"), "reason")
    refused = bad.unionByName(repeated.select("id", "reason")).select(
        "id", F.lit("images").alias("source"), "reason", F.lit("a row of --images").alias("detail")
    )
    return Sorted(by_id.where(~F.col("differ")).select("image_id", "content"), refused)
