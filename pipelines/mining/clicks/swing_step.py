"""Step: Swing of the pairs that co-click kept."""

from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_schema

from pipelines.engines.block_shuffle import Work
from pipelines.engines.column_blocks import Part, block_schema, blocks, joined
from pipelines.mining.clicks.history_arrow import flat
from pipelines.mining.clicks.note_users import lowest
from pipelines.mining.clicks.shared_users import Looks, Targets, looks
from pipelines.mining.clicks.swing import swing_of_targets
from pipelines.workspace.stage_output import Output

COLUMNS = (*Looks._fields, *Targets._fields)
"""Of blocks."""
BLOCKS = from_arrow_schema(block_schema(COLUMNS))
NOTHING = np.zeros(0, np.int64)
NO_LOOKS, NO_TARGETS = (Part(NOTHING, dict.fromkeys(kind._fields, NOTHING)) for kind in (Looks, Targets))
SCORES = "a long, b long, swing double"


def swing_scores(
    pairs: DataFrame, histories: DataFrame, audiences: DataFrame, alpha: float, users_per_note: int, tasks: int
) -> Output:
    """Swing of each pair: a, b, swing; 0 where no two of the users looked at are in both notes.

    Each note looks at its `users_per_note` lowest users. A user's number is a hash and the
    same for all notes, so that two notes prefer the same users and a cap leaves an intersection.

    Args:
        pairs: a, b; distinct.
        histories: HISTORIES.
        audiences: AUDIENCES, under the same cap.
        alpha: smoothing, in notes.
        users_per_note: users that a note looks at.
        tasks: that share the work.

    Cost: at most users_per_note rows a note, each with its user's notes. A hot note's users are cut to the
    cap in each partition before they are shuffled.
    """
    limits = audiences.select(F.col("note").alias("b"), "last_user")
    targets = pairs.select("a", "b").join(limits, on="b", how="inner")
    parts = [histories.mapInArrow(_looking(users_per_note, tasks), BLOCKS), targets.mapInArrow(_asking(tasks), BLOCKS)]
    by_note = parts[0].unionByName(parts[1]).repartitionById(tasks, "bucket")
    scores = by_note.mapInArrow(_scores(alpha, users_per_note), SCORES)
    crowds = audiences.where(F.col("users") > users_per_note)
    cut = crowds.agg(F.coalesce(F.sum(F.col("users") - users_per_note), F.lit(0)).alias("rows"))
    return Output(scores, cut.select(F.lit(f"swing: users after the first {users_per_note} of a note").alias("reason"), "rows"))


def _looking(most: int, tasks: int) -> Work:
    """HISTORIES -> blocks of Looks, by note."""

    def work(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for some in looks(flat(batches), most):
            rows = some._asdict()
            visited = Part(np.repeat(some.note, some.length), {"visited": rows.pop("visited")})
            yield blocks([Part(some.note, rows), visited, NO_TARGETS], tasks)

    return work


def _asking(tasks: int) -> Work:
    """a, b, last_user -> blocks of Targets, by a."""

    def work(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            rows = Targets(*(batch.column(name).to_numpy() for name in Targets._fields))
            yield blocks([NO_LOOKS, Part(rows.a, rows._asdict())], tasks)

    return work


def _scores(alpha: float, most: int) -> Work:
    """The blocks of some notes -> a, b, swing."""

    def work(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        columns = joined(batches, COLUMNS)
        found, targets = Looks(*columns[: len(Looks._fields)]), Targets(*columns[len(Looks._fields) :])
        found = found.only(lowest(found.note, found.user, most))
        scores = swing_of_targets(found, targets, alpha)
        yield pa.RecordBatch.from_pydict({"a": targets.a, "b": targets.b, "swing": scores})

    return work
