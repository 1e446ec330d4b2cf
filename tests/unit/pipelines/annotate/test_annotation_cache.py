from hypothesis import given
from hypothesis import strategies as st

from pipelines.annotate.annotation_cache import split_by_cache, to_every_note
from schemas.datasets import ANNOTATIONS
from tests.unit.pipelines.annotate.tables import annotation, annotations, images

PICTURES = images(("a", 0, "a0", "x"), ("a", 1, "a1", "y"), ("b", 0, "b0", "x"), ("c", 0, "c0", "z"), ("c", 1, "c1", "z"))

TRANSIENT = ("server unavailable", "model failed", "reader failed", "unreadable file", "missing file")


def places(table):
    return [tuple(row[name] for name in ("note_id", "image_id", "sha256")) for row in table.to_pylist()]


def test_an_annotated_file_is_cached_for_every_note_that_has_it():
    earlier = annotations(annotation("old", "gone", "红色雨伞", sha256="x", confidence=0.9))
    cached, new = split_by_cache(PICTURES, earlier, "ocr", "m#1")
    ANNOTATIONS.check(cached.schema)
    assert places(cached) == [("a", "a0", "x"), ("b", "b0", "x")]
    assert [(row["text"], row["confidence"]) for row in cached.to_pylist()] == [("红色雨伞", 0.9)] * 2
    assert places(new) == [("a", "a1", "y"), ("c", "c0", "z")]
    assert new.schema == PICTURES.schema


def test_another_model_or_kind_is_not_cached():
    earlier = annotations(annotation("a", "a0", "t", sha256="x"))
    for kind, model in (("ocr", "m#2"), ("description", "m#1")):
        cached, new = split_by_cache(PICTURES, earlier, kind, model)
        assert (cached.num_rows, new.num_rows) == (0, 3)


def test_a_permanent_reason_is_cached_and_a_transient_one_is_tried_again():
    earlier = annotations(
        annotation("a", "a0", None, sha256="x", reason="truncated"),
        annotation("a", "a1", None, sha256="y", reason="server unavailable"),
        annotation("c", "c0", None, sha256="z", reason="no text found"),
    )
    cached, new = split_by_cache(PICTURES, earlier, "ocr", "m#1")
    assert [row["reason"] for row in cached.to_pylist()] == ["truncated", "truncated", "no text found", "no text found"]
    assert places(new) == [("a", "a1", "y")]


def test_lines_are_cached_too():
    line = {"text": "t", "confidence": 0.9, "region": {"x0": 0.0, "y0": 0.0, "x1": 1.0, "y1": 0.5}}
    earlier = annotations(annotation("a", "a0", "t", sha256="x") | {"lines": [line]})
    assert [row["lines"] for row in split_by_cache(PICTURES, earlier, "ocr", "m#1").cached.to_pylist()] == [[line]] * 2


def test_an_empty_cache_and_no_new_pictures_are_tables_too():
    assert split_by_cache(PICTURES, annotations(), "ocr", "m#1").cached.num_rows == 0
    cached, new = split_by_cache(PICTURES.slice(0, 0), annotations(annotation("a", "a0", "t")), "ocr", "m#1")
    assert (cached.num_rows, new.num_rows) == (0, 0)


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 3), st.sampled_from("vwxyz"))),
    st.lists(st.tuples(st.sampled_from("vwxyz"), st.sampled_from(["m#1", "m#2"]), st.sampled_from([None, "truncated", *TRANSIENT]))),
)  # fmt: skip
def test_cached_and_new_are_those_of_a_dictionary(listed, earlier):
    of_image = {(note, f"{note}{n}"): sha256 for note, n, sha256 in listed}  # an image_id names one file
    rows_of_images = [(note, 0, image_id, sha256) for (note, image_id), sha256 in of_image.items()]
    rows = [
        annotation("old", str(n), None if reason else f"text {n}", sha256=sha256, model=model, reason=reason)
        for n, (sha256, model, reason) in enumerate(earlier)
    ]
    first = {}
    for row in rows:
        if row["model"] == "m#1" and row["reason"] not in TRANSIENT:
            first.setdefault(row["sha256"], row)
    cached, new = split_by_cache(images(*rows_of_images, *rows_of_images), annotations(*rows), "ocr", "m#1")
    expected = {place: first[sha256]["text"] for place, sha256 in of_image.items() if sha256 in first}
    assert {(r["note_id"], r["image_id"]): r["text"] for r in cached.to_pylist()} == expected
    assert cached.num_rows == len(expected)
    assert sorted(new["sha256"].to_pylist()) == sorted(set(of_image.values()) - set(first))


def test_new_annotations_are_copied_to_every_note_as_cached_ones_are():
    new = split_by_cache(PICTURES, annotations(), "ocr", "m#1").new
    new_rows = annotations(*(annotation(n, i, f"text of {s}", sha256=s) for n, i, s in places(new)))
    copied = to_every_note(PICTURES, new_rows)
    assert places(copied) == sorted(places(PICTURES))
    assert [row["text"] for row in copied.to_pylist()] == [f"text of {s}" for _, _, s in sorted(places(PICTURES))]
