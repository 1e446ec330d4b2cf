"""What leaves a note with a part, and when there is no note without it."""

import pyarrow as pa
import pytest

from pipelines.media.passage_match import containment
from pipelines.negatives import counterfactuals as rule
from pipelines.negatives.counterfactuals import CounterfactualSettings, counterfactuals
from schemas.datasets import COUNTERFACTUALS
from schemas.item import UNDESCRIBED, full_text
from tests.unit.pipelines.negatives.worlds import images, item, notes, pair, picture_pairs, positives

TITLE, BODY = "Rice bowl", "Wash the rice twice. Cut the spring onion finely and fry it. Serve hot."
PASSAGE = "Cut the spring onion finely and fry it."
TEXT = full_text(TITLE, BODY)
SHOWN = {"n": [("a", "s1"), ("b", "s2"), ("c", "s3"), ("d", "s4")]}


def made(*pairs, texts=(TITLE, BODY), shown=SHOWN, copies=(), read=None):
    return counterfactuals(
        positives(*pairs), notes({"n": texts}), images(shown), picture_pairs(*copies), CounterfactualSettings(), read
    )


def whole(text=TEXT, ids=("a", "b", "c", "d")):
    return item("note", "n", ids, text=text)


def asks(image_id, target=None):
    return pair("within_note", "image_to_note", item("image", "n", [image_id]), target or whole())


def left(out):
    [row] = out.rows.to_pylist()
    return row["item"]["image_ids"], row["item"]["text"]


def test_a_picture_leaves_its_note_and_the_text_stays():
    out = made(asks("b"))
    assert left(out) == (["a", "c", "d"], TEXT)
    assert out.rows.schema.equals(COUNTERFACTUALS.columns)
    [row] = out.rows.to_pylist()
    assert row["item"] == item("note", "n", ["a", "c", "d"], text=TEXT)
    assert (row["images_out"], row["chars_out"]) == (["b"], 0)


def test_a_cover_that_is_page_one_again_leaves_with_it():
    shown = {"n": [("a", "s1"), ("b", "s2"), ("c", "s1")]}
    assert left(made(asks("a", whole(ids=("a", "b", "c"))), shown=shown)) == (["b"], TEXT)


def test_copies_of_copies_and_crops_leave_with_it():
    assert left(made(asks("a"), copies=[("s1", "s9"), ("s3", "s9")])) == (["b", "d"], TEXT)
    assert left(made(asks("d"), copies=[("s3", "s4"), ("s2", "s3")])) == (["a"], TEXT)


def test_a_crop_takes_its_picture_along():
    crop = item("crop", "n", ["c"], region=(0, 0, 0.5, 0.5))
    assert left(made(pair("within_note", "image_to_note", crop, whole()), copies=[("s3", "s4")])) == (["a", "b"], TEXT)


def test_a_note_of_copies_only_gives_no_negative():
    shown, texts = {"n": [("a", "s1"), ("b", "s1")]}, (None, " \u3000!")
    out = made(asks("a", whole(ids=("a", "b"))), shown=shown, texts=texts)
    assert len(out.rows) == 0 and out.counts[rule.EMPTY_NOTE] == 1


def test_the_positive_without_the_picture_is_not_its_own_negative():
    replaced = whole(f"{TEXT}\n{UNDESCRIBED}", ("a", "c", "d"))
    out = made(asks("b", replaced))
    assert len(out.rows) == 0 and out.counts[rule.SAME_AS_POSITIVE] == 1
    described = whole(f"{TEXT}\na bowl of rice", ("a", "c", "d"))
    assert left(made(asks("b", described))) == (["a", "c", "d"], TEXT)


def test_a_passage_leaves_the_text_wherever_it_stands():
    text = item("text", "n", text=PASSAGE)
    twice = (PASSAGE.upper(), "Wash the rice. Cut the spring  onion, finely and fry it! Serve.")
    ids, remaining = left(made(pair("within_note", "text_to_note", text, whole(full_text(*twice))), texts=twice))
    assert ids == ["a", "b", "c", "d"]
    assert "onion" not in remaining.lower() and "Wash the rice" in remaining and "Serve" in remaining


def test_a_retyped_passage_that_stays_drops_the_negative():
    text = item("text", "n", text=PASSAGE)
    again = (TITLE, BODY + " Once more: cut the spring onion very finely and fry it.")
    out = made(pair("within_note", "text_to_note", text, whole(full_text(*again))), texts=again)
    assert len(out.rows) == 0 and out.counts[rule.PASSAGE_REMAINS] == 1


def test_ocr_takes_its_picture_the_pictures_that_read_the_same_and_the_text():
    ocr = item("ocr", "n", ["b"], text=PASSAGE)
    read = {"b": PASSAGE, "d": "STEP 2: cut the spring onion finely and fry it", "c": "wash"}
    assert left(made(pair("within_note", "ocr_to_note", ocr, whole()), read=read))[0] == ["a", "c"]
    assert containment(PASSAGE, left(made(pair("within_note", "ocr_to_note", ocr, whole()), read=read))[1]) < 0.4


def test_a_description_takes_the_picture_that_it_describes():
    described = item("text", "n", ["c"], text="a white bowl on a wooden table")
    assert left(made(pair("within_note", "text_to_note", described, whole()), copies=[("s1", "s3")])) == (["b", "d"], TEXT)


@pytest.mark.parametrize(
    "query",
    [item("text", "n", text="a sentence of quite another note"), item("image", "n", ["gone"]), item("image", "other", ["x"])],
)
def test_a_part_that_is_not_in_the_note_gives_no_negative(query):
    target = whole() if query["note_id"] == "n" else item("note", "other", ["x"], text="t")
    out = made(pair("within_note", "image_to_note" if query["kind"] == "image" else "text_to_note", query, target))
    assert len(out.rows) == 0 and out.counts[rule.PART_NOT_FOUND] == 1


def test_only_parts_of_the_notes_own_are_taken():
    other = item("image", "m", ["z"])
    across = pair("near_duplicate_image", "image_to_image", item("image", "n", ["a"]), other)
    back = pair("within_note", "note_to_image", whole(), item("image", "n", ["a"]))
    assert len(made(across, back).rows) == 0


def test_rows_do_not_depend_on_the_order_of_the_input():
    pairs = [asks(i) for i in "abcd"]
    one, other = made(*pairs), made(*pairs[::-1], asks("a"))
    assert one.rows.equals(other.rows) and len(one.rows) == 4
    assert isinstance(one.rows, pa.Table)
