"""A note's own pairs: the right parts, no copy of the query left in the target, the same whatever the partitions."""

import pytest
from pyspark.sql import functions as F

from pipelines.items.spark_columns import note_items
from pipelines.mining.within_note.settings import WithinNote
from pipelines.mining.within_note.within_note_step import within_note_pairs
from schemas.item import UNDESCRIBED, full_text, item_id

NOTES = [
    ("a", "Two mugs", "The first sentence is about mugs. 第二句话讲的是红色的杯子放在左边。\n今天天气真好我们去公园里散步吧"),
    ("b", None, "Another note that is long enough here.\n今天天气真好我们去公园里散步吧"),
    ("c", "", "今天天气真好我们去公园里散步吧"),
    ("d", None, "今天天气真好我们去公园里散步吧"),
    ("lone", None, None),
]
IMAGES = [
    ("a", 0, "a0", "sha0"), ("a", 1, "a1", "sha1"), ("a", 2, "a2", "sha0"), ("a", 3, "a3", "sha3"),
    ("b", 0, "b0", "sha1"),
    ("lone", 0, "l0", "sha9"),
]  # fmt: skip
COPIES = [("sha1", "sha3")]
ALL = WithinNote(images_per_note=9, crops_per_note=9, passages_per_note=9)


def mined(spark, settings=ALL, seed=0, partitions=1):
    notes = spark.createDataFrame(NOTES, "note_id string, title string, body string").repartition(partitions)
    images = spark.createDataFrame(IMAGES, "note_id string, position int, image_id string, sha256 string").repartition(
        partitions
    )
    copies = spark.createDataFrame(COPIES, "sha256_l string, sha256_r string")
    return within_note_pairs(note_items(notes, images), images, copies, settings, seed)


@pytest.fixture(scope="module")
def pairs(spark):
    return mined(spark).rows.collect()


def test_makes_every_kind_of_pair(pairs):
    kinds = {(r["task"], r["query"]["kind"], r["target"]["kind"]) for r in pairs}
    assert kinds == {
        ("image_to_note", "image", "note"),
        ("image_to_note", "crop", "note"),
        ("note_to_image", "note", "image"),
        ("text_to_note", "text", "note"),
        ("note_to_text", "note", "text"),
    }
    assert {r["granularity"] for r in pairs} == {"within_note"}
    assert all(r["query"]["note_id"] == r["target"]["note_id"] for r in pairs)


def test_a_picture_leaves_its_note_together_with_its_copies_and_the_text_says_so(pairs):
    replaced = {
        r["query"]["image_ids"][0]: r["target"]["image_ids"]
        for r in pairs
        if r["task"] == "image_to_note" and r["query"]["kind"] == "image" and r["target"]["text"].endswith(UNDESCRIBED)
    }
    assert replaced == {"a0": ["a1", "a3"], "a2": ["a1", "a3"], "a1": ["a0", "a2"], "a3": ["a0", "a2"], "b0": []}


def test_a_crop_never_meets_its_picture_in_the_target(pairs):
    crops = [r for r in pairs if r["query"]["kind"] == "crop"]
    assert len(crops) == 5
    for r in crops:
        box = r["query"]["region"]
        assert 0 <= box["x0"] < box["x1"] <= 1 and 0 <= box["y0"] < box["y1"] <= 1
        assert 0.19 <= (box["x1"] - box["x0"]) * (box["y1"] - box["y0"]) <= 0.81
        assert r["query"]["image_ids"][0] not in r["target"]["image_ids"]
        assert r["evidence"]["region"] == box


def test_a_note_that_is_only_its_picture_gives_no_pair_without_it(spark, pairs):
    lone = {(r["task"], r["target"]["kind"]) for r in pairs if r["query"]["note_id"] == "lone"}
    assert lone == {("image_to_note", "note"), ("note_to_image", "image")}
    assert ("pictures whose note is empty without them", 1) in {tuple(r) for r in mined(spark).dropped.collect()}


def test_sentences_that_many_notes_have_are_no_queries_and_are_counted(spark, pairs):
    texts = {r["query"]["text"] for r in pairs if r["task"] == "text_to_note"}
    assert texts == {
        "The first sentence is about mugs.",
        "第二句话讲的是红色的杯子放在左边。",
        "Another note that is long enough here.",
    }
    assert ("sentences of more than max_notes_per_passage notes", 4) in {tuple(r) for r in mined(spark).dropped.collect()}


def test_a_passage_says_where_it_stands(pairs):
    bodies = {note: full_text(title, body) for note, title, body in NOTES}
    for r in pairs:
        if r["task"] == "text_to_note":
            start, end = r["evidence"]["target_start"], r["evidence"]["target_end"]
            assert bodies[r["target"]["note_id"]][start:end] == r["query"]["text"]


def test_items_are_named_by_what_they_show(pairs):
    for r in pairs:
        for item in (r["query"], r["target"]):
            box = tuple(item["region"]) if item["region"] else None
            assert item["item_id"] == item_id(item["kind"], item["note_id"], item["image_ids"], box, item["text"])


def test_samples_by_hash_the_same_for_any_partitions_and_others_for_another_seed(spark):
    few = WithinNote(images_per_note=1, crops_per_note=1, passages_per_note=1)

    def chosen(seed, partitions):
        return {tuple(r) for r in mined(spark, few, seed, partitions).rows.select("pair_id", F.col("query.item_id")).collect()}

    assert chosen(0, 1) == chosen(0, 7)
    assert len({frozenset(chosen(seed, 1)) for seed in range(4)}) > 1
    assert sum(r["query"]["kind"] == "crop" for r in mined(spark, few).rows.collect()) == 2
