"""The share of content, against lists with a known order and sets counted by hand."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.judge.backends.content_overlap import NOT_DESCRIBED, OverlapJudge
from pipelines.judge.backends.mined_content import MinedContent, contains, mined_content, weight
from pipelines.judge.preset import load_spec
from schemas.item import UNDESCRIBED
from tests.support.judge_pairs import item, pairs

SPEC = load_spec("overlap")
PASSAGE = "先把面粉过筛三遍，再冷藏两小时"
RETYPED = "先把面粉过筛了三遍～再冷藏两小时"


def scores(rows, **content):
    return OverlapJudge(SPEC, MinedContent(**content))(pairs(*rows), {})["score"].to_pylist()


def score(task, query, candidate, **content):
    [value] = scores([(task, query, candidate)], **content)
    return value


SPLIT = st.tuples(st.integers(1, 6), st.integers(0, 4), st.integers(1, 5), st.integers(0, 2**31))


@given(SPLIT)
def test_ranking_lists_of_halves_have_their_true_order(split):
    """method.md, section 7: N_B with M, M - 1, ..., 0 pictures of A, then noise; strictly falling down to N_B, and noise below.

    Copies of one picture may lie in both halves, and notes have chance words in common.
    """
    of_a, of_b, kinds, seed = split
    chance = np.random.default_rng(seed)
    images = [f"i{n}" for n in range(of_a + of_b)]
    families = {i: int(chance.integers(kinds)) for i in images} | {"x": 100}
    words = ["红色马克杯在左边的木桌上。", "a blue lamp, quite old. ", "点赞收藏关注！", "晚上拍的照片。"]
    text_a, text_b, text_x = ("".join(chance.choice(words, int(chance.integers(1, 4)))) + f"zz{k}" for k in "axb")
    a, b = images[:of_a], images[of_a:]
    query = item("note", "n", a, text_a)
    listed = [item("note", "n", b + a[:k], text_b) for k in range(of_a, -1, -1)]
    noise = [item("note", "m", ["x"], text_x), item("note", "o", text=text_x + "!")]
    ranked = scores([("note_to_note", query, c) for c in listed + noise], families=families)
    steps = np.diff(ranked[: of_a + 1])
    assert (steps < 0).all()
    assert max(ranked[of_a + 1 :]) < ranked[of_a]


def test_a_letter_of_every_note_does_not_count_between_notes():
    """OCR reads a "D" on a shelf; all notes of desks have one."""
    query, own_note, other_note = (
        item("ocr", "n", text="D"),
        item("note", "n", ["a"], "Desk D"),
        item("note", "m", ["b"], "A desk"),
    )
    assert scores([("ocr_to_note", query, own_note), ("ocr_to_note", query, other_note)]) == [1.0, 0.0]
    assert score("text_to_text", item("text", "n", text="红色的杯"), item("text", "m", text="红色的杯子")) == 1.0


def test_halves_of_a_note_against_a_count_by_hand():
    """A: 2 pictures, 100 letters; B: 1 picture, 100 letters; 1 of A's is added: (1 + 1) / (3 + 3) before the bonus."""
    query, candidate = item("note", "n", ["a", "b"], "x" * 100), item("note", "n", ["c", "a"], "y" * 100)
    share = 2 / 6
    assert score("note_to_note", query, candidate) == pytest.approx(share + (1 - share) * 0.1)
    assert score("note_to_note", query, candidate | {"note_id": "other"}) == pytest.approx(share)


@pytest.mark.parametrize(
    ("task", "query", "candidate", "expected"),
    [
        ("image_to_note", item("image", "n", ["a"]), item("note", "n", ["b", "a2"], "word"), 1.0),
        ("image_to_note", item("image", "n", ["a"]), item("note", "n", ["b"], "word"), 0.0),
        ("note_to_image", item("note", "m", ["b", "a2"], "word"), item("image", "n", ["a"]), 1.0),
        ("image_to_image", item("image", "n", ["a"]), item("crop", "m", ["a2"], region=(0, 0, 0.5, 0.5)), 1.0),
        ("text_to_note", item("text", "n", text=PASSAGE), item("note", "m", ["b"], f"今天！{PASSAGE}。好吃"), 1.0),
        ("text_to_note", item("text", "n", text=PASSAGE), item("note", "m", ["b"], "今天做饭"), 0.0),
        ("note_to_text", item("note", "m", ["b"], f"{PASSAGE}。好吃"), item("text", "n", text=PASSAGE), 1.0),
        ("note_to_note", item("note", "n", ["a"], "same words"), item("note", "m", ["a2"], "Same words!"), 1.0),
        ("note_to_note", item("note", "n", ["a"], "these"), item("note", "m", ["b"], "other"), 0.0),
    ],
)
def test_parts_and_wholes(task, query, candidate, expected):
    families = {"a": 1, "a2": 1, "b": 2}
    assert score(task, query, candidate, families=families) == pytest.approx(expected)


@pytest.mark.parametrize(("other", "expected"), [((0, 0, 0.5, 1), 1.0), ((0.5, 0, 1, 1), 0.0), ((0.25, 0, 0.75, 1), 0.5)])
def test_two_crops_of_one_picture_share_their_intersection(other, expected):
    one, two = item("crop", "n", ["a"], region=(0, 0, 0.5, 1)), item("crop", "n", ["a"], region=other)
    assert score("image_to_image", one, two) == pytest.approx(expected)


