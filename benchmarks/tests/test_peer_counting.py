"""Recall, precision and exponents of small examples computed by hand."""

import pytest

from benchmarks.peers.exponents import summed
from benchmarks.peers.planted import PlantedPictures, counted_pairs
from benchmarks.peers.text import counted_clusters


def image_row(image_id, note_id, family, kind):
    return {"image_id": image_id, "note_id": note_id, "family": family, "kind": kind}


@pytest.fixture
def truth():
    rows = [
        image_row("cat", "n1", "cat", "original"),
        image_row("cat_grey", "n2", "cat", "copy"),
        image_row("cat_crop", "n3", "cat", "crop"),
        image_row("dog", "n4", "dog", "original"),
        image_row("dog_grey", "n4", "dog", "copy"),  # no other note shows the dog: nobody is asked for it
        image_row("fox_crop", "n5", "fox", "crop"),  # nor this
        image_row("owl", "n6", "owl", "original"),
        image_row("owl_grey", "n7", "owl", "copy"),
    ]
    return PlantedPictures(rows, [{"a": "dog", "b": "owl"}])


def test_a_copy_and_a_crop_are_found_by_any_pair_within_their_family(truth):
    counts = truth.counted([("cat_crop", "cat"), ("cat", "cat_crop"), ("cat_grey", "cat_crop")])
    assert counts == {"copies": 0.5, "crops": 1.0, "precision": 1.0, "right": 2, "wrong": 0}


def test_wrong_pairs_count_but_not_look_alikes_nor_pairs_within_a_note_nor_unknown_files(truth):
    counts = truth.counted(
        [("cat", "dog"), ("dog", "owl"), ("dog", "dog_grey"), ("cat", "stray"), ("cat", "cat"), ("owl", "owl_grey")]
    )
    assert counts == {"copies": 0.5, "crops": 0.0, "precision": 0.5, "right": 1, "wrong": 1}


def test_nothing_found_is_zero(truth):
    assert truth.counted([]) == {"copies": 0.0, "crops": 0.0, "precision": 0.0, "right": 0, "wrong": 0}


def test_pairs_count_in_either_direction_once_and_what_is_right_as_well_is_not_wrong():
    counts = counted_pairs([("b", "a"), ("a", "b"), ("a", "c"), ("c", "d"), ("e", "e")], {("a", "b"), ("x", "y")}, {("d", "c")})
    assert counts == {"recall": 0.5, "precision": 0.6667, "right": 1, "wrong": 1}


def test_clusters_count_as_all_their_pairs():
    clusters = {"a": 0, "b": 0, "c": 0, "d": 3, "e": 4}
    as_pairs = [("a", "b"), ("a", "c"), ("b", "c")]
    planted, also = {("a", "b"), ("d", "e")}, {("b", "c"), ("c", "d")}
    assert counted_clusters(clusters, planted, also) == counted_pairs(as_pairs, planted, also)


def points(step, cores, shuffled=None):
    taken = zip((100, 400, 1600), cores, strict=True)
    return [
        {"step": step, "size": n, "seconds": c, "core_s": c, "peak_mib": 1, "shuffled_mib": shuffled and n * shuffled}
        for n, c in taken
    ]


def test_the_fixed_cost_falls_out_of_what_a_note_more_costs():
    (row,) = summed(points("fixed and linear", (10 + 1, 10 + 4, 10 + 16), shuffled=1.0))
    assert row["core_hours_at_100_M"] == "278"  # a hundredth of a second a note
    assert row["shuffled_at_100_M"] == "97,656 GiB"
    assert row["last_step"] < 0.5


def test_what_grows_with_the_square_is_carried_on_by_its_power():
    (row,) = summed(points("square", (1, 16, 256)))
    assert (row["exponent"], row["last_step"]) == (2.0, 2.0)
    assert row["core_hours_at_100_M"] == f"{256 * (1e8 / 1600) ** 2 / 3600:,.0f}"


def test_a_step_that_failed_at_one_size_tells_why():
    (row,) = summed([*points("x", (1, 2, 3))[:2], {"step": "x", "size": 1600, "fault": "no memory"}])
    assert row == {"who": "x", "how": "100 / 400 / 1,600", "fault": "no memory"}
