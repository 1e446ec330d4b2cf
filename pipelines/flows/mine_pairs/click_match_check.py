"""Step: whether clicks find their notes, before pictures are read; a wrong id column should not cost a whole run."""

from collections import Counter
from collections.abc import Callable, Collection

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.flows.mine_pairs.id_match import MIN_MATCHED_SHARE, mismatch

FIRST_CLICKS = 100_000
"""Clicks that are checked first; all of them only if too few of these join a note."""
COMPARED_CLICKS, COMPARED_NOTES = 10_000, 200_000
"""Distinct ids whose spellings are compared."""
KEEP_ALL = "--set filter.min_likes=0 leaves none out for its likes"


def clicks_without_notes(
    clicks: DataFrame, notes: DataFrame, kept: DataFrame, first_clicks: Callable[[int], pa.Table] | None = None
) -> str | None:
    """A message if fewer than 1 % of the clicks join a note; None if more do, or if there are no clicks.

    Args:
        clicks: note_id, as it was read.
        notes: note_id of all notes, as they were read.
        kept: note_id of the kept notes.
        first_clicks: reads the first rows of `clicks` without Spark; None: a table of Spark's catalog.

    Cost: the first 100,000 clicks and one scan of the kept ids; where these match too rarely, one join of all clicks.
    """
    first = _first_ids(clicks, first_clicks)
    if not first or _matched(first, kept) >= MIN_MATCHED_SHARE * first.total():
        return None
    with_id = clicks.select("note_id").where(F.col("note_id").isNotNull())
    total = with_id.count()
    matched = with_id.join(kept.select("note_id").distinct(), on="note_id", how="left_semi").count()
    if matched >= MIN_MATCHED_SHARE * total:
        return None
    head = f"clicks: {matched:,} of {total:,} find a kept note"
    dropped = _matched(first, notes)
    if dropped >= MIN_MATCHED_SHARE * first.total():
        return f"{head}; {dropped:,} of the first {first.total():,} are of notes that were refused or left out ({KEEP_ALL})"
    unmatched = [note_id for note_id, _ in first.most_common(COMPARED_CLICKS)]
    named = notes.select("note_id").where(F.col("note_id").isNotNull())
    others = [
        row[0] for row in named.orderBy("note_id").limit(COMPARED_NOTES).collect()
    ]  # sorted: reads its tasks to their end
    return f"{head}: {mismatch(unmatched, others, ('clicks', 'notes'), forms=True)}" if others else head


def _first_ids(clicks: DataFrame, first_clicks: Callable[[int], pa.Table] | None) -> Counter[str]:
    """The note ids of the first clicks. At a `limit` Spark stops the reader's tasks, and its daemon prints a traceback."""
    if first_clicks is None:
        ids = [row[0] for row in clicks.select("note_id").limit(FIRST_CLICKS).collect()]
    else:
        ids = first_clicks(FIRST_CLICKS).column("note_id").to_pylist()
    return Counter(note_id for note_id in ids if note_id is not None)


def _matched(counts: Counter[str], notes: DataFrame) -> int:
    """How many of the counted clicks are of these notes."""
    ids: Collection[str] = counts.keys()
    named = notes.sparkSession.createDataFrame([(note_id,) for note_id in ids], "note_id string")
    present = notes.select("note_id").join(F.broadcast(named), on="note_id", how="left_semi").distinct().collect()
    return sum(counts[row[0]] for row in present)
