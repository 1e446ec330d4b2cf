from pipelines.annotate.annotation import annotation_rows
from pipelines.annotate.load_describer import Describe, Shown, load_describer
from schemas.datasets import ANNOTATIONS


def said(*shown, **changed):
    return [(a.text, a.model, a.reason) for a in load_describer(Describe(**changed))(shown)]


def test_the_title_is_said_and_named_as_such():
    assert said(Shown(title=" 两只红色马克杯 ", body="今天喝茶。")) == [("两只红色马克杯", "note-title", None)]


def test_without_a_title_the_first_sentence_of_the_body_is_said():
    assert said(Shown(title=" ", body="\n \n今天喝茶。明天也喝。")) == [("今天喝茶。", "note-body", None)]
    assert said(Shown(body="x" * 500)) == [("x" * 200, "note-body", None)]


def test_without_words_there_is_a_reason():
    assert said(Shown(), Shown(title="", body=" \n ")) == [(None, None, "no title or body")] * 2


def test_words_are_given_to_the_cover_alone_unless_asked():
    shown = [Shown(title="Mugs"), Shown(title="Mugs", first=False)]
    assert said(*shown) == [("Mugs", "note-title", None), (None, None, "not the cover")]
    assert said(*shown, covers_only=False) == [("Mugs", "note-title", None)] * 2


def test_rows_say_whose_words_they_are():
    describer = load_describer(Describe())
    pictures = [{"image_id": f"i{n}", "note_id": "n", "sha256": f"s{n}", "position": n} for n in range(2)]
    answers = describer([Shown(title="Mugs"), Shown(title="Mugs", first=False)])
    rows = annotation_rows(pictures, answers, "description", describer.model)
    ANNOTATIONS.check(rows.schema)
    assert rows.select(["image_id", "model", "text", "reason"]).to_pylist() == [
        {"image_id": "i0", "model": "note-title", "text": "Mugs", "reason": None},
        {"image_id": "i1", "model": "note-words", "text": None, "reason": "not the cover"},
    ]
    assert not describer.looks
