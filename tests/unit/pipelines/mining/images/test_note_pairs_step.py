"""Pairs of files become pairs of images in two notes; files in many notes make stars, and nothing goes uncounted."""

import pytest
from pyspark.sql import functions as F

from pipelines.items.spark_columns import spark_type
from pipelines.mining.images.note_pairs_step import (
    COPY,
    CROP,
    DROPPED_PLACES_OF_ONE_FILE,
    DROPPED_PLACES_OF_TWO_FILES,
    DROPPED_PLACES_WITHOUT_DETAIL,
    PlaceCap,
    image_pairs,
)
from schemas.intermediate import PICTURE_DOUBTS, PICTURE_PAIRS
from schemas.relations import VARIANT

BOX = (0.1, 0.2, 0.6, 0.9)


PHOTO = {"width": 640, "height": 480, "quality": 100, "surface": "photo"}


def images(spark, places, **looks):
    rows = spark.createDataFrame(
        [(sha, note, image) for sha, note, image in places], "sha256 string, note_id string, image_id string"
    )
    return rows.withColumns({name: F.lit(value) for name, value in (PHOTO | looks).items()})


def file_pairs(spark, rows):
    ddl = ", ".join(f"{c.name} {spark_type(c.type)}" for c in PICTURE_PAIRS.columns)
    return spark.createDataFrame(
        [(a, b, relation, box, False, 7, 30, 0.9, 0.85, 3.0, 0.8) for a, b, relation, box in rows], ddl
    )


def doubts(spark, rows=()):
    ddl = ", ".join(f"{c.name} {spark_type(c.type)}" for c in PICTURE_DOUBTS.columns)
    return spark.createDataFrame([(a, b, 7, 30, relation, False, 0.9, 0.85, 3.0, 0.8) for a, b, relation in rows], ddl)


def ends(output):
    return sorted((r["query"]["image_ids"][0], r["target"]["image_ids"][0]) for r in output.rows.collect())


def test_pairs_the_images_of_equal_and_of_matched_files_across_notes(spark):
    places = images(spark, [("A", "n2", "a2"), ("A", "n1", "a1"), ("A", "n1", "a1b"), ("B", "n1", "b1"), ("C", "n0", "c0")])
    pairs = file_pairs(spark, [("A", "B", "copy", None), ("A", "C", "copy", None)])
    copies = image_pairs(pairs, doubts(spark), 2, places, PlaceCap())[COPY]
    assert ends(copies) == [("a1", "a2"), ("a1b", "a2"), ("b1", "a2"), ("c0", "a1"), ("c0", "a1b"), ("c0", "a2")]
    scores = {r["query"]["image_ids"][0]: (r["score"], r["evidence"]["hamming_distance"]) for r in copies.rows.collect()}
    assert scores["a1"] == (1.0, 0)
    assert scores["b1"] == (0.8, 7)


def test_variants_are_a_table_of_their_own_with_their_evidence(spark):
    places = images(spark, [("A", "n2", "a2"), ("A", "n1", "a1"), ("B", "n1", "b1"), ("C", "n0", "c0")])
    found = image_pairs(
        file_pairs(spark, []), doubts(spark, [("A", "B", "variant"), ("A", "C", "none")]), 2, places, PlaceCap()
    )
    assert ends(found[VARIANT]) == [("b1", "a2")]
    [row] = found[VARIANT].rows.collect()
    assert (row["granularity"], row["score"]) == ("variant", 0.8)
    assert (row["evidence"]["structure"], row["evidence"]["colour_error"]) == (0.85, 3.0)
    assert ends(found[COPY]) == [("a1", "a2")]


