"""Modal replacement on the rows that within_note makes."""

import pyarrow as pa
import pytest

from pipelines.annotate.annotation_pairs import AnnotationPairs
from pipelines.annotate.modal_replacement import insert_descriptions
from pipelines.items.arrow_rows import item_row, note_rows, pair_id, pair_row
from schemas.datasets import PAIRS, POSITIVES
from schemas.item import UNDESCRIBED, item_id
from tests.unit.pipelines.annotate.tables import annotation, annotations, images, notes

IMAGE, LATER = item_row("image", "n", ["i0"]), item_row("image", "n", ["i1"])
WHOLE = item_row("note", "n", ["i0", "i1"], "title\nbody")
WITHOUT = item_row("note", "n", ["i1"], f"title\nbody\n{UNDESCRIBED}")
WITHOUT_LATER = item_row("note", "n", ["i0"], f"title\nbody\n{UNDESCRIBED}")
DESCRIPTIONS = annotations(annotation("n", "i0", "two red mugs on wood", kind="description"))


def table(*pairs):
    return pa.Table.from_pylist(list(pairs), PAIRS.columns)


def replace(pairs, descriptions=DESCRIPTIONS):
    return insert_descriptions(pairs, descriptions, AnnotationPairs())


def test_the_description_takes_the_place_of_the_picture_both_ways():
    pairs = table(
        pair_row("within_note", "image_to_note", IMAGE, WITHOUT, 1.0),
        pair_row("within_note", "note_to_image", WITHOUT, IMAGE, 1.0),
    )
    result = replace(pairs)
    described = item_row("note", "n", ["i1"], "title\nbody\ntwo red mugs on wood")
    assert {(r["task"], r["query"]["item_id"], r["target"]["item_id"]) for r in result.rows.to_pylist()} == {
        ("image_to_note", IMAGE["item_id"], described["item_id"]),
        ("note_to_image", described["item_id"], IMAGE["item_id"]),
    }
    for row in result.rows.to_pylist():
        assert row["pair_id"] == pair_id("within_note", row["task"], row["query"]["item_id"], row["target"]["item_id"])
    assert (result.replaced, result.left) == (2, {})


def test_a_crop_gets_the_description_of_its_picture_and_keeps_its_evidence():
    box = {"x0": 0.0, "y0": 0.0, "x1": 0.5, "y1": 0.5}
    crop = {**IMAGE, "kind": "crop", "region": box, "item_id": item_id("crop", "n", ["i0"], tuple(box.values()))}
    result = replace(table(pair_row("within_note", "image_to_note", crop, WITHOUT, 1.0, {"region": box})))
    [row] = result.rows.to_pylist()
    assert row["query"] == crop
    assert row["evidence"]["region"] == box
    assert row["target"]["text"].endswith("two red mugs on wood")


@pytest.mark.parametrize(
    ("descriptions", "reason"),
    [
        (DESCRIPTIONS, "pictures without a description"),
        (annotations(annotation("n", "i1", "mug", kind="description")), "texts too short to be a query"),
        (annotations(annotation("n", "i1", None, kind="description", reason="truncated")), "pictures without a description"),
        (annotations(annotation("n", "i1", "words read in it")), "pictures without a description"),
        (annotations(annotation("other", "i1", "two red mugs on wood", kind="description")), "pictures without a description"),
        (
            annotations(annotation("n", "i1", "a title of the note", kind="description", model="note-title")),
            "descriptions copied from the note's own text",
        ),
    ],
)
def test_a_pair_whose_picture_has_no_description_stays_as_it_is_and_is_counted(descriptions, reason):
    pairs = table(pair_row("within_note", "image_to_note", LATER, WITHOUT_LATER, 1.0))
    result = replace(pairs, descriptions)
    assert result.rows.equals(pairs)
    assert (result.replaced, result.left) == (0, {reason: 1})


def test_other_pairs_are_not_touched():
    typed = item_row("note", "n", ["i0", "i1"], f"title\nI write: \n{UNDESCRIBED}")  # the author typed the marker
    pairs = table(
        pair_row("within_note", "image_to_note", IMAGE, WHOLE, 1.0),
        pair_row("within_note", "image_to_note", IMAGE, typed, 1.0),
        pair_row("within_note", "text_to_note", item_row("text", "n", text="body"), WHOLE, 1.0),
        pair_row("co_click", "note_to_note", typed, WHOLE, 0.4),
    )
    result = replace(pairs)
    assert sorted(result.rows["pair_id"].to_pylist()) == sorted(pairs["pair_id"].to_pylist())
    assert (result.replaced, result.left) == (0, {})


def test_a_split_stays_with_its_pair():
    row = pair_row("within_note", "image_to_note", IMAGE, WITHOUT, 1.0) | {"component_id": "c", "split": "test"}
    result = replace(pa.Table.from_pylist([row], POSITIVES.columns))
    POSITIVES.check(result.rows.schema)
    assert [(r["component_id"], r["split"]) for r in result.rows.to_pylist()] == [("c", "test")]


def test_replaces_in_the_pairs_of_within_note(spark):
    """Items, pair ids and the marker are the same with Spark and without, and near copies are removed together."""
    from pipelines.items.spark_columns import note_items
    from pipelines.mining.within_note.settings import WithinNote
    from pipelines.mining.within_note.within_note_step import within_note_pairs

    texts = [("n", "Two mugs", "On wood."), ("m", None, None)]
    places = [("n", 0, "i0", "x"), ("n", 1, "i1", "y"), ("n", 2, "i2", "x"), ("m", 0, "j0", "z")]
    on_spark = spark.createDataFrame(places, "note_id string, position int, image_id string, sha256 string")
    whole = note_items(spark.createDataFrame(texts, "note_id string, title string, body string"), on_spark)
    copies = spark.createDataFrame([], "sha256_l string, sha256_r string")
    mined = within_note_pairs(whole, on_spark, copies, WithinNote(images_per_note=9, crops_per_note=9), 0)
    pairs = mined.rows.toArrow().cast(PAIRS.columns)

    assert {r["note_id"]: r["item"] for r in whole.toArrow().to_pylist()} == note_rows(
        notes(*texts), images(*places), {"n", "m"}
    )
    for row in pairs.to_pylist():
        assert row["pair_id"] == pair_id(row["granularity"], row["task"], row["query"]["item_id"], row["target"]["item_id"])
    result = replace(pairs, annotations(annotation("n", "i0", "two red mugs on wood", kind="description")))
    described = {
        (r["query"]["kind"], *r["query"]["image_ids"], *r["target"]["image_ids"])
        for r in result.rows.to_pylist()
        if r["task"] == "image_to_note" and r["target"]["text"] == "Two mugs\nOn wood.\ntwo red mugs on wood"
    }
    assert described == {("image", "i0", "i1"), ("crop", "i0", "i1")}
    assert (result.replaced, result.rows.num_rows) == (3, pairs.num_rows)
    assert result.left == {"pictures without a description": 6}
