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
ANNOTATED = annotations(
    annotation("a", "a0", "红色雨伞两把", confidence=0.97),
    annotation("a", "a1", "盐少许", confidence=0.99),  # 6 columns
    annotation("b", "b0", None, reason="no text found"),
    annotation("gone", "g0", "long enough to be read", confidence=0.9),
    annotation("c", "c0", "two red mugs", kind="description"),
)


def pairs_of(table, kind="ocr", settings=AnnotationPairs(), pictures=IMAGES, texts=NOTES):  # noqa: B008
    return annotation_pairs(table, texts, pictures, kind, settings)


def sides(result):
    return {(r["task"], r["query"]["kind"], r["query"]["text"], r["target"]["kind"], r["target"]["text"]) for r in result.rows.to_pylist()}  # fmt: skip


def test_words_in_a_picture_give_the_three_ocr_tasks():
    result = pairs_of(ANNOTATED)
    PAIRS.check(result.rows.schema)
    whole = "周末厨房日记\n小火焖八分钟。"
    assert sides(result) == {
        ("image_to_ocr", "image", None, "ocr", "红色雨伞两把"),
        ("ocr_to_image", "ocr", "红色雨伞两把", "image", None),
        ("ocr_to_note", "ocr", "红色雨伞两把", "note", whole),
    }
    for row in result.rows.to_pylist():
        assert row["score"] == 0.97 and row["granularity"] == "within_note"
        assert not any(row["evidence"].values())


def test_a_description_gives_the_three_description_tasks():
    result = pairs_of(ANNOTATED, "description")
    assert sides(result) == {
        ("image_to_text", "image", None, "text", "two red mugs"),
        ("text_to_image", "text", "two red mugs", "image", None),
        ("text_to_note", "text", "two red mugs", "note", "\n"),
    }
    assert {row["score"] for row in result.rows.to_pylist()} == {1.0}


def test_what_gives_no_pair_is_counted_by_reason_and_nothing_is_lost():
    result = pairs_of(ANNOTATED)
    assert result.dropped == {
        "no text found": 3,
        "pictures of notes that were filtered out": 3,
        "texts too short to be a query": 3,
    }
    assert result.rows.num_rows + sum(result.dropped.values()) == 3 * 4


def test_an_item_id_follows_from_its_content_and_a_text_has_no_picture():
    for row in pairs_of(ANNOTATED).rows.to_pylist():
        for item in (row["query"], row["target"]):
            assert item["item_id"] == item_id(item["kind"], item["note_id"], item["image_ids"], None, item["text"])
            assert item["image_ids"] == {"ocr": [], "image": ["a0"], "note": ["a0", "a1"]}[item["kind"]]


def test_a_text_that_pictures_of_too_many_notes_have_is_no_query():
    texts = notes(*((n, "t", "b") for n in "abcde"))
    pictures = images(*((n, 0, f"{n}0", n) for n in "abcde"))
    mark = [annotation(n, f"{n}0", text, confidence=0.9) for n, text in zip("abcd", ("www.zhms.cn", "WWW.ZHMS.CN", "www zhms cn", "www.zhms.cn"), strict=True)]  # fmt: skip
    own = annotation("e", "e0", "www.other.cn", confidence=0.9)
    result = pairs_of(annotations(*mark, own), pictures=pictures, texts=texts)
    assert result.dropped == {"texts in pictures of too many notes": 12}
    assert {row["query"]["note_id"] for row in result.rows.to_pylist()} == {"e"}
    assert pairs_of(annotations(*mark[:3], own), pictures=pictures, texts=texts).dropped == {}


def test_copies_in_a_note_are_positives_of_their_own_and_their_note_is_paired_once():
    twice = annotations(*(annotation("a", image_id, "红色雨伞两把", confidence=0.9) for image_id in ("a0", "a1")))
    result = pairs_of(twice)
    tasks = [(r["task"], *(r["query"]["image_ids"] + r["target"]["image_ids"])) for r in result.rows.to_pylist()]
    assert sorted(tasks) == [
        ("image_to_ocr", "a0"), ("image_to_ocr", "a1"), ("ocr_to_image", "a0"), ("ocr_to_image", "a1"),
        ("ocr_to_note", "a0", "a1"),
    ]  # fmt: skip
    assert result.dropped == {"texts repeated in another picture of the note": 1}


def test_text_copied_from_the_note_is_marked_and_removed_from_the_note():
    own = annotations(
        annotation("a", "a0", "周末厨房日记", kind="description", model="note-title"),
        annotation("b", "b0", "A red umbrella", kind="description", model="note-title"),
    )
    result = pairs_of(own, "description")
    notes_of = {r["target"]["note_id"]: r["target"]["text"] for r in result.rows.to_pylist() if r["task"] == "text_to_note"}
    assert notes_of == {"a": "\n小火焖八分钟。", "b": "\n"}
    assert {r["evidence"]["containment"] for r in result.rows.to_pylist()} == {1.0}


def test_a_note_without_any_other_text_is_no_target():
    own = annotations(annotation("b", "b0", "A red umbrella", kind="description", model="note-title"))
    result = pairs_of(own, "description", pictures=IMAGES.slice(0, 0))
    assert {row["task"] for row in result.rows.to_pylist()} == {"image_to_text", "text_to_image"}
    assert result.dropped == {"notes that are empty without the description": 1}


def test_the_order_of_the_rows_does_not_matter():
    rows = ANNOTATED.to_pylist()
    expected = pairs_of(ANNOTATED)
    for seed in range(4):
        random.Random(seed).shuffle(rows)
        result = pairs_of(annotations(*rows))
        assert result.rows.equals(expected.rows) and result.dropped == expected.dropped


@given(
    st.dictionaries(
        st.tuples(st.sampled_from(["a", "b", "c", "gone"]), st.integers(0, 3)),
        st.tuples(st.sampled_from([None, "盐", "红色雨伞两把", "周末厨房日记", "A red umbrella"]), st.sampled_from(["m#1", "note-title"])),
    ),
    st.integers(1, 3),
)  # fmt: skip
def test_every_annotation_is_three_pairs_or_a_reason(drawn, most):
    rows = [
        annotation(note, f"{note}{n}", text, kind="description", model=model, reason=None if text else "truncated")
        for (note, n), (text, model) in drawn.items()
    ]
    result = pairs_of(annotations(*rows), "description", AnnotationPairs(max_notes_per_text=most))
    assert result.rows.num_rows + sum(result.dropped.values()) == 3 * len(rows)
    assert len(set(result.rows["pair_id"].to_pylist())) == result.rows.num_rows
    wide = {
        text
        for text in {t for t, _ in drawn.values()}
        if len({note for (note, _), (t, _) in drawn.items() if t == text}) > most
    }
    for row in result.rows.to_pylist():
        text = row["query"]["text"] if row["query"]["kind"] == "text" else row["target"]["text"]
        assert text not in wide and text_columns(text) >= 8
        assert row["query"]["note_id"] == row["target"]["note_id"] != "gone"


def test_no_annotation_gives_an_empty_table():
    result = pairs_of(annotations())
    assert (result.rows.num_rows, result.dropped) == (0, {})
    PAIRS.check(result.rows.schema)


@pytest.mark.parametrize(
    ("text", "columns"), [("四个汉字", 8), ("eight888", 8), ("¥ 12.5", 3), ("ｆｕｌｌ", 8), ("カタカナ한글", 12), ("", 0)]
)
def test_a_chinese_character_is_as_wide_as_two_letters(text, columns):
    assert text_columns(text) == columns
