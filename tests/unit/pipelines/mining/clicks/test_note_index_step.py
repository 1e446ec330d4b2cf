"""Numbers of notes: never two alike."""

import pytest
from pyspark.sql import functions as F

from pipelines.mining.clicks import note_index_step as module
from schemas.errors import UninoteError


def test_takes_the_first_seed_under_which_no_two_notes_are_alike(spark, monkeypatch):
    # Under the first two seeds the hash has a bit less than it would need.
    monkeypatch.setattr(module, "hashed", lambda seed: F.pmod(F.xxhash64("note_id"), F.lit(2 if seed < 2 else 2**62)))
    notes = spark.range(50).select(F.concat(F.lit("n"), "id").alias("note_id"))
    number = module.note_number(notes)
    assert notes.select(number).distinct().count() == 50


def test_names_a_note_that_stands_twice(spark):
    notes = spark.createDataFrame([("a",), ("b",), ("a",)], "note_id string")
    with pytest.raises(UninoteError, match="note_id a comes more than once"):
        module.note_number(notes)
