from pipelines.annotate.annotation import annotation_rows
from pipelines.annotate.load_describer import load_describer
from pipelines.annotate.protocol import NotePicture
from pipelines.annotate.settings import Describe
from schemas.datasets import ANNOTATIONS


def described(*pictures, **changed):
    return [(a.text, a.model, a.reason) for a in load_describer(Describe(**changed))(pictures)]


def test_the_title_is_the_description_and_marked_as_such():
    assert described(NotePicture(title=" 两只红色马克杯 ", body="今天喝茶。")) == [("两只红色马克杯", "note-title", None)]


def test_without_a_title_the_first_sentence_of_the_body_is_the_description():
    assert described(NotePicture(title=" ", body="\n \n今天喝茶。明天也喝。")) == [("今天喝茶。", "note-body", None)]
    assert described(NotePicture(body="x" * 500)) == [("x" * 200, "note-body", None)]


def test_without_words_there_is_a_reason():
    assert described(NotePicture(), NotePicture(title="", body=" \n ")) == [(None, None, "no title or body")] * 2


def test_only_the_cover_is_described_unless_set_otherwise():
    pictures = [NotePicture(title="Mugs"), NotePicture(title="Mugs", is_cover=False)]
    assert described(*pictures) == [("Mugs", "note-title", None), (None, None, "not the cover")]
    assert described(*pictures, covers_only=False) == [("Mugs", "note-title", None)] * 2


def test_rows_name_the_source_of_the_text():
    describer = load_describer(Describe())
    pictures = [{"image_id": f"i{n}", "note_id": "n", "sha256": f"s{n}", "position": n} for n in range(2)]
    answers = describer([NotePicture(title="Mugs"), NotePicture(title="Mugs", is_cover=False)])
    rows = annotation_rows(pictures, answers, "description", describer.model)
    ANNOTATIONS.check(rows.schema)
    assert rows.select(["image_id", "model", "text", "reason"]).to_pylist() == [
        {"image_id": "i0", "model": "note-title", "text": "Mugs", "reason": None},
        {"image_id": "i1", "model": "note-words", "text": None, "reason": "not the cover"},
    ]
    assert not describer.reads_pictures
