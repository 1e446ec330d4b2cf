"""A loose look at hashes: any picture of the candidate against any of the query's and of its positives'."""

import numpy as np
import pyarrow as pa

from pipelines.media.image_families import image_families
from pipelines.negatives.filters.hash_distance import HashedPicture, HashIndex, has_similar_picture, hash_index, pdq_distance
from tests.unit.pipelines.negatives.worlds import images

BASE = (1 << 256) - 1


def flipped(count):
    """A hash that differs from BASE in `count` pdq_distance."""
    return BASE ^ ((1 << count) - 1)


def pdq(number):
    return number.to_bytes(32, "big")


def test_the_best_turn_counts():
    assert pdq_distance((BASE, 0), (flipped(3),)) == 3
    assert pdq_distance((BASE, 0), (0b111,)) == pdq_distance((0b111,), (BASE, 0)) == 3


def test_hashes_are_the_own_one_and_the_turns_by_note():
    pictures = pa.table({"sha256": ["s1"], "pdq": [pdq(5)], "pdq_turns": [pdq(6) + pdq(7)]})
    doubts = pa.table({"sha256_l": ["s1"], "sha256_r": ["s2"]})
    places = images({"n": [("a", "s1"), ("c", "none")], "m": [("b", "s1")], "o": []})
    found = hash_index(places, pictures, doubts, {"a": 0, "b": 0, "c": 1})
    assert found.by_note == {"n": [("s1", (5, 6, 7))], "m": [("s1", (5, 6, 7))]}
    assert found.doubts == {("s1", "s2")}


def test_notes_with_pictures_of_one_family_are_similar_whatever_their_hashes():
    of_notes = {"copy": [("a", "s1")], "original": [("b", "s2")], "crop": [("c", "s3")], "other": [("d", "s4")]}
    pictures = pa.table({"sha256": [f"s{k}" for k in range(1, 5)], "pdq": [pdq(BASE >> (60 * k)) for k in range(4)]})
    pictures = pictures.append_column("pdq_turns", pa.array([b""] * 4))
    links = pa.table({"sha256_l": ["s1", "s2"], "sha256_r": ["s2", "s3"]})
    places = images(of_notes)
    index = hash_index(places, pictures, pa.table({"sha256_l": [], "sha256_r": []}), image_families(places, links))
    queries, candidates = np.array([0, 0, 0]), np.array([1, 2, 3])
    found = has_similar_picture(pa.array(list(of_notes)), queries, candidates, [[], [], []], index, 0)
    assert found.tolist() == [True, True, False]


def test_every_picture_of_the_notes_is_compared_and_the_limit_is_inside():
    notes = pa.array(["query", "positive", "candidate", "bare"])
    hashes = {"query": [(0,)], "positive": [(0,), (BASE,)], "candidate": [(flipped(128),), (flipped(96),)]}
    shown = {note: [HashedPicture(f"{note} {k}", turns) for k, turns in enumerate(own)] for note, own in hashes.items()}
    known = HashIndex(shown, frozenset())
    queries, candidates, positives = np.array([0, 0, 1, 0, 3]), np.array([2, 2, 2, 3, 2]), [[], [1], [], [1], []]
    assert has_similar_picture(notes, queries, candidates, positives, known, 96).tolist() == [False, True, True, False, False]
    assert not has_similar_picture(notes, queries, candidates, positives, known, 95).any()
    assert has_similar_picture(notes, queries[:0], candidates[:0], [], known, 96).tolist() == []


def test_what_mining_was_in_doubt_of_looks_alike_from_both_sides():
    one, other, third = (HashedPicture(name, (k * BASE // 3,)) for k, name in enumerate("abc"))
    known = HashIndex({}, frozenset({("a", "b")}))
    assert known.is_similar(one, other, 0) and known.is_similar(other, one, 0)
    assert not known.is_similar(one, third, 0)
