"""Clicks: refuse rows without a user, a note or a time."""

from datetime import UTC, datetime, timedelta

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pipelines.input_tables.values.broken_ids import LOST_DIGITS, NO_TEXT, REPLACED
from pipelines.mining.intake.field_faults import has_fault, with_faults
from pipelines.mining.intake.readers import UNREADABLE
from pipelines.mining.intake.validate_notes import Sorted

PARTS = {"note_id": "missing", "user_id": "missing", "clicked_at": "missing or not a time"}
"""Required columns of a click, and the reason of a click without one."""


def accept_clicks(read: DataFrame) -> Sorted:
    """Split what was read into clicks (user_id, note_id, clicked_at) and refused rows.

    A click of tomorrow is refused: the window ends at the newest click, and a single one that took milliseconds for
    microseconds would leave all others outside. A refused row is named by a hash and by what it has: not even its note_id
    is in its detail, which is a user's where a file's columns stand in another order. User ids do not leave the co-click step.
    """
    tomorrow = F.lit(datetime.now(UTC) + timedelta(days=1))
    reason = (
        F.when(F.col(UNREADABLE).isNotNull(), "not a readable row")
        .when(has_fault("user_id"), f"user_id {LOST_DIGITS}")
        .when(has_fault("note_id"), f"note_id {LOST_DIGITS}")
        .when(F.contains("user_id", F.lit(REPLACED)), f"user_id {NO_TEXT}")
        .when(F.contains("note_id", F.lit(REPLACED)), f"note_id {NO_TEXT}")
        .when(F.col("user_id").isNull() | (F.col("user_id") == ""), "no user_id")
        .when(F.col("note_id").isNull() | (F.col("note_id") == ""), "no note_id")
        .when(F.col("clicked_at").isNull(), "no clicked_at, or not a time")
        .when(F.col("clicked_at") > tomorrow, "clicked_at in the future")
    )
    marked = with_faults(read).withColumn("reason", reason)
    row = F.to_json(F.struct("user_id", "note_id", "clicked_at", UNREADABLE))
    refused = marked.where(F.col("reason").isNotNull()).select(
        F.concat(F.lit("row "), F.substring(F.sha2(row, 256), 1, 16)).alias("id"),
        F.lit("clicks").alias("source"),
        F.col("reason"),
        F.concat_ws(", ", *[_given(name, without) for name, without in PARTS.items()]).alias("detail"),
    )
    return Sorted(marked.where(F.col("reason").isNull()).select("user_id", "note_id", "clicked_at"), refused)


def _given(name: str, without: str) -> Column:
    blank = F.col(name).isNull() | (F.trim(F.col(name).cast("string")) == "")
    return F.concat(F.lit(f"{name} "), F.when(blank, without).otherwise("given"))