def test_pictures_that_show_nothing_relate_no_notes_and_are_counted(spark):
    kinds = {
        "pixel": (3, {"width": 1, "height": 1}),
        "colour": (3, {"quality": 0, "surface": "flat"}),
        "rule": (3, {"width": 900, "height": 8}),
        "placeholder": (6, {"quality": 30, "surface": "flat"}),
        "product": (5, {"quality": 30, "surface": "flat"}),
        "photo": (6, {}),
    }
    places = images(spark, [("other", "other", "other")])
    for kind, (shown, looks) in kinds.items():
        places = places.unionByName(images(spark, [(kind, f"{kind}{k}", f"{kind}{k}") for k in range(shown)], **looks))
    tied = file_pairs(spark, [(kind, "other", "copy", None) for kind in kinds])
    copies = image_pairs(tied, doubts(spark), 2, places, PlaceCap(max_flat_shown=5))[COPY]
    paired = [(b if a == "other" else a).rstrip("0123456789") for a, b in ends(copies)]
    assert {kind: paired.count(kind) for kind in set(paired)} == {"product": 5 * 4 // 2 + 5, "photo": 6 * 5 // 2 + 6}
    dropped = {r["reason"]: r["rows"] for r in copies.dropped.collect()}
    assert dropped[DROPPED_PLACES_WITHOUT_DETAIL] == 3 + 3 + 3 + 6


@pytest.mark.parametrize(("relation", "query", "target"), [("framed_l", "a", "b"), ("framed_r", "b", "a")])
def test_a_framed_picture_is_the_query_and_the_region_is_its_place_in_the_frame(spark, relation, query, target):
    places = images(spark, [("A", "n1", "a"), ("B", "n2", "b")])
    [row] = image_pairs(file_pairs(spark, [("A", "B", relation, BOX)]), doubts(spark), 1, places, PlaceCap())[
        COPY
    ].rows.collect()
    assert (row["query"]["image_ids"], row["target"]["image_ids"]) == ([query], [target])
    assert tuple(row["target"]["region"]) == tuple(row["evidence"]["region"]) == BOX
    assert row["query"]["region"] is None


@pytest.mark.parametrize(("relation", "query"), [("crop_l", "a"), ("crop_r", "b")])
def test_a_crop_is_the_query_and_the_target_has_its_region(spark, relation, query):
    places = images(spark, [("A", "n1", "a"), ("B", "n2", "b")])
    pairs = file_pairs(spark, [("A", "B", relation, BOX)])
    copies = image_pairs(pairs, doubts(spark), 2, places, PlaceCap())
    [row] = copies[CROP].rows.collect()
    assert row["query"]["image_ids"] == [query]
    assert tuple(row["target"]["region"]) == BOX
    assert copies[COPY].rows.count() == 0


def test_a_file_in_a_thousand_notes_makes_a_star_and_the_rest_is_counted(spark):
    hub = spark.range(1000).select(
        F.lit("A").alias("sha256"),
        F.format_string("n%04d", "id").alias("note_id"),
        F.format_string("i%04d", "id").alias("image_id"),
        *[F.lit(value).alias(name) for name, value in PHOTO.items()],
    )
    places = hub.unionByName(images(spark, [("B", "other", "b")]))
    copies = image_pairs(file_pairs(spark, [("A", "B", "copy", None)]), doubts(spark), 1, places, PlaceCap(max_shown=20))[COPY]
    assert copies.rows.count() == 999 + 20
    assert {r["query"]["image_ids"][0] for r in copies.rows.where("target.image_ids[0] != 'b'").collect()} == {"i0000"}
    dropped = {r["reason"]: r["rows"] for r in copies.dropped.collect()}
    assert dropped == {
        DROPPED_PLACES_OF_ONE_FILE: 1000 * 999 // 2 - 999,
        DROPPED_PLACES_OF_TWO_FILES: 980,
        DROPPED_PLACES_WITHOUT_DETAIL: 0,
    }


def test_two_files_in_many_notes_are_paired_with_the_first_of_each_and_the_rest_is_counted(spark):
    places = images(spark, [(file, f"{file}n{k}", f"{file.lower()}{k}") for file in "AB" for k in range(6)])
    tied = file_pairs(spark, [("A", "B", "copy", None)])
    copies = image_pairs(tied, doubts(spark), 1, places, PlaceCap(max_shown=5))[COPY]
    between = {pair for pair in ends(copies) if pair[0][0] != pair[1][0]}
    assert between == {("a0", f"b{k}") for k in range(5)} | {(f"a{k}", "b0") for k in range(5)}
    dropped = {r["reason"]: r["rows"] for r in copies.dropped.collect()}
    assert dropped[DROPPED_PLACES_OF_TWO_FILES] == 6 * 6 - 9
    whole = image_pairs(tied, doubts(spark), 1, places, PlaceCap(max_shown=36))[COPY]
    assert len([pair for pair in ends(whole) if pair[0][0] != pair[1][0]]) == 36


def test_many_pairs_of_files_in_many_notes_are_no_single_task(spark, tmp_path):
    files = [f"F{k:02}" for k in range(12)]
    places = images(spark, [(file, f"{file}n{k}", f"{file}i{k}") for file in files for k in range(5)])
    pairs = file_pairs(spark, [(a, b, "copy", None) for a in files for b in files if a < b])
    # From files, as in the job: Spark knows that they are small, and joins without a shuffle.
    for name, rows in (("places", places), ("pairs", pairs)):
        rows.coalesce(1).write.parquet(str(tmp_path / name))
    places, pairs = (spark.read.parquet(str(tmp_path / name)) for name in ("places", "pairs"))
    one, many = (image_pairs(pairs, doubts(spark), count, places, PlaceCap())[COPY] for count in (66, 100_000))
    assert ends(many) == ends(one)
    across = F.col("query.image_ids")[0].substr(1, 3) != F.col("target.image_ids")[0].substr(1, 3)
    tasks = [copies.rows.where(across).select(F.spark_partition_id()).distinct().count() for copies in (one, many)]
    assert tasks[0] == 1 < tasks[1]
