"""Which pairs are asked: each once, and every row that gives none has a reason."""

import pyarrow as pa

from pipelines.judge.select_pairs import AGAIN, GONE, NO_NEGATIVES, TOO_FAR, TOO_NEAR, Cascade, asked
from tests.unit.pipelines.judge.tables import item, items, negatives, positives

Q, OTHER = item("image", "a", ["a0"]), item("image", "z", ["z0"])
WHOLE, REPLACED, MADE = (item("note", "a", ["a0", "a1"], t) for t in ("whole", "replaced", "made"))
NEAR, FAR, MIDDLE = (item("note", n, [f"{n}0"], n) for n in ("b", "c", "d"))
EVERY = items(Q, OTHER, WHOLE, REPLACED, MADE, NEAR, FAR, MIDDLE)
POSITIVES = positives((Q, WHOLE, "within_note"), (Q, REPLACED, "within_note"), (OTHER, WHOLE, "within_note"))
NEGATIVES = negatives(
    (Q, WHOLE, MADE, None, "rule"),
    (Q, WHOLE, NEAR, 0.9, "band"),
    (Q, WHOLE, MIDDLE, 0.6, "judge"),
    (Q, WHOLE, FAR, 0.2, "band"),
    (Q, REPLACED, NEAR, 0.9, "band"),
    (Q, REPLACED, MIDDLE, 0.6, "band"),
)
NOTHING = pa.table({name: pa.array([], pa.string()) for name in ("query_id", "candidate_id", "source")})


def named(found):
    names = {one["item_id"]: one["text"] or one["note_id"] for one in (Q, OTHER, WHOLE, REPLACED, MADE, NEAR, FAR, MIDDLE)}
    rows = found.pairs.to_pylist()
    return {(names[r["query_id"]], names[r["candidate_id"]]): r["source"] for r in rows}


def test_a_pair_is_asked_once_however_many_positives_it_stands_beside():
    found = asked(POSITIVES, NEGATIVES, EVERY, NOTHING, Cascade())
    assert named(found) == {
        ("a", "whole"): "positive",
        ("a", "replaced"): "positive",
        ("a", "made"): "rule",
        ("a", "b"): "band",
        ("a", "d"): "band",
        ("a", "c"): "band",
    }
    assert found.dropped == {AGAIN: 2, NO_NEGATIVES: 1}
    assert found.rows_in == len(POSITIVES) + len(NEGATIVES) == len(found.pairs) + sum(found.dropped.values())


def test_the_pairs_show_their_items_and_are_sorted():
    rows = asked(POSITIVES, NEGATIVES, EVERY, NOTHING, Cascade()).pairs.to_pylist()
    assert [(r["query_id"], r["candidate_id"]) for r in rows] == sorted((r["query_id"], r["candidate_id"]) for r in rows)
    assert all(r["query"] == Q and r["candidate"]["item_id"] == r["candidate_id"] for r in rows)
    assert {r["task"] for r in rows} == {"image_to_note"}


def test_the_order_of_the_rows_does_not_matter():
    turned = [rows.take(pa.array(range(len(rows) - 1, -1, -1))) for rows in (POSITIVES, NEGATIVES, EVERY)]
    assert asked(*turned, NOTHING, Cascade()).pairs.equals(asked(POSITIVES, NEGATIVES, EVERY, NOTHING, Cascade()).pairs)


def test_the_band_keeps_its_ends_and_holds_for_searched_negatives_only():
    found = asked(POSITIVES, NEGATIVES, EVERY, NOTHING, Cascade(low=0.6, high=0.6))
    assert {pair for pair, source in named(found).items() if source == "band"} == {("a", "d")}
    assert found.dropped[TOO_FAR] == 1 and found.dropped[TOO_NEAR] == 2
    assert ("a", "made") in named(found)  # it has no similarity


def test_rules_and_positives_can_be_left_out():
    found = asked(POSITIVES, NEGATIVES, EVERY, NOTHING, Cascade(rules=False, positives=False))
    assert set(named(found).values()) == {"band"}
    assert found.rows_in == len(found.pairs) + sum(found.dropped.values())


def test_labels_and_earlier_pairs_are_asked_whatever_the_band():
    extra = pa.table(
        {
            "query_id": [Q["item_id"], OTHER["item_id"], Q["item_id"], "gone", Q["item_id"]],
            "candidate_id": [FAR["item_id"], FAR["item_id"], NEAR["item_id"], FAR["item_id"], MIDDLE["item_id"]],
            "source": ["label", "label", "earlier", "earlier", "earlier"],
        }
    )
    found = asked(POSITIVES, NEGATIVES, EVERY, extra, Cascade(low=0.5, high=0.8))
    assert named(found)["a", "c"] == named(found)["z", "c"] == "label"
    assert named(found)["a", "b"] == "earlier"
    assert named(found)["a", "d"] == "band"  # it is asked anyway: no earlier pair any more, and nothing saved by that
    assert found.dropped[AGAIN] == 1
    assert found.rows_in == len(found.pairs) + sum(found.dropped.values())
    assert found.dropped[GONE] == 1
    assert {r["task"] for r in found.pairs.to_pylist()} == {"image_to_note"}


def test_a_pair_whose_item_is_gone_is_counted():
    found = asked(POSITIVES, NEGATIVES, items(Q, WHOLE, NEAR), NOTHING, Cascade())
    assert set(named(found)) == {("a", "whole"), ("a", "b")}
    assert found.rows_in == len(found.pairs) + sum(found.dropped.values())
