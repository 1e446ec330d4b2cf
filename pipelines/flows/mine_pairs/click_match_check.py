"""Step: whether clicks find their notes, before pictures are read; a wrong id column should not cost a whole run."""

from collections import Counter
from collections.abc import Collection

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.flows.mine_pairs.id_match import MIN_MATCHED_SHARE, mismatch

FIRST_CLICKS = 100_000
"""Clicks that are looked at first; all of them only where too few of these find their note."""
COMPARED_CLICKS, COMPARED_NOTES = 10_000, 200_000
"""Distinct ids of which spellings are compared."""
KEEP_ALL = "--set filter.min_likes=0 leaves none out for its likes"


def clicks_without_notes(clicks: DataFrame, notes: DataFrame, kept: DataFrame) -> str | None:
    """A message where fewer than 1 % of the clicks find their note; None where more do, or where there is no click.

    Args:
        clicks: note_id, as it was read.
        notes: note_id of all notes, as they were read.
        kept: note_id of the kept notes.

    Cost: the first 100,000 clicks and one scan of the kept ids; where these match too rarely, one join of all clicks.
    """
    first = Counter(row[0] for row in clicks.select("note_id").limit(FIRST_CLICKS).collect() if row[0] is not None)
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
    others = [row[0] for row in notes.select("note_id").where(F.col("note_id").isNotNull()).limit(COMPARED_NOTES).collect()]
    return f"{head}: {mismatch(unmatched, others, ('clicks', 'notes'))}" if others else head


def _matched(counts: Counter[str], notes: DataFrame) -> int:
    """How many of the counted clicks are of these notes."""
    ids: Collection[str] = counts.keys()
    named = notes.sparkSession.createDataFrame([(note_id,) for note_id in ids], "note_id string")
    present = notes.select("note_id").join(F.broadcast(named), on="note_id", how="left_semi").distinct().collect()
    return sum(counts[row[0]] for row in present)
