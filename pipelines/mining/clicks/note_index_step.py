"""Step: a number for each note's name."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from schemas.errors import UninoteError

SEEDS = range(4)
"""Two of a hundred million notes have the same number under one seed with a chance of 1 in 3,700."""


def note_number(notes: DataFrame) -> Column:
    """64 bits of note_id, no two of the notes alike: a hash, under the first seed that has it so.

    Args:
        notes: note_id, each once.

    Raises:
        UninoteError: notes stand more than once.

    Cost: one shuffle of 8 bytes a note.
    """
    for seed in SEEDS:
        number = hashed(seed)
        if notes.groupBy(number).count().where(F.col("count") > 1).isEmpty():
            return number
    twice = notes.groupBy("note_id").count().where(F.col("count") > 1).select("note_id").first()
    raise UninoteError(f"note_id {twice[0] if twice else '?'} stands more than once; each note is wanted once")


def hashed(seed: int) -> Column:
    """64 bits of note_id."""
    return F.xxhash64(F.lit(seed), F.col("note_id"))
