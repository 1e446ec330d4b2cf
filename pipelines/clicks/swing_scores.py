"""Swing of the pairs that co-click kept: the users gathered by note, the sum in `swing`."""

import itertools
from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from pipelines.clicks.swing import Users, swing
from pipelines.workspace.output import Output

SCORES = pa.schema([("a", pa.string()), ("b", pa.string()), ("swing", pa.float64())])


def swing_scores(pairs: DataFrame, visits: DataFrame, alpha: float, users_per_note: int, seed: int) -> Output:
    """Swing of each pair: a, b, swing; 0 where no two of the users looked at are in both notes.

    Each note looks at its `users_per_note` users of the lowest hash. The hash is the
    user's own, so that two notes prefer the same users and a cap leaves an intersection.
    Notes are compared by a 64-bit hash: among the notes of a note's users, at most 40,000
    with the default caps, two have the same one with a chance of 4e-11.

    Args:
        pairs: a, b; distinct.
        visits: user_id, note_id, note_count, user_count; one row a user and note.
        alpha: smoothing, in notes.
        users_per_note: users that a note looks at.
        seed: of the hash.

    Cost: at most users_per_note rows a note, each with its user's notes. A hot note's users are cut to the
    cap in each partition before they are shuffled.
    """
    # A note of one user has no swing with any other.
    met = visits.where(F.col("user_count") > 1)
    everyone = met.select("note_id", "user_id", "note_count", F.xxhash64(F.lit(seed), F.col("user_id")).alias("priority"))
    place = F.rank().over(Window.partitionBy("note_id").orderBy("priority"))
    members = everyone.withColumn("place", place).where(F.col("place") <= users_per_note)
    gathered = _gathered(pairs, members, met)
    # Sorted by note, so that one pass in Python sees a note's rows together whatever the batch size.
    ordered = gathered.repartition("a").sortWithinPartitions("a", "priority")
    scores = ordered.mapInArrow(lambda batches: _scores(batches, alpha), "a string, b string, swing double")
    crowds = met.where(F.col("user_count") > users_per_note).select("note_id", "user_count").distinct()
    cut = crowds.agg(F.coalesce(F.sum(F.col("user_count") - users_per_note), F.lit(0)).alias("rows"))
    return Output(scores, cut.select(F.lit(f"swing: users after the first {users_per_note} of a note").alias("reason"), "rows"))


def _gathered(pairs: DataFrame, members: DataFrame, met: DataFrame) -> DataFrame:
    """One row for a note a and a user of it: a, priority, note_count, visited; the first row has a's targets."""
    histories = met.groupBy("user_id").agg(F.collect_list(F.xxhash64("note_id")).alias("visited"))
    limits = members.groupBy(F.col("note_id").alias("b")).agg(F.max("priority").alias("limit"))
    targets = (
        pairs.join(limits, on="b", how="inner")
        .groupBy("a")
        .agg(F.collect_list(F.struct("b", F.xxhash64("b").alias("hash"), "limit")).alias("targets"))
    )
    first = F.col("place") == 1
    return (
        members.withColumnRenamed("note_id", "a")
        .join(targets, on="a", how="inner")
        .join(histories, on="user_id", how="inner")
        .select("a", "priority", "note_count", "visited", F.when(first, F.col("targets")).alias("targets"))
    )


def _scores(batches: Iterable[pa.RecordBatch], alpha: float) -> Iterator[pa.RecordBatch]:
    for note in _by_note(batches):
        targets = note["targets"][0].values
        users = Users(
            priority=note["priority"].to_numpy(),
            note_count=note["note_count"].to_numpy(),
            visited=pc.list_flatten(note["visited"]).to_numpy(),
            lengths=pc.list_value_length(note["visited"]).to_numpy().astype(np.int64),
        )
        found = swing(users, targets.field("hash").to_numpy(), targets.field("limit").to_numpy(), alpha)
        names = pa.repeat(note["a"][0], len(targets))
        yield pa.RecordBatch.from_arrays([names, targets.field("b"), pa.array(found)], schema=SCORES)


def _by_note(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """The rows of each note as one table, from batches that are sorted by note."""
    held: list[pa.RecordBatch] = []
    for batch in batches:
        names = batch.column("a")
        edges = np.flatnonzero(pc.not_equal(names[1:], names[:-1]).to_numpy(zero_copy_only=False)) + 1
        bounds = [0, *edges.tolist(), len(batch)]
        for start, end in itertools.pairwise(bounds):
            if held and held[0].column("a")[0] != names[start]:
                yield pa.Table.from_batches(held)
                held = []
            held.append(batch.slice(start, end - start))
    if held:
        yield pa.Table.from_batches(held)
