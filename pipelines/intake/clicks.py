"""Clicks: refuse rows without a user, a note or a time."""

from datetime import UTC, datetime, timedelta

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.intake.notes import Sorted
from pipelines.intake.read import UNREADABLE


def accept_clicks(read: DataFrame) -> Sorted:
    """Split what was read into clicks (user_id, note_id, clicked_at) and refused rows.

    A click of tomorrow is refused: the window ends at the newest click, and a single one that took milliseconds for
    microseconds would leave all others outside. A refused row is named by a hash and by its note: user ids do not leave
    the co-click step.
    """
    tomorrow = F.lit(datetime.now(UTC) + timedelta(days=1))
    reason = (
        F.when(F.col(UNREADABLE).isNotNull(), "not a readable row")
        .when(F.col("user_id").isNull() | (F.col("user_id") == ""), "no user_id")
        .when(F.col("note_id").isNull() | (F.col("note_id") == ""), "no note_id")
        .when(F.col("clicked_at").isNull(), "no clicked_at, or not a time")
        .when(F.col("clicked_at") > tomorrow, "clicked_at in the future")
    )
    marked = read.withColumn("reason", reason)
    row = F.to_json(F.struct("user_id", "note_id", "clicked_at", UNREADABLE))
    refused = marked.where(F.col("reason").isNotNull()).select(
        F.concat(F.lit("row "), F.substring(F.sha2(row, 256), 1, 16)).alias("id"),
        F.lit("clicks").alias("source"),
        F.col("reason"),
        F.concat(F.lit("note_id "), F.coalesce("note_id", F.lit("null"))).alias("detail"),
    )
    return Sorted(marked.where(F.col("reason").isNull()).select("user_id", "note_id", "clicked_at"), refused)
