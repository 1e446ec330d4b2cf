"""A loose look at hashes: any picture of the candidate against any of the query's and of its positives'."""

import numpy as np
import pyarrow as pa

from pipelines.negatives.looks import alike, bits, hashes
from tests.unit.pipelines.negatives.worlds import images, item, items

BASE = (1 << 256) - 1


def flipped(count):
    """A hash that differs from BASE in `count` bits."""
    return BASE ^ ((1 << count) - 1)


def pdq(number):
    return number.to_bytes(32, "big")


def test_the_best_turn_counts():
    assert bits((BASE, 0), (flipped(3),)) == 3
    assert bits((BASE, 0), (0b111,)) == bits((0b111,), (BASE, 0)) == 3


def test_hashes_are_the_own_one_and_the_turns_by_picture():
    pictures = pa.table({"sha256": ["s1"], "pdq": [pdq(5)], "pdq_turns": [pdq(6) + pdq(7)]})
    assert hashes(images({"n": [("a", "s1"), ("b", "s1"), ("c", "none")]}), pictures) == {"a": (5, 6, 7), "b": (5, 6, 7)}


def test_every_picture_of_the_row_is_compared_and_a_limit_is_inside():
    shown = [
        item("image", "q", ["q0"]),
        item("note", "q", ["q0", "q1"]),
        item("note", "c", ["far", "near"]),
        item("text", "c", text="t"),
    ]
    table = items(shown).column("item").combine_chunks()
    known = {"q0": (0,), "q1": (BASE,), "far": (flipped(128),), "near": (flipped(96),)}
    queries, candidates, positives = np.array([0, 0, 1, 0]), np.array([2, 2, 2, 3]), [[], [1], [], [1]]
    assert alike(table, queries, candidates, positives, known, 96).tolist() == [False, True, True, False]
    assert not alike(table, queries, candidates, positives, known, 95).any()
    assert alike(table, queries[:0], candidates[:0], [], known, 96).tolist() == []
