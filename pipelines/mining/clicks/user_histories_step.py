"""Step: clicks -> the histories of the users that count; counts the clicks and users that do not."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pipelines.engines.block_shuffle import Work, in_blocks
from pipelines.engines.column_blocks import Part, blocks, joined
from pipelines.mining.clicks.history_arrow import HISTORIES, flat, history_rows, rows_without_notes
from pipelines.mining.clicks.user_history import Histories, Visits, bounded, histories, tied_pairs

MICROSECONDS_A_DAY = 86_400_000_000
CLICKS_A_TASK = 1_000_000
"""Clicks of the users of one task: some 400 MB of a worker."""
PAIRS_A_TASK = 4_000_000
"""Pairs of visits of one task: at most 1 GB of a worker."""
CLICKS_AT_ONCE = 1_000_000
"""Clicks that are cut into blocks at a time, 24 bytes each: enough for the speed of numpy and the shuffle."""
VISITS = ("user", "note", "at", "clicks")
UNKEPT = "unkept"
"""Columns of blocks; the last counts the clicks on notes that are not kept."""


class UserHistories(NamedTuple):
    """The histories that count, and the counts of what was dropped before them."""

    rows: DataFrame
    """HISTORIES: user, length (N_u), clicks, notes, at (microseconds, rising); a row a user, with numbers for ids.
    Persisted."""
    dropped: DataFrame
    """reason, rows: clicks and users that do not count. With the clicks of `rows` the reasons "clicks ..." are all clicks."""
    tasks: int
    """Number of tasks for the pairs of visits: enough that each has its share in memory."""


def user_histories(
    clicks: DataFrame, notes: DataFrame, user: Column, window_days: int, max_notes_per_user: int
) -> UserHistories:
    """The histories of users with 2 to `max_notes_per_user` kept notes in the window.

    The window ends at the newest click of all, on a kept note or not, and is counted in
    microseconds, so that no time zone's summer time moves it.

    Args:
        clicks: user_id, note_id, clicked_at.
        notes: note_id and note (its number) of the kept notes, each once.
        user: 64 bits of user_id. Two of a thousand million users share theirs with a chance of 1 in 37, and count as one.
        window_days: a click counts when it is less than this many days older than the newest.
        max_notes_per_user: a user with more notes is a bot or a crawler, and does not count.

    Cost: two passes over the times of the clicks and one over the clicks; a shuffle by note (or a broadcast), and one by user
    of 32 bytes a click. However often a bot clicks, it sends `max_notes_per_user` + 1 rows from each million clicks.
    """
    at = F.unix_micros("clicked_at")
    newest, count = clicks.agg(F.max(at), F.count("*")).collect()[0]
    tasks = max(clicks.sparkSession.sparkContext.defaultParallelism, -(-count // CLICKS_A_TASK))
    begin = F.lit(newest) - F.lit(window_days * MICROSECONDS_A_DAY)
    old = clicks.agg(F.count_if(at <= begin).alias("rows")).select(F.lit("clicks before the window").alias("reason"), "rows")
    inside = clicks.where(at > begin).select("note_id", user.alias("user"), at.alias("at"))
    # A hash table of the notes of a partition is small; sorting all clicks by their notes took as long as all the rest.
    numbered = inside.join(notes.hint("shuffle_hash"), on="note_id", how="left").select("user", "note", "at")
    by_user = in_blocks(numbered, _visit_blocks(max_notes_per_user, tasks), (*VISITS, UNKEPT), tasks)
    users = by_user.mapInArrow(_histories(max_notes_per_user), HISTORIES).persist()
    rows, n = users.where(F.size("notes") > 0), F.col("length")
    pairs = rows.agg(F.coalesce(F.sum(n * (n - 1)), F.lit(0)).alias("both ways")).collect()[0][0] // 2
    dropped = old.unionByName(_dropped(users, max_notes_per_user)).unionByName(_tied(rows))
    return UserHistories(rows, dropped, max(tasks, -(-pairs // PAIRS_A_TASK)))


def _visit_blocks(most: int, buckets: int) -> Work:
    """user, note (null: not kept), at -> blocks of VISITS, by user."""

    def work(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for table in _large(batches):
            kept = table.filter(table["note"].is_valid())
            user, note, at = (kept[name].to_numpy() for name in ("user", "note", "at"))
            visits = bounded(Visits(user, note, at, np.ones(len(user), np.int64)), most)
            unkept = Part(np.zeros(1, np.int64), {UNKEPT: np.array([table.num_rows - kept.num_rows])})
            yield blocks([Part(visits.user, visits._asdict()), unkept], buckets)

    return work


def _large(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """The same rows in few batches."""
    pending: list[pa.RecordBatch] = []
    for batch in batches:
        pending.append(batch)
        if sum(len(some) for some in pending) >= CLICKS_AT_ONCE:
            yield pa.Table.from_batches(pending)
            pending = []
    if pending:
        yield pa.Table.from_batches(pending)


def _histories(most: int) -> Work:
    """The blocks of some users -> HISTORIES; those that do not count, and the clicks on unkept notes, without notes."""

    def work(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        *columns, unkept = joined(batches, (*VISITS, UNKEPT))
        users = histories(Visits(*columns))
        counts = (users.length >= 2) & (users.length <= most)
        yield history_rows(users.only(counts))
        yield rows_without_notes(users.only(~counts))
        nobody = np.zeros(1, np.int64)
        yield rows_without_notes(Histories(nobody, np.array([unkept.sum()]), nobody, nobody[:0], nobody[:0]))

    return work


def _tied(rows: DataFrame) -> DataFrame:
    """reason, rows: pairs of notes that have no order, as in logs whose times are days."""

    def count(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        yield pa.RecordBatch.from_pydict({"rows": [tied_pairs(flat(batches))]})

    counted = rows.mapInArrow(count, "rows long").agg(F.coalesce(F.sum("rows"), F.lit(0)).alias("rows"))
    return counted.select(F.lit("pairs of notes that a user clicked at the same time").alias("reason"), "rows")


def _dropped(users: DataFrame, most: int) -> DataFrame:
    """reason, rows of the histories without notes. The row of length 0 is no user: it counts the clicks on unkept notes."""
    left_out = users.where(F.size("notes") == 0)
    unkept, few, many = F.col("length") == 0, F.col("length") == 1, F.col("length") > most
    users_few, users_many = "users with fewer than 2 notes", f"users with more than {most} notes"
    counts = {
        "clicks on notes that are not kept": F.sum(F.when(unkept, F.col("clicks"))),
        users_few: F.count_if(few),
        users_many: F.count_if(many),
        f"clicks of {users_few}": F.sum(F.when(few, F.col("clicks"))),
        f"clicks of {users_many}": F.sum(F.when(many, F.col("clicks"))),
    }
    rows = [F.struct(F.lit(why).alias("reason"), F.coalesce(n, F.lit(0)).alias("rows")) for why, n in counts.items()]
    return left_out.agg(F.explode(F.array(*rows)).alias("out")).select("out.*")
