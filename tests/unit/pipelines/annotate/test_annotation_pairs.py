import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.annotate.annotation_pairs import AnnotationPairs, annotation_pairs, text_columns
from schemas.datasets import PAIRS
from schemas.item import item_id
from tests.unit.pipelines.annotate.tables import annotation, annotations, images, notes

NOTES = notes(("a", "周末厨房日记", "小火焖八分钟。"), ("b", "A red umbrella", None), ("c", None, None))
IMAGES = images(("a", 1, "a1", "y"), ("a", 0, "a0", "x"), ("b", 0, "b0", "z"), ("c", 0, "c0", "w"))
READ = annotations(
    annotation("a", "a0", "红色雨伞两把", confidence=0.97),
    annotation("a", "a1", "盐少许", confidence=0.99),  # 6 columns
    annotation("b", "b0", None, reason="no text found"),
    annotation("gone", "g0", "long enough to be read", confidence=0.9),
    annotation("c", "c0", "two red mugs", kind="description"),
)


def made(table, kind="ocr", settings=AnnotationPairs(), shown=IMAGES, told=NOTES):  # noqa: B008
    return annotation_pairs(table, told, shown, kind, settings)


def sides(paired):
    return {(r["task"], r["query"]["kind"], r["query"]["text"], r["target"]["kind"], r["target"]["text"]) for r in paired.rows.to_pylist()}  # fmt: skip


def test_words_in_a_picture_give_the_three_ocr_tasks():
    paired = made(READ)
    PAIRS.check(paired.rows.schema)
    whole = "周末厨房日记\n小火焖八分钟。"
    assert sides(paired) == {
        ("image_to_ocr", "image", None, "ocr", "红色雨伞两把"),
        ("ocr_to_image", "ocr", "红色雨伞两把", "image", None),
        ("ocr_to_note", "ocr", "红色雨伞两把", "note", whole),
    }
    for row in paired.rows.to_pylist():
        assert row["score"] == 0.97 and row["granularity"] == "within_note"
        assert not any(row["evidence"].values())


def test_a_description_gives_the_three_description_tasks():
    paired = made(READ, "description")
    assert sides(paired) == {
        ("image_to_text", "image", None, "text", "two red mugs"),
        ("text_to_image", "text", "two red mugs", "image", None),
        ("text_to_note", "text", "two red mugs", "note", "\n"),
    }
    assert {row["score"] for row in paired.rows.to_pylist()} == {1.0}


def test_what_gives_no_pair_is_counted_by_reason_and_nothing_is_lost():
    paired = made(READ)
    assert paired.dropped == {"no text found": 3, "pictures of notes that are not kept": 3, "texts too short to be a query": 3}
    assert paired.rows.num_rows + sum(paired.dropped.values()) == 3 * 4


def test_items_name_what_they_show_and_a_text_shows_no_picture():
    for row in made(READ).rows.to_pylist():
        for item in (row["query"], row["target"]):
            assert item["item_id"] == item_id(item["kind"], item["note_id"], item["image_ids"], None, item["text"])
            assert item["image_ids"] == {"ocr": [], "image": ["a0"], "note": ["a0", "a1"]}[item["kind"]]


def test_a_text_that_pictures_of_too_many_notes_have_is_no_query():
    told = notes(*((n, "t", "b") for n in "abcde"))
    shown = images(*((n, 0, f"{n}0", n) for n in "abcde"))
    mark = [annotation(n, f"{n}0", text, confidence=0.9) for n, text in zip("abcd", ("www.zhms.cn", "WWW.ZHMS.CN", "www zhms cn", "www.zhms.cn"), strict=True)]  # fmt: skip
    own = annotation("e", "e0", "www.other.cn", confidence=0.9)
    paired = made(annotations(*mark, own), shown=shown, told=told)
    assert paired.dropped == {"texts that pictures of too many notes have": 12}
    assert {row["query"]["note_id"] for row in paired.rows.to_pylist()} == {"e"}
    assert made(annotations(*mark[:3], own), shown=shown, told=told).dropped == {}


