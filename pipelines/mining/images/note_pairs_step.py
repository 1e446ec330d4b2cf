"""Step: from pairs of picture files to pairs of images in notes."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.window import Window

from pipelines.items import spark_columns
from pipelines.mining.images.settings import Match
from pipelines.workspace.stage_output import Output
from schemas.item import REGION

COPY = "near_duplicate_image"
CROP = "crop"
EVIDENCE = ("hamming_distance", "inliers", "pixel_correlation", "mirrored", "region")
PAIRS_A_TASK = 20_000
"""Pairs of files whose images one task pairs: up to 2 * max_shown - 1 rows each, but few are shown so often."""
STARS = "pairs of places of one widely shown file, tied by a star instead"
FIRST = "pairs of places of two widely shown files, tied by their first ones instead"


def image_pairs(pairs: DataFrame, count: int, images: DataFrame, settings: Match) -> dict[str, Output]:
    """PAIRS of images in two notes: those that show the same picture, and crops.

    near_duplicate_image: files of equal bytes, copies, framed copies. The query is the picture inside the
    frame, or else the image with the smaller (note_id, image_id). Files of equal bytes need no verification.
    Where more than `max_shown` notes show one file, its places are each paired with the first one:
    a star ties the component, and the pairs grow with the notes, not with their square. Of two files that match,
    the first `max_shown` places of each are paired; where those would be more than `max_shown` pairs, only the first
    place of the one with each place of the other.
    crop: the image that was cut out of another note's image (query), and that image with the region (target).

    Args:
        pairs: PICTURE_PAIRS.
        count: about how many there are, for the number of tasks.
        images: IMAGES.
        settings: the cap.

    Cost: shuffles of the images by sha256; at most 2 * max_shown - 1 rows a pair of files.
    """
    if count > PAIRS_A_TASK:  # as few rows as they are, they come in one file and would be one task
        pairs = pairs.repartition(-(-count // PAIRS_A_TASK), "sha256_l", "sha256_r")
    shown = _shown(images).persist()
    related = pairs.withColumn("granularity", F.when(F.col("relation").startswith("crop"), CROP).otherwise(COPY))
    placed = _same_bytes(shown, settings).unionByName(_placed(related, shown, settings)).persist()
    across = placed.where(F.col("at_l.note_id") != F.col("at_r.note_id"))
    left_out = {COPY: _starred(shown, settings).unionByName(_beyond(placed, COPY)), CROP: _beyond(placed, CROP)}
    return {name: Output(_pairs(name, _of(across, name)), dropped, persisted=True) for name, dropped in left_out.items()}


def _of(rows: DataFrame, granularity: str) -> DataFrame:
    return rows.where(F.col("granularity") == granularity)


def _shown(images: DataFrame) -> DataFrame:
    """The images of each file, numbered from 1: sha256, note_id, image_id, place, places."""
    by_id = Window.partitionBy("sha256").orderBy("note_id", "image_id")
    return images.select("sha256", "note_id", "image_id").withColumns(
        {"place": F.row_number().over(by_id), "places": F.count("*").over(Window.partitionBy("sha256"))}
    )


def _same_bytes(shown: DataFrame, settings: Match) -> DataFrame:
    few = F.col("places") <= settings.max_shown
    left, right = _side(shown.where(few | (F.col("place") == 1)), "l"), _side(shown, "r")
    both = left.join(right, on=(F.col("sha256_l") == F.col("sha256_r")) & (F.col("place_l") < F.col("place_r")), how="inner")
    certain = {
        "hamming_distance": F.lit(0),
        "inliers": F.lit(None).cast("int"),
        "pixel_correlation": F.lit(1.0),
        "mirrored": F.lit(False),
        "region": F.lit(None).cast(spark_columns.spark_type(REGION)),
        "score": F.lit(1.0),
        "granularity": F.lit(COPY),
        "beyond": F.lit(0).cast("long"),
    }
    return both.select("at_l", "at_r", *[value.alias(name) for name, value in certain.items()])


def _placed(pairs: DataFrame, shown: DataFrame, settings: Match) -> DataFrame:
    """Pairs of files as pairs of their images; the smaller picture left, or else the smaller id.

    `beyond`: how many pairs of places the caps leave out, told by the pair of both first ones.
    """
    few = shown.where(F.col("place") <= settings.max_shown)
    swap = F.col("relation").endswith("_r")
    directed = pairs.select(
        F.when(swap, F.col("sha256_r")).otherwise(F.col("sha256_l")).alias("sha256_l"),
        F.when(swap, F.col("sha256_l")).otherwise(F.col("sha256_r")).alias("sha256_r"),
        (F.col("relation") == "copy").alias("either_way"),
        *EVIDENCE,
        "score",
        "granularity",
    )
    here, there = (F.least(f"places_{side}", F.lit(settings.max_shown)) for side in "lr")
    every = here * there <= settings.max_shown
    first_of_one = (F.col("place_l") == 1) | (F.col("place_r") == 1)
    left, right = _side(few, "l"), _side(few, "r")
    both = directed.join(left, on="sha256_l", how="inner").join(right, on="sha256_r", how="inner").where(every | first_of_one)
    turn = F.col("either_way") & (F.col("at_r") < F.col("at_l"))
    first = F.when(turn, F.col("at_r")).otherwise(F.col("at_l"))
    second = F.when(turn, F.col("at_l")).otherwise(F.col("at_r"))
    places = F.col("places_l") * F.col("places_r")
    made = F.when(every, here * there).otherwise(here + there - 1)
    beyond = F.when((F.col("place_l") == 1) & (F.col("place_r") == 1), places - made).otherwise(0).alias("beyond")
    return both.select(first.alias("at_l"), second.alias("at_r"), *EVIDENCE, "score", "granularity", beyond)


def _pairs(granularity: str, rows: DataFrame) -> DataFrame:
    named = rows.withColumns({"query": _image("l", None), "target": _image("r", F.col("region"))})
    evidence = {name: F.col(name) for name in EVIDENCE}
    return named.select(
        *spark_columns.pair(granularity, "image_to_image", F.col("query"), F.col("target"), F.col("score"), evidence)
    )


def _starred(shown: DataFrame, settings: Match) -> DataFrame:
    """How many pairs of places the cap leaves out."""
    n, cap = F.col("places"), settings.max_shown
    left_out = F.floor(n * (n - 1) / 2) - (n - 1)
    wide = shown.where((F.col("place") == 1) & (n > cap))
    return wide.agg(F.coalesce(F.sum(left_out), F.lit(0)).alias("rows")).select(F.lit(STARS).alias("reason"), "rows")


def _beyond(placed: DataFrame, granularity: str) -> DataFrame:
    """How many pairs of places of two files the cap leaves out: reason, rows."""
    rows = _of(placed, granularity).agg(F.coalesce(F.sum("beyond"), F.lit(0)).alias("rows"))
    return rows.select(F.lit(FIRST).alias("reason"), "rows")


def _side(shown: DataFrame, side: str) -> DataFrame:
    columns = {
        "sha256": F.col("sha256"),
        "at": F.struct("note_id", "image_id"),
        "place": F.col("place"),
        "places": F.col("places"),
    }
    return shown.select(*[value.alias(f"{name}_{side}") for name, value in columns.items()])


def _image(side: str, region: Column | None) -> Column:
    return spark_columns.item("image", F.col(f"at_{side}.note_id"), F.array(f"at_{side}.image_id"), region)
