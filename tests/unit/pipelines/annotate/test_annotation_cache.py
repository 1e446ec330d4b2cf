from hypothesis import given
from hypothesis import strategies as st

from pipelines.annotate.annotation_cache import split_by_cache, spread
from schemas.datasets import ANNOTATIONS
from tests.unit.pipelines.annotate.tables import annotation, annotations, images

PICTURES = images(("a", 0, "a0", "x"), ("a", 1, "a1", "y"), ("b", 0, "b0", "x"), ("c", 0, "c0", "z"), ("c", 1, "c1", "z"))

HOUR = ("server unavailable", "model failed", "reader failed", "unreadable file", "missing file")


def places(table):
    return [tuple(row[name] for name in ("note_id", "image_id", "sha256")) for row in table.to_pylist()]


def test_a_file_that_was_annotated_is_known_in_every_note_that_shows_it():
    earlier = annotations(annotation("old", "gone", "红色雨伞", sha256="x", confidence=0.9))
    known, new = split_by_cache(PICTURES, earlier, "ocr", "m#1")
    ANNOTATIONS.check(known.schema)
    assert places(known) == [("a", "a0", "x"), ("b", "b0", "x")]
    assert [(row["text"], row["confidence"]) for row in known.to_pylist()] == [("红色雨伞", 0.9)] * 2
    assert places(new) == [("a", "a1", "y"), ("c", "c0", "z")]
    assert new.schema == PICTURES.schema


def test_another_model_or_kind_is_not_known():
    earlier = annotations(annotation("a", "a0", "t", sha256="x"))
    for kind, model in (("ocr", "m#2"), ("description", "m#1")):
        known, new = split_by_cache(PICTURES, earlier, kind, model)
        assert (known.num_rows, new.num_rows) == (0, 3)


def test_a_reason_of_the_picture_is_known_and_one_of_the_hour_is_asked_again():
    earlier = annotations(
        annotation("a", "a0", None, sha256="x", reason="truncated"),
        annotation("a", "a1", None, sha256="y", reason="server unavailable"),
        annotation("c", "c0", None, sha256="z", reason="no text found"),
    )
    known, new = split_by_cache(PICTURES, earlier, "ocr", "m#1")
    assert [row["reason"] for row in known.to_pylist()] == ["truncated", "truncated", "no text found", "no text found"]
    assert places(new) == [("a", "a1", "y")]


def test_lines_come_along():
    line = {"text": "t", "confidence": 0.9, "region": {"x0": 0.0, "y0": 0.0, "x1": 1.0, "y1": 0.5}}
    earlier = annotations(annotation("a", "a0", "t", sha256="x") | {"lines": [line]})
    assert [row["lines"] for row in split_by_cache(PICTURES, earlier, "ocr", "m#1").known.to_pylist()] == [[line]] * 2


def test_nothing_known_and_nothing_asked_are_tables_too():
    assert split_by_cache(PICTURES, annotations(), "ocr", "m#1").known.num_rows == 0
    known, new = split_by_cache(PICTURES.slice(0, 0), annotations(annotation("a", "a0", "t")), "ocr", "m#1")
    assert (known.num_rows, new.num_rows) == (0, 0)


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 3), st.sampled_from("vwxyz"))),
    st.lists(st.tuples(st.sampled_from("vwxyz"), st.sampled_from(["m#1", "m#2"]), st.sampled_from([None, "truncated", *HOUR]))),
)  # fmt: skip
def test_known_and_new_are_what_a_dictionary_says(shown, earlier):
    of_image = {(note, f"{note}{n}"): sha256 for note, n, sha256 in shown}  # an image_id names one file
    listed = [(note, 0, image_id, sha256) for (note, image_id), sha256 in of_image.items()]
    rows = [
        annotation("old", str(n), None if reason else f"text {n}", sha256=sha256, model=model, reason=reason)
        for n, (sha256, model, reason) in enumerate(earlier)
    ]
    first = {}
    for row in rows:
        if row["model"] == "m#1" and row["reason"] not in HOUR:
            first.setdefault(row["sha256"], row)
    known, new = split_by_cache(images(*listed, *listed), annotations(*rows), "ocr", "m#1")
    wanted = {place: first[sha256]["text"] for place, sha256 in of_image.items() if sha256 in first}
    assert {(r["note_id"], r["image_id"]): r["text"] for r in known.to_pylist()} == wanted
    assert known.num_rows == len(wanted)
    assert sorted(new["sha256"].to_pylist()) == sorted(set(of_image.values()) - set(first))


def test_new_answers_are_spread_to_every_note_as_known_ones_are():
    new = split_by_cache(PICTURES, annotations(), "ocr", "m#1").new
    asked = annotations(*(annotation(n, i, f"text of {s}", sha256=s) for n, i, s in places(new)))
    found = spread(PICTURES, asked)
    assert places(found) == sorted(places(PICTURES))
    assert [row["text"] for row in found.to_pylist()] == [f"text of {s}" for _, _, s in sorted(places(PICTURES))]