def test_copies_in_a_note_are_answers_of_their_own_and_their_note_is_asked_once():
    twice = annotations(*(annotation("a", image_id, "红色雨伞两把", confidence=0.9) for image_id in ("a0", "a1")))
    paired = made(twice)
    found = [(r["task"], *(r["query"]["image_ids"] + r["target"]["image_ids"])) for r in paired.rows.to_pylist()]
    assert sorted(found) == [
        ("image_to_ocr", "a0"), ("image_to_ocr", "a1"), ("ocr_to_image", "a0"), ("ocr_to_image", "a1"),
        ("ocr_to_note", "a0", "a1"),
    ]  # fmt: skip
    assert paired.dropped == {"texts that another picture of the note has too": 1}


def test_the_notes_own_words_say_so_and_are_taken_out_of_the_note():
    own = annotations(
        annotation("a", "a0", "周末厨房日记", kind="description", model="note-title"),
        annotation("b", "b0", "A red umbrella", kind="description", model="note-title"),
    )
    paired = made(own, "description")
    notes_of = {r["target"]["note_id"]: r["target"]["text"] for r in paired.rows.to_pylist() if r["task"] == "text_to_note"}
    assert notes_of == {"a": "\n小火焖八分钟。", "b": "\n"}
    assert {r["evidence"]["containment"] for r in paired.rows.to_pylist()} == {1.0}


def test_a_note_that_is_nothing_but_its_own_words_is_no_target():
    own = annotations(annotation("b", "b0", "A red umbrella", kind="description", model="note-title"))
    paired = made(own, "description", shown=IMAGES.slice(0, 0))
    assert {row["task"] for row in paired.rows.to_pylist()} == {"image_to_text", "text_to_image"}
    assert paired.dropped == {"notes that are empty without their own words": 1}


def test_the_order_of_the_rows_does_not_matter():
    rows = READ.to_pylist()
    wanted = made(READ)
    for seed in range(4):
        random.Random(seed).shuffle(rows)
        found = made(annotations(*rows))
        assert found.rows.equals(wanted.rows) and found.dropped == wanted.dropped


@given(
    st.dictionaries(
        st.tuples(st.sampled_from(["a", "b", "c", "gone"]), st.integers(0, 3)),
        st.tuples(st.sampled_from([None, "盐", "红色雨伞两把", "周末厨房日记", "A red umbrella"]), st.sampled_from(["m#1", "note-title"])),
    ),
    st.integers(1, 3),
)  # fmt: skip
def test_every_annotation_is_three_pairs_or_a_reason(said, most):
    rows = [
        annotation(note, f"{note}{n}", text, kind="description", model=model, reason=None if text else "truncated")
        for (note, n), (text, model) in said.items()
    ]
    paired = made(annotations(*rows), "description", AnnotationPairs(max_notes_per_text=most))
    assert paired.rows.num_rows + sum(paired.dropped.values()) == 3 * len(rows)
    assert len(set(paired.rows["pair_id"].to_pylist())) == paired.rows.num_rows
    wide = {
        text for text in {t for t, _ in said.values()} if len({note for (note, _), (t, _) in said.items() if t == text}) > most
    }
    for row in paired.rows.to_pylist():
        text = row["query"]["text"] if row["query"]["kind"] == "text" else row["target"]["text"]
        assert text not in wide and text_columns(text) >= 8
        assert row["query"]["note_id"] == row["target"]["note_id"] != "gone"


def test_no_annotation_gives_an_empty_table():
    paired = made(annotations())
    assert (paired.rows.num_rows, paired.dropped) == (0, {})
    PAIRS.check(paired.rows.schema)


@pytest.mark.parametrize(
    ("text", "columns"), [("四个汉字", 8), ("eight888", 8), ("¥ 12.5", 3), ("ｆｕｌｌ", 8), ("カタカナ한글", 12), ("", 0)]
)
def test_a_chinese_character_is_as_wide_as_two_letters(text, columns):
    assert text_columns(text) == columns
