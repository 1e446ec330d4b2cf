"""Who is in a gallery, who leaves a ranking."""

import numpy as np

from tests.unit.uninote_train.evaluation.hand_made_items import BOX, item, row
from uninote_train.evaluation.exact_ranks import ranks
from uninote_train.evaluation.retrieval_tasks import retrieval_tasks
from uninote_train.evaluation.split_items import read_split

A1, A2 = item("image", "a", ["a1"]), item("image", "a", ["a2"])
NOTE_A = item("note", "a", ["a1", "a2"], "words of a")
WITHOUT = item("note", "a", ["a2"], "words of a\na red mug")
REPLACED = item("note", "a", ["a2"], "words of a")
REPOST = item("note", "r", ["r1"], "words of a again")
NOTE_B, NOTE_C = item("note", "b", ["b1"], "words of b"), item("note", "c", ["c1"], "words of c")
MUG, LAMP, SAME = item("text", "a", (), "a red mug"), item("text", "b", (), "a lamp"), item("text", "c", (), " A red  MUG ")


def tasks_of(*rows):
    return {q.task: q for q in retrieval_tasks(read_split(rows))}


def names(task, rows, n=0):
    return {task.gallery[k] for k in rows[n]}


def test_a_gallery_is_all_items_of_the_kind_and_rule_made_ones_are_in_none():
    rows = [
        row("image_to_note", A1, WITHOUT, candidates=[(REPLACED, "c1", "rule"), (NOTE_B, "c2", "band")]),
        row("note_to_note", NOTE_A, NOTE_C, also="c3"),
        row("image_to_text", A1, MUG),
    ]
    task = tasks_of(*rows)["image_to_note"]
    assert set(task.gallery) == {i["item_id"] for i in (WITHOUT, NOTE_A, NOTE_B, NOTE_C)}
    assert set(tasks_of(*rows)["image_to_text"].gallery) == {MUG["item_id"]}


def test_what_is_rule_made_for_one_and_right_for_another_stays():
    rows = [row("image_to_note", A1, WITHOUT, candidates=[(REPLACED, "c1", "rule")]), row("image_to_note", A2, REPLACED)]
    assert REPLACED["item_id"] in tasks_of(*rows)["image_to_note"].gallery


def test_the_rest_of_the_component_is_neither_right_nor_wrong_and_so_is_the_rest_of_a_positives():
    copy = item("note", "d", ["d1"], "a copy of c")
    rows = [
        row("note_to_note", NOTE_A, NOTE_C, also="c3", candidates=[(REPOST, "c1", "band"), (copy, "c3", "band")]),
        row("note_to_note", NOTE_B, NOTE_A, of="c2"),
    ]
    task = tasks_of(*rows)["note_to_note"]
    place = task.queries.index(NOTE_A["item_id"])
    assert names(task, task.positives, place) == {NOTE_C["item_id"]}
    assert names(task, task.excluded, place) == {NOTE_A["item_id"], REPOST["item_id"], copy["item_id"]}
    assert NOTE_B["item_id"] in task.gallery


def test_several_positives_are_all_right_and_leave_no_ranking():
    rows = [
        row("note_to_note", NOTE_A, NOTE_C, also="c3"),
        row("note_to_note", NOTE_A, NOTE_B, also="c2"),
        row("note_to_note", NOTE_A, REPOST),
    ]
    task = tasks_of(*rows)["note_to_note"]
    assert names(task, task.positives) == {NOTE_C["item_id"], NOTE_B["item_id"], REPOST["item_id"]}
    assert names(task, task.excluded) == {NOTE_A["item_id"]}
    assert len(task.queries) == 1


def test_the_same_words_in_another_component_are_no_error():
    rows = [
        row("image_to_text", A1, MUG),
        row("image_to_text", item("image", "b", ["b1"]), LAMP, of="c2", also="c2"),
        row("image_to_text", item("image", "c", ["c1"]), SAME, of="c3", also="c3"),
    ]
    task = tasks_of(*rows)["image_to_text"]
    place = task.queries.index(A1["item_id"])
    assert names(task, task.excluded, place) == {SAME["item_id"]}


def test_a_crop_asks_and_is_not_offered_unless_crops_are_the_answers():
    crop = item("crop", "a", ["a1"], None, BOX)
    rows = [row("image_to_note", crop, WITHOUT), row("text_to_image", MUG, A1)]
    assert set(tasks_of(*rows)["text_to_image"].gallery) == {A1["item_id"]}


def test_a_query_is_never_in_its_own_gallery():
    rows = [row("note_to_note", NOTE_A, NOTE_B, also="c2"), row("note_to_note", NOTE_B, NOTE_A, of="c2", also="c1")]
    task = tasks_of(*rows)["note_to_note"]
    for n, query in enumerate(task.queries):
        assert query in names(task, task.excluded, n)


def test_a_note_stands_once_in_a_ranking_in_the_form_of_an_answer_where_it_has_one():
    """Three variants of note a and two of note b: a query ranks its own positive, and one item of the other note."""
    other, b_without = item("image", "b", ["b1"]), item("note", "b", (), "words of b\na lamp")
    rows = [
        row("image_to_note", A1, WITHOUT),
        row("image_to_note", A2, REPLACED),
        row("image_to_note", other, b_without, of="c2", also="c2"),
        row("note_to_text", NOTE_A, MUG),
        row("note_to_text", NOTE_B, LAMP, of="c2", also="c2"),
        row("note_to_text", NOTE_C, SAME, of="c3", also="c3"),
    ]
    task = tasks_of(*rows)["image_to_note"]
    assert task.gallery_size == 3  # notes a, b and c
    hidden, answers = names(task, [task.variants]), {i["item_id"] for i in (WITHOUT, REPLACED)}
    assert {NOTE_A["item_id"], NOTE_B["item_id"]} < hidden  # an answer of the task stands for a note, not the whole note
    assert len(hidden & answers) == 1  # of two answers one
    assert NOTE_C["item_id"] not in hidden  # it has no answer in this task
    for n in range(3):
        left = set(task.gallery) - hidden - names(task, task.excluded, n) | names(task, task.positives, n)
        notes = [next(i["note_id"] for i in read_split(rows).items.values() if i["item_id"] == name) for name in left]
        assert sorted(notes) == ["a", "b", "c"]


def test_a_hidden_variant_takes_no_rank_and_is_found_by_its_own_query():
    scores = np.array([[1, 0.9, 0.8, 0.7]], np.float32)
    gallery, hidden = np.diag([1.0, 0.9, 0.8, 0.7]).astype(np.float32), np.array([0, 1])
    query = np.ones((1, 4), np.float32)
    assert (query @ gallery == scores).all()
    assert ranks(query, gallery, [np.array([2])], [np.array([], np.int64)], hidden)[0].tolist() == [1]
    assert ranks(query, gallery, [np.array([1, 3])], [np.array([], np.int64)], hidden)[0].tolist() == [1, 3]
