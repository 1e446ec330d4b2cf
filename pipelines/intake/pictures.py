"""Which pictures the kept notes list, and where their bytes are."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.intake.notes import Sorted

COLUMNS = ("note_id", "position", "image_id", "uri")
"""Of a reference: the note that lists the picture, its place there from 0, its id, and its absolute uri or null."""

PASSWORD, QUERY = r"://[^/@\s]*:[^/@\s]+@", r"\?.*$"
"""Of a uri, what is not told: as `pipelines.credentials.redacted`."""
AMBIGUOUS = "image_id stands for several pictures"


def picture_references(notes: DataFrame, image_root: str) -> Sorted:
    """The references (COLUMNS) of the kept notes, and QUARANTINE rows for ids that stand for more than one picture.

    Args:
        notes: NOTES.
        image_root: what a relative uri is relative to.

    Cost: one shuffle of the references by image_id.
    """
    absolute = F.col("uri").rlike("^([A-Za-z][A-Za-z0-9+.-]+:|/)")
    listed = notes.select("note_id", F.posexplode("images").alias("position", "image")).select(
        "note_id",
        "position",
        F.col("image.image_id").alias("image_id"),
        F.when(F.trim("image.uri") != "", F.col("image.uri")).alias("uri"),
    )
    placed = listed.withColumn(
        "uri", F.when(absolute, F.col("uri")).otherwise(F.concat(F.lit(f"{image_root.rstrip('/')}/"), "uri"))
    )
    told = F.regexp_replace(F.regexp_replace("uri", PASSWORD, "://"), QUERY, "?...")
    uris = placed.groupBy("image_id").agg(F.count_distinct("uri").alias("uris")).where(F.col("uris") > 1)
    ambiguous = placed.join(uris, on="image_id", how="inner").select(
        F.col("image_id").alias("id"),
        F.lit("images").alias("source"),
        F.lit(AMBIGUOUS).alias("reason"),
        F.concat_ws(" ", F.lit("note"), "note_id", F.lit("shows"), told).alias("detail"),
    )
    return Sorted(placed.join(uris, on="image_id", how="left_anti").select(*COLUMNS), ambiguous)
