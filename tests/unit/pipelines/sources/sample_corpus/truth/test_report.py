"""The report counts what a small workspace found, with the answer worked out by hand."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.sources.sample_corpus.truth.precision_recall import TruthMeasure
from pipelines.sources.sample_corpus.truth.report import truth_report
from schemas.datasets import COMPONENTS, NOTES, POSITIVES, QUARANTINE

KEPT = ["a", "b", "c", "d", "e"]
PASSAGE = "melt 40 g of butter, then whisk 7 rounds"
TEXTS = {"a": PASSAGE, "b": PASSAGE, "c": "something else", "d": "and more of it", "e": "the last of them"}


def _item(kind, note_id, image_id=None, region=None, text=None):
    box = dict(zip(("x0", "y0", "x1", "y1"), region, strict=True)) if region else None
    images = [image_id] if image_id else []
    return {"item_id": "", "kind": kind, "note_id": note_id, "image_ids": images, "region": box, "text": text}


def _pair(granularity, query, target):
    return {
        "pair_id": "", "granularity": granularity, "task": "", "query": query, "target": target,
        "score": 1.0, "evidence": None, "component_id": "", "split": "train",
    }  # fmt: skip


def _near(a, b):
    return _pair("near_duplicate_image", _item("image", a[0], a), _item("image", b[0], b))


def _crop(a, b, region):
    return _pair("crop", _item("image", a[0], a), _item("image", b[0], b, region))


def _passage(a, b, text):
    return _pair("partial_text", _item("text", a, text=text), _item("text", b, text=text))


def _tables(pairs=(), quarantine=(), split=None):
    splits = dict.fromkeys(KEPT, "train") | (split or {})
    components = [{"note_id": n, "component_id": n, "size": 1, "content_group": n, "split": s} for n, s in splits.items()]
    notes = [
        {"note_id": n, "title": None, "body": TEXTS[n], "topic": "t", "images": [], "like_count": 1, "image_count": 0, "kept_because": ""}
        for n in KEPT
    ]  # fmt: skip
    refused = [dict(zip(("id", "source", "reason", "detail"), q, strict=True)) for q in quarantine]
    return {
        "positives": pa.Table.from_pylist(list(pairs), POSITIVES.columns),
        "quarantine": pa.Table.from_pylist(refused, QUARANTINE.columns),
        "components": pa.Table.from_pylist(components, COMPONENTS.columns),
        "notes": pa.Table.from_pylist(notes, NOTES.columns),
    }


def _image(image_id, family, edit="none", kind="original", box=None, variant_of=None):
    return {
        "image_id": image_id,
        "note_id": image_id[0],
        "family": family,
        "edit": edit,
        "kind": kind,
        "box": box,
        "variant_of": variant_of,
    }


@pytest.fixture
def folder(tmp_path):
    images = [
        _image("a1", "f"), _image("b1", "f", "grey", "copy"), _image("c1", "f", "soft", "copy"), _image("x1", "f", "grey", "copy"),
        _image("d1", "f", "crop40", "crop", [0.0, 0.0, 0.5, 0.8]), _image("e1", "v", variant_of="f"), _image("a2", "g"), _image("b2", "h"),
    ]  # fmt: skip
    passages = [{"source_note": "a", "target_note": "c", "host_note": "c", "passage": PASSAGE, "edit_rate": 0.0}]
    faults = [
        ("a9", "images", "missing file"),
        ("n9", "notes", "negative likes"),
        (None, "clicks", "no user"),
        (None, "clicks", "no time"),
    ]
    oddities = [dict(zip(("id", "source", "fault"), f, strict=True)) for f in faults]
    chains = [{"source_note": "a", "target_note": "b", "users": 9}, {"source_note": "b", "target_note": "c", "users": 9}]
    aliases = [{"a": "g", "b": "h"}]
    tables = {"images": images, "passages": passages, "oddities": oddities, "co_clicks": chains, "aliases": aliases}
    for name, rows in tables.items():
        pq.write_table(pa.Table.from_pylist(rows), tmp_path / f"{name}.parquet")
    return tmp_path


def _report(folder, **tables):
    return {(r.measure, r.part): r for r in truth_report(folder, _tables(**tables))}


def test_an_empty_workspace_found_nothing_and_has_no_precision(folder):
    rows = _report(folder)
    assert rows["near_duplicate_image", ""] == TruthMeasure("near_duplicate_image", "", 0, 2, 0, 0)  # x is no kept note
    assert rows["near_duplicate_image", ""].recall == 0.0
    assert rows["near_duplicate_image", ""].precision is None
    assert rows["crop", ""].expected == 1
    assert ("crop", "box in place") not in rows


def test_counts_copies_by_edit_and_wrong_pairs(folder):
    rows = _report(folder, pairs=[_near("a1", "b1"), _near("a1", "b2")])
    assert rows["near_duplicate_image", ""] == TruthMeasure("near_duplicate_image", "", 1, 2, 1, 2)
    assert rows["near_duplicate_image", "grey"] == TruthMeasure("near_duplicate_image", "grey", 1, 1)
    assert rows["near_duplicate_image", "soft"] == TruthMeasure("near_duplicate_image", "soft", 0, 1)


def test_look_alikes_by_nature_are_neither_right_nor_wrong(folder):
    rows = _report(folder, pairs=[_near("a1", "b1"), _near("a2", "b2")])
    assert rows["near_duplicate_image", ""].checked == 1


def test_a_colour_variant_taken_for_a_copy_is_wrong_and_told(folder):
    apart = _report(folder)["near_duplicate_image", "colour variant kept apart"]
    taken = _report(folder, pairs=[_near("c1", "e1")])
    assert (apart.matched, apart.expected) == (1, 1)
    assert taken["near_duplicate_image", "colour variant kept apart"].matched == 0
    assert taken["near_duplicate_image", ""].precision == 0.0


def test_a_pair_with_a_picture_of_a_dropped_note_is_not_judged(folder):
    assert _report(folder, pairs=[_near("a1", "x1")])["near_duplicate_image", ""] == TruthMeasure(
        "near_duplicate_image", "", 0, 2, 0, 0
    )


@pytest.mark.parametrize(
    ("region", "in_place"),
    [((0.0, 0.0, 0.5, 0.8), 1), ((0.0, 0.0, 0.3, 0.8), 1), ((0.0, 0.0, 0.2, 0.8), 0), ((0.5, 0.0, 1.0, 0.8), 0)],
)
def test_a_crops_box_is_in_place_when_half_of_both_overlaps(folder, region, in_place):
    rows = _report(folder, pairs=[_crop("d1", "a1", region)])
    assert rows["crop", ""] == TruthMeasure("crop", "", 1, 1, 1, 1)
    assert rows["crop", "crop40"].matched == 1
    assert rows["crop", "box in place"] == TruthMeasure("crop", "box in place", in_place, 1)


def test_the_whole_picture_given_as_the_crop_does_not_count(folder):
    assert _report(folder, pairs=[_crop("a1", "d1", (0.0, 0.0, 0.5, 0.8))])["crop", ""].matched == 0


def test_only_a_piece_of_four_fifths_may_be_called_a_near_duplicate(folder):
    assert _report(folder, pairs=[_near("d1", "a1")])["crop", ""].matched == 0
    images = pq.read_table(folder / "images.parquet").to_pylist()
    images[4]["edit"] = "crop80"
    pq.write_table(pa.Table.from_pylist(images), folder / "images.parquet")
    assert _report(folder, pairs=[_near("d1", "a1")])["crop", ""].matched == 1


def test_a_family_in_two_splits_is_told(folder):
    assert _report(folder)["families", "in one split"] == TruthMeasure("families", "in one split", 4, 4)
    assert _report(folder, split={"b": "test"})["families", "in one split"] == TruthMeasure("families", "in one split", 3, 4)


def test_a_passage_is_right_when_planted_or_when_both_notes_have_it(folder):
    planted, shared, wrong = _passage("a", "c", "x"), _passage("a", "b", PASSAGE), _passage("c", "d", "something else")
    rows = _report(folder, pairs=[planted, shared, wrong])
    assert rows["partial_text", ""] == TruthMeasure("partial_text", "", 1, 1, 2, 3)
    assert rows["partial_text", "0% retyped"].matched == 1


def test_a_retyped_passage_that_nobody_planted_is_right_when_most_pieces_stand_in_both(folder):
    retyped = PASSAGE.replace("whisk", "whiisk")
    assert _report(folder, pairs=[_passage("a", "b", retyped)])["partial_text", ""].correct == 1
    assert _report(folder, pairs=[_passage("a", "d", retyped)])["partial_text", ""].correct == 0


def test_a_chain_is_found_in_its_direction_and_not_wanted_across_splits(folder):
    forth = _pair("co_click", _item("note", "a"), _item("note", "b"))
    back = _pair("co_click", _item("note", "c"), _item("note", "b"))
    assert _report(folder, pairs=[forth, back])["co_click", ""] == TruthMeasure("co_click", "", 1, 2)
    assert _report(folder, pairs=[forth], split={"c": "test"})["co_click", ""] == TruthMeasure("co_click", "", 1, 1)


def test_wrong_rows_without_an_id_are_counted_by_source(folder):
    rows = _report(
        folder,
        quarantine=[
            ("a9", "images", "missing", None),
            ("row 1f", "clicks", "no user_id", None),
            ("row 2f", "notes", "no id", None),
        ],
    )
    assert rows["quarantine", ""] == TruthMeasure("quarantine", "", 2, 4)
    assert rows["quarantine", "missing file"].recall == 1.0
    assert rows["quarantine", "negative likes"].recall == 0.0


def test_what_a_corpus_does_not_plant_is_not_reported(folder):
    for name in ("images", "co_clicks", "oddities"):
        (folder / f"{name}.parquet").unlink()
    assert {measure for measure, _ in _report(folder)} == {"partial_text"}