def annotations(*rows):
    names = ("note_id", "image_id", "kind", "model", "text")
    return pa.Table.from_pylist(
        [dict(zip(names, row, strict=True)) for row in rows], pa.schema([(n, pa.string()) for n in names])
    )


POSITIVES = pa.table(
    {"granularity": pa.array([], pa.string()), "query": pa.array([], pa.null()), "target": pa.array([], pa.null())}
)


def annotated_content():
    rows = annotations(
        ("n", "a", "ocr", "ppocr#1", "SALE 50"),
        ("n", "a", "description", "vlm#1", "a red mug on a table"),
        ("n", "b", "description", "note-title", "Monday blues"),
        ("n", "c", "ocr", "ppocr#1", None),
    )
    return mined_content({"a": 1, "a2": 1, "b": 2}, rows, POSITIVES)


@pytest.mark.parametrize(
    ("task", "query", "candidate", "expected"),
    [
        ("image_to_ocr", item("image", "n", ["a"]), item("ocr", "n", text="SALE 50"), 1.0),
        ("image_to_ocr", item("image", "m", ["a2"]), item("ocr", "n", text="SALE 50"), 1.0),  # a copy shows the same words
        ("image_to_ocr", item("image", "n", ["b"]), item("ocr", "n", text="SALE 50"), 0.0),
        ("ocr_to_note", item("ocr", "n", text="SALE 50"), item("note", "m", ["a2", "b"], "hi"), 1.0),
        ("image_to_text", item("image", "n", ["b"]), item("text", "n", text="Monday blues"), 1.0),
        ("image_to_note", item("image", "n", ["a"]), item("note", "n", ["b"], "hi\na red mug on a table"), 1.0),  # N'
        (
            "image_to_note",
            item("image", "n", ["a"]),
            item("note", "n", ["b"], "hi, SALE 50"),
            0.0,
        ),  # the words are not the picture
        ("image_to_note", item("image", "n", ["b"]), item("note", "n", ["a"], "Monday blues"), 0.0),  # nor is the note's title
    ],
)
def test_annotations_count_as_content(task, query, candidate, expected):
    assert OverlapJudge(SPEC, annotated_content())(pairs((task, query, candidate)), {})["score"].to_pylist() == [
        pytest.approx(expected)
    ]


def test_a_note_that_lacks_the_description_is_not_judged():
    pair = ("image_to_note", item("image", "n", ["a"]), item("note", "n", ["b"], f"hi\n{UNDESCRIBED}"))
    row = OverlapJudge(SPEC, MinedContent())(pairs(pair), {}).to_pylist()[0]
    assert (row["score"], row["reason"]) == (None, NOT_DESCRIBED)
    elsewhere = ("image_to_note", item("image", "m", ["a"]), pair[2])
    assert scores([elsewhere]) == [0.0]


def test_a_retyped_passage_counts_if_mining_found_it():
    one, other = (
        item("note", "n", text=f"早上好。{PASSAGE}。再见朋友们"),
        item("note", "m", text=f"周末快乐！{RETYPED}！下次再说吧"),
    )
    assert score("note_to_note", one, other) == 0.0
    mined = [
        {"granularity": "partial_text", "query": item("text", "m", text=RETYPED), "target": item("text", "n", text=PASSAGE)}
    ]
    content = mined_content({}, annotations(), pa.Table.from_pylist(mined))
    [value] = OverlapJudge(SPEC, content)(pairs(("note_to_note", one, other)), {})["score"].to_pylist()
    expected = (weight(PASSAGE) + weight(RETYPED)) / (weight(one["text"]) + weight(other["text"]))
    assert value == pytest.approx(expected)
    half = item("note", "n", text="再见朋友们")  # the half of the note that does not have it
    assert OverlapJudge(SPEC, content)(pairs(("note_to_note", half, other)), {})["score"].to_pylist() == [0.0]


def test_an_item_without_content_has_a_reason_and_the_order_is_kept():
    table = [("text_to_text", item("text", "n", text="a"), item("text", "m", text=t)) for t in ("?!", "a", "b")]
    rows = OverlapJudge(SPEC, MinedContent())(pairs(*table), {})
    assert rows["reason"].to_pylist() == ["nothing to judge", None, None]
    assert rows["score"].to_pylist() == [None, 1.0, 0.0]


@given(st.text(max_size=20), st.text(max_size=20))
def test_it_is_symmetric_and_between_0_and_1(one, other):
    for task in ("note_to_note", "text_to_text"):
        a, b = item("note", "n", ["a"], one), item("note", "m", ["a", "b"], other)
        forward, backward = scores([(task, a, b), (task, b, a)], families={"a": 1})
        assert forward == pytest.approx(backward) and 0 <= forward <= 1


def test_contains_ignores_case_width_and_punctuation():
    assert contains("a red杯, left", "ＲＥＤ 杯！") and not contains("红杯", "杯红") and not contains("a", " ")


def test_the_name_follows_from_the_settings():
    names = {OverlapJudge(load_spec("overlap", [*s]), MinedContent()).model for s in ((), ["overlap.same_note=0.2"])}
    assert len(names) == 2 and all(n.startswith("overlap#") for n in names)
