"""Who visited what: a user's kept notes in the window, each at its first click."""

from typing import NamedTuple

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

MICROSECONDS_A_DAY = 86_400_000_000


class Visits(NamedTuple):
    """The visits that count, and what was left out before them."""

    rows: DataFrame
    """user_id, note_id, at (microseconds), clicks (of this user on this note), note_count (of the user, N_u), user_count (of
    the note). A row a user and note."""
    dropped: DataFrame
    """reason, rows: clicks and users that were left out. With the clicks of `rows`, those that begin with "clicks" are all."""


def visits(clicks: DataFrame, notes: DataFrame, window_days: int, max_notes_per_user: int) -> Visits:
    """The visits of users with 2 to `max_notes_per_user` kept notes in the window.

    The window ends at the newest click of all, on a kept note or not, and is counted in
    microseconds, so that no time zone's summer time moves it.

    Args:
        clicks: user_id, note_id, clicked_at.
        notes: note_id of the kept notes, unique.
        window_days: a click counts when it is less than this many days older than the newest.
        max_notes_per_user: a user with more notes is a bot or a crawler, and is left out.

    Cost: two passes over the clicks; shuffles by note (or a broadcast), by user and note, by user.
    A user's notes are never held in one row, so a bot that clicks everything costs its clicks only.
    """
    marked = _marked(clicks, notes, window_days)
    first = (
        marked.where(F.col("reason").isNull())
        .groupBy("user_id", "note_id")
        .agg(F.min("at").alias("at"), F.count("*").alias("clicks"))
    )
    counted = first.withColumn("note_count", F.count("*").over(Window.partitionBy("user_id")))

    too_few = F.col("note_count") < 2
    too_many = F.col("note_count") > max_notes_per_user
    able = counted.where(~too_few & ~too_many)
    # Counted and joined back: a window over a note would bring all of a hot note's visits to one task.
    audience = able.groupBy("note_id").agg(F.count("*").alias("user_count"))

    few, many = "users with fewer than 2 notes", f"users with more than {max_notes_per_user} notes"
    left_out = {few: F.count_if(too_few), many: F.count_if(too_many)} | {
        f"clicks of {users}": F.coalesce(F.sum(F.when(which, F.col("clicks"))), F.lit(0))
        for users, which in ((few, too_few), (many, too_many))
    }
    users_out = (
        counted.groupBy("user_id", "note_count")
        .agg(F.sum("clicks").alias("clicks"))
        .agg(
            F.explode(F.array(*[F.struct(F.lit(r).alias("reason"), n.alias("rows")) for r, n in left_out.items()])).alias("out")
        )
    )
    clicks_out = marked.where(F.col("reason").isNotNull()).groupBy("reason").agg(F.count("*").alias("rows"))
    return Visits(able.join(audience, on="note_id", how="inner"), clicks_out.unionByName(users_out.select("out.*")))


def _marked(clicks: DataFrame, notes: DataFrame, window_days: int) -> DataFrame:
    """Each click with the reason why it does not count, or null."""
    at = F.unix_micros("clicked_at")
    newest = clicks.agg(F.max(at).alias("newest"))
    kept = notes.select("note_id", F.lit(True).alias("kept"))
    too_old = F.col("at") <= F.col("newest") - F.lit(window_days * MICROSECONDS_A_DAY)
    reason = F.when(too_old, "clicks before the window").when(F.col("kept").isNull(), "clicks on notes that are not kept")
    return (
        clicks.select("user_id", "note_id", at.alias("at"))
        .crossJoin(F.broadcast(newest))
        .join(kept, on="note_id", how="left")
        .select("user_id", "note_id", "at", reason.alias("reason"))
    )
