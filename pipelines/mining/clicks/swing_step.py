"""Step: Swing scores of the strongest co-click pairs."""

from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_schema

from pipelines.engines.block_shuffle import Work
from pipelines.engines.column_blocks import Part, block_schema, blocks, joined
from pipelines.mining.clicks.history_arrow import flat
from pipelines.mining.clicks.note_users import lowest_users
from pipelines.mining.clicks.shared_users import SampledUsers, Targets, sampled_users
from pipelines.mining.clicks.swing import swing_of_targets
from pipelines.workspace.stage_output import Output

COLUMNS = (*SampledUsers._fields, *Targets._fields)
"""Columns of blocks."""
BLOCKS = from_arrow_schema(block_schema(COLUMNS))
NOTHING = np.zeros(0, np.int64)
NO_USERS, NO_TARGETS = (Part(NOTHING, dict.fromkeys(kind._fields, NOTHING)) for kind in (SampledUsers, Targets))
SCORES = "a long, b long, swing double"


def swing_scores(
    pairs: DataFrame, histories: DataFrame, audiences: DataFrame, alpha: float, users_per_note: int, tasks: int
) -> Output:
    """Swing of each pair: a, b, swing; 0 where the two notes share fewer than two sampled users.

    The sampled users of a note are its `users_per_note` lowest. A user's number is a hash and the
    same for all notes, so that two notes prefer the same users and a cap leaves an intersection.

    Args:
        pairs: a, b; distinct.
        histories: HISTORIES.
        audiences: AUDIENCES, under the same cap.
        alpha: smoothing, in notes.
        users_per_note: cap of sampled users.
        tasks: number of tasks.

    Cost: at most users_per_note rows a note, each with its user's notes. A hot note's users are cut to the
    cap in each partition before they are shuffled.
    """
    limits = audiences.select(F.col("note").alias("b"), "last_user")
    targets = pairs.select("a", "b").join(limits, on="b", how="inner")
    users = histories.mapInArrow(_user_blocks(users_per_note, tasks), BLOCKS)
    pair_targets = targets.mapInArrow(_target_blocks(tasks), BLOCKS)
    by_note = users.unionByName(pair_targets).repartitionById(tasks, "bucket")
    scores = by_note.mapInArrow(_scores(alpha, users_per_note), SCORES)
    hot_notes = audiences.where(F.col("users") > users_per_note)
    cut = hot_notes.agg(F.coalesce(F.sum(F.col("users") - users_per_note), F.lit(0)).alias("rows"))
    return Output(scores, cut.select(F.lit(f"swing: users after the first {users_per_note} of a note").alias("reason"), "rows"))


def _user_blocks(most: int, tasks: int) -> Work:
    """HISTORIES -> blocks of SampledUsers, by note."""

    def work(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for users in sampled_users(flat(batches), most):
            rows = users._asdict()
            visited = Part(np.repeat(users.note, users.length), {"visited": rows.pop("visited")})
            yield blocks([Part(users.note, rows), visited, NO_TARGETS], tasks)

    return work


def _target_blocks(tasks: int) -> Work:
    """a, b, last_user -> blocks of Targets, by a."""

    def work(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            rows = Targets(*(batch.column(name).to_numpy() for name in Targets._fields))
            yield blocks([NO_USERS, Part(rows.a, rows._asdict())], tasks)

    return work


def _scores(alpha: float, most: int) -> Work:
    """The blocks of some notes -> a, b, swing."""

    def work(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        columns = joined(batches, COLUMNS)
        user_columns = len(SampledUsers._fields)
        users, targets = SampledUsers(*columns[:user_columns]), Targets(*columns[user_columns:])
        users = users.only(lowest_users(users.note, users.user, most))
        scores = swing_of_targets(users, targets, alpha)
        yield pa.RecordBatch.from_pydict({"a": targets.a, "b": targets.b, "swing": scores})

    return work
