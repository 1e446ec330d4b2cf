"""Step: a 64-bit number for each note_id."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from schemas.errors import UninoteError

SEEDS = range(4)
"""Two of a hundred million notes have the same number under one seed with a chance of 1 in 3,700."""


def note_number(notes: DataFrame) -> Column:
    """A 64-bit hash of note_id under the first seed that gives every note a number of its own.

    Args:
        notes: note_id, each once.

    Raises:
        UninoteError: a note_id comes more than once.

    Cost: one shuffle of 8 bytes a note.
    """
    for seed in SEEDS:
        number = hashed(seed)
        if notes.groupBy(number).count().where(F.col("count") > 1).isEmpty():
            return number
    repeated = notes.groupBy("note_id").count().where(F.col("count") > 1).select("note_id").first()
    raise UninoteError(f"note_id {repeated[0] if repeated else '?'} comes more than once; expected each note once")


def hashed(seed: int) -> Column:
    """A 64-bit hash of note_id."""
    return F.xxhash64(F.lit(seed), F.col("note_id"))
