"""Which pairs are judged: each once, and every row that gives none has a reason."""

import pyarrow as pa

from pipelines.judge.select_pairs import DUPLICATE, NO_ITEM, NO_NEGATIVES, TOO_FAR, TOO_NEAR, Cascade, select_pairs
from tests.unit.pipelines.judge.tables import item, items, negatives, positives

Q, OTHER = item("image", "a", ["a0"]), item("image", "z", ["z0"])
WHOLE, REPLACED, BY_RULE = (item("note", "a", ["a0", "a1"], t) for t in ("whole", "replaced", "by rule"))
NEAR, FAR, MIDDLE = (item("note", n, [f"{n}0"], n) for n in ("b", "c", "d"))
EVERY = items(Q, OTHER, WHOLE, REPLACED, BY_RULE, NEAR, FAR, MIDDLE)
POSITIVES = positives((Q, WHOLE, "within_note"), (Q, REPLACED, "within_note"), (OTHER, WHOLE, "within_note"))
NEGATIVES = negatives(
    (Q, WHOLE, BY_RULE, None, "rule"),
    (Q, WHOLE, NEAR, 0.9, "band"),
    (Q, WHOLE, MIDDLE, 0.6, "judge"),
    (Q, WHOLE, FAR, 0.2, "band"),
    (Q, REPLACED, NEAR, 0.9, "band"),
    (Q, REPLACED, MIDDLE, 0.6, "band"),
)
NOTHING = pa.table({name: pa.array([], pa.string()) for name in ("query_id", "candidate_id", "source")})


def sources(selection):
    names = {one["item_id"]: one["text"] or one["note_id"] for one in (Q, OTHER, WHOLE, REPLACED, BY_RULE, NEAR, FAR, MIDDLE)}
    rows = selection.pairs.to_pylist()
    return {(names[r["query_id"]], names[r["candidate_id"]]): r["source"] for r in rows}


def test_a_pair_is_judged_once_whatever_the_number_of_its_positives():
    selection = select_pairs(POSITIVES, NEGATIVES, EVERY, NOTHING, Cascade())
    assert sources(selection) == {
        ("a", "whole"): "positive",
        ("a", "replaced"): "positive",
        ("a", "by rule"): "rule",
        ("a", "b"): "band",
        ("a", "d"): "band",
        ("a", "c"): "band",
    }
    assert selection.dropped == {DUPLICATE: 2, NO_NEGATIVES: 1}
    assert selection.rows_in == len(POSITIVES) + len(NEGATIVES) == len(selection.pairs) + sum(selection.dropped.values())


def test_the_pairs_have_their_items_and_are_sorted():
    rows = select_pairs(POSITIVES, NEGATIVES, EVERY, NOTHING, Cascade()).pairs.to_pylist()
    assert [(r["query_id"], r["candidate_id"]) for r in rows] == sorted((r["query_id"], r["candidate_id"]) for r in rows)
    assert all(r["query"] == Q and r["candidate"]["item_id"] == r["candidate_id"] for r in rows)
    assert {r["task"] for r in rows} == {"image_to_note"}


def test_the_order_of_the_rows_does_not_matter():
    turned = [rows.take(pa.array(range(len(rows) - 1, -1, -1))) for rows in (POSITIVES, NEGATIVES, EVERY)]
    assert select_pairs(*turned, NOTHING, Cascade()).pairs.equals(
        select_pairs(POSITIVES, NEGATIVES, EVERY, NOTHING, Cascade()).pairs
    )


def test_the_cascade_includes_its_bounds_and_applies_to_searched_negatives_only():
    selection = select_pairs(POSITIVES, NEGATIVES, EVERY, NOTHING, Cascade(low=0.6, high=0.6))
    assert {pair for pair, source in sources(selection).items() if source == "band"} == {("a", "d")}
    assert selection.dropped[TOO_FAR] == 1 and selection.dropped[TOO_NEAR] == 2
    assert ("a", "by rule") in sources(selection)  # it has no similarity


def test_rules_and_positives_can_be_left_out():
    selection = select_pairs(POSITIVES, NEGATIVES, EVERY, NOTHING, Cascade(rules=False, positives=False))
    assert set(sources(selection).values()) == {"band"}
    assert selection.rows_in == len(selection.pairs) + sum(selection.dropped.values())


def test_labels_and_earlier_pairs_are_judged_whatever_the_cascade():
    extra = pa.table(
        {
            "query_id": [Q["item_id"], OTHER["item_id"], Q["item_id"], "gone", Q["item_id"]],
            "candidate_id": [FAR["item_id"], FAR["item_id"], NEAR["item_id"], FAR["item_id"], MIDDLE["item_id"]],
            "source": ["label", "label", "earlier", "earlier", "earlier"],
        }
    )
    selection = select_pairs(POSITIVES, NEGATIVES, EVERY, extra, Cascade(low=0.5, high=0.8))
    assert sources(selection)["a", "c"] == sources(selection)["z", "c"] == "label"
    assert sources(selection)["a", "b"] == "earlier"
    assert sources(selection)["a", "d"] == "band"  # it is selected anyway, so it no longer counts as an earlier pair
    assert selection.dropped[DUPLICATE] == 1
    assert selection.rows_in == len(selection.pairs) + sum(selection.dropped.values())
    assert selection.dropped[NO_ITEM] == 1
    assert {r["task"] for r in selection.pairs.to_pylist()} == {"image_to_note"}


def test_a_pair_with_a_missing_item_is_counted():
    selection = select_pairs(POSITIVES, NEGATIVES, items(Q, WHOLE, NEAR), NOTHING, Cascade())
    assert set(sources(selection)) == {("a", "whole"), ("a", "b")}
    assert selection.rows_in == len(selection.pairs) + sum(selection.dropped.values())
