"""Within-note pairs of pictures: image to note, crop to note, note to image."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.window import Window

from pipelines.items import spark_columns
from pipelines.mining.within_note.settings import WithinNote
from schemas.item import UNDESCRIBED

CROP_MARGIN = 0.98
"""Largest share of a side that a crop may have: above it, it would be the picture."""


def replaced_items(items_of_notes: DataFrame, images: DataFrame, copies: DataFrame) -> DataFrame:
    """For each picture its note whole and its note without it: note_id, image_id, whole, replaced, has_rest.

    `replaced` is the modal replacement N' (method.md, section 1): the picture and all of its copies
    in the note are removed together, and the text gets a mark for a picture without a description.
    `has_rest`: whether the note is not empty without it.

    Args:
        items_of_notes: note_id, item.
        images: IMAGES.
        copies: sha256_l, sha256_r of pictures that are copies of each other.
    """
    removed = _copies_in_note(images, copies)
    distinct = images.select("note_id", "image_id", "sha256").dropDuplicates(["note_id", "image_id"])
    text = F.col("item.text")
    rest = F.array_except("item.image_ids", F.col("removed"))
    replaced = spark_columns.item("note", F.col("note_id"), rest, text=F.concat_ws("\n", text, F.lit(UNDESCRIBED)))
    return (
        distinct.join(removed, on=["note_id", "image_id"], how="inner")
        .join(items_of_notes, on="note_id", how="inner")
        .select(
            "note_id",
            "image_id",
            F.col("item").alias("whole"),
            replaced.alias("replaced"),
            ((F.size(rest) > 0) | text.rlike(r"\S")).alias("has_rest"),
        )
    )


def image_pairs(parts: DataFrame, settings: WithinNote, seed: int) -> DataFrame:
    """PAIRS of a sampled picture and its note, both ways, with and without the picture in the note."""
    image = spark_columns.item("image", F.col("note_id"), F.array("image_id"))
    sampled = parts.transform(_sampled, settings.images_per_note, seed, "image").withColumn("image", image)
    without, score = sampled.where("has_rest"), F.lit(1.0)
    image_to, to_image = "image_to_note", "note_to_image"
    return (
        without.select(*spark_columns.pair("within_note", image_to, F.col("image"), F.col("replaced"), score, {}))
        .unionByName(sampled.select(*spark_columns.pair("within_note", image_to, F.col("image"), F.col("whole"), score, {})))
        .unionByName(sampled.select(*spark_columns.pair("within_note", to_image, F.col("whole"), F.col("image"), score, {})))
        .unionByName(without.select(*spark_columns.pair("within_note", to_image, F.col("replaced"), F.col("image"), score, {})))
    )


def crop_pairs(parts: DataFrame, settings: WithinNote, seed: int) -> DataFrame:
    """PAIRS of a crop, its box drawn by a hash, and its note without the picture."""
    sampled = parts.where("has_rest").transform(_sampled, settings.crops_per_note, seed, "crop")
    area = settings.min_crop_area + _uniform(seed, "area") * (settings.max_crop_area - settings.min_crop_area)
    stretch = F.pow(F.lit(2.0), _uniform(seed, "stretch") - 0.5)  # sides in a ratio of at most 1:1.4 relative to the picture's
    width = F.least(F.sqrt(area) * F.sqrt(stretch), F.lit(CROP_MARGIN))
    height = F.least(area / width, F.lit(CROP_MARGIN))
    x0, y0 = _uniform(seed, "x") * (1 - width), _uniform(seed, "y") * (1 - height)
    box = spark_columns.region(x0, y0, x0 + width, y0 + height)
    crop = spark_columns.item("crop", F.col("note_id"), F.array("image_id"), F.col("box"))
    return (
        sampled.withColumn("box", box)
        .withColumn("crop", crop)
        .select(
            *spark_columns.pair(
                "within_note", "image_to_note", F.col("crop"), F.col("replaced"), F.lit(1.0), {"region": F.col("box")}
            )
        )
    )


def _copies_in_note(images: DataFrame, copies: DataFrame) -> DataFrame:
    """note_id, image_id, removed: the picture itself and every copy of it in the same note."""
    own = images.select("note_id", "image_id", "sha256").distinct()
    others = own.select(
        F.col("note_id").alias("copy_note"), F.col("image_id").alias("copy_id"), F.col("sha256").alias("copy_sha256")
    )
    both_ways = copies.select("sha256_l", "sha256_r").unionByName(
        copies.select(F.col("sha256_r").alias("sha256_l"), F.col("sha256_l").alias("sha256_r"))
    )
    same_note = F.col("note_id") == F.col("copy_note")
    same_bytes = own.join(others, on=same_note & (F.col("sha256") == F.col("copy_sha256")), how="inner")
    near = own.join(both_ways, on=F.col("sha256") == F.col("sha256_l"), how="inner").join(
        others, on=same_note & (F.col("sha256_r") == F.col("copy_sha256")), how="inner"
    )
    pairs = same_bytes.select("note_id", "image_id", "copy_id").unionByName(near.select("note_id", "image_id", "copy_id"))
    return pairs.groupBy("note_id", "image_id").agg(F.sort_array(F.collect_set("copy_id")).alias("removed"))


def _sampled(parts: DataFrame, per_note: int, seed: int, purpose: str) -> DataFrame:
    by_hash = Window.partitionBy("note_id").orderBy(F.xxhash64("note_id", "image_id", F.lit(seed), F.lit(purpose)), "image_id")
    return parts.withColumn("_rank", F.row_number().over(by_hash)).where(F.col("_rank") <= per_note).drop("_rank")


def _uniform(seed: int, purpose: str) -> Column:
    """A number in [0, 1) drawn by a hash of the picture, the seed and the purpose."""
    hashed = F.xxhash64("note_id", "image_id", F.lit(seed), F.lit(purpose))
    return F.shiftrightunsigned(hashed, 11).cast("double") / float(1 << 53)
