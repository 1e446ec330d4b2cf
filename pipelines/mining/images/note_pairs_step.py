"""Step: from pairs of picture files to pairs of images in notes: copies, crops, variants."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.window import Window

from pipelines.items import spark_columns
from pipelines.workspace.stage_output import Output
from schemas.item import REGION
from schemas.relations import VARIANT

COPY = "near_duplicate_image"
CROP = "crop"
EVIDENCE = ("hamming_distance", "inliers", "pixel_correlation", "mirrored", "structure", "colour_error", "region")
PAIRS_A_TASK = 20_000
"""Pairs of files whose images one task pairs: up to 2 * max_shown - 1 rows each, but few files have so many places."""
MIN_SIDE = 16
"""Pixels of the shorter side below which a picture is a pixel that counts visits, or a rule between paragraphs."""
DROPPED_PLACES_WITHOUT_DETAIL = "images of tiny, plain or placeholder pictures: paired with none"
DROPPED_PLACES_OF_ONE_FILE = "pairs of places of one file in many notes: each paired with the first instead"
DROPPED_PLACES_OF_TWO_FILES = "pairs of places of two matching files in many notes: each paired with the first instead"


@dataclass(frozen=True, kw_only=True)
class PlaceCap:
    """Cap of `image_pairs`. A place of a file is an image of a note with its bytes."""

    max_shown: Annotated[int, Field(ge=1, le=10_000)] = 20
    """Places of one file up to which all of them are paired with each other, and pairs of places up to which all pairs of two
    matching files are made. Above it, each place is only paired with the first one."""
    max_flat_shown: Annotated[int, Field(ge=1, le=10_000)] = 5
    """Places of a flat file above which it is a placeholder ("image not available"), which relates no notes.
    Source: of 615 product and room photos of a shop 57 are flat, and none of these has more than 2 places."""


def image_pairs(pairs: DataFrame, doubts: DataFrame, count: int, images: DataFrame, settings: PlaceCap) -> dict[str, Output]:
    """PAIRS of images in two notes: those that show the same picture, crops, and VARIANTS.

    near_duplicate_image: files of equal bytes, copies, framed copies. The query is the picture inside the
    frame, or else the image with the smaller (note_id, image_id). Files of equal bytes need no verification.
    If a file has more than `max_shown` places, each is paired with the first one: this star connects the
    component, and the pairs grow with the notes, not with their square. Of two files that match,
    the first `max_shown` places of each are paired; where those would be more than `max_shown` pairs, only the first
    place of the one with each place of the other.
    Pictures that show nothing are paired with none, and counted: those with a side below MIN_SIDE, those of one colour
    (PDQ quality 0), and flat ones with more than `max_flat_shown` places.
    crop: the image that was cut out of another note's image (query), and that image with the region (target).
    variant: one layout, view or product with other content; no positive. Query and target as of copies.

    Args:
        pairs: PICTURE_PAIRS.
        doubts: PICTURE_DOUBTS.
        count: about how many pairs and doubts there are, for the number of tasks.
        images: IMAGES.
        settings: the cap.

    Cost: shuffles of the images by sha256; at most 2 * max_shown - 1 rows a pair of files.
    """
    variants = doubts.where(F.col("relation") == VARIANT)
    related = pairs.unionByName(variants, allowMissingColumns=True).withColumn("granularity", _granularity(F.col("relation")))
    if count > PAIRS_A_TASK:  # as few rows as they are, they come in one file and would be one task
        related = related.repartition(-(-count // PAIRS_A_TASK), "sha256_l", "sha256_r")
    every_place = _places(images).persist()
    shows_nothing = _shows_nothing(settings)
    places = every_place.where(~shows_nothing)
    place_pairs = _same_bytes(places, settings).unionByName(_matching_files(related, places, settings)).persist()
    across = place_pairs.where(F.col("at_l.note_id") != F.col("at_r.note_id"))
    capped = {name: _dropped_of_two_files(place_pairs, name) for name in (COPY, CROP, VARIANT)}
    capped[COPY] = _dropped_of_one_file(places, settings).unionByName(capped[COPY])
    without_detail = every_place.where(shows_nothing).agg(F.count("*").alias("rows"))
    capped[COPY] = capped[COPY].unionByName(without_detail.select(F.lit(DROPPED_PLACES_WITHOUT_DETAIL).alias("reason"), "rows"))
    return {name: Output(_pairs(name, _of(across, name)), dropped, persisted=True) for name, dropped in capped.items()}


def _granularity(relation: Column) -> Column:
    return F.when(relation == VARIANT, VARIANT).when(relation.startswith("crop"), CROP).otherwise(COPY)


def _of(rows: DataFrame, granularity: str) -> DataFrame:
    return rows.where(F.col("granularity") == granularity)


def _places(images: DataFrame) -> DataFrame:
    """The places of each file, numbered from 1: the columns used here, place, places (how many the file has)."""
    by_id = Window.partitionBy("sha256").orderBy("note_id", "image_id")
    return images.select("sha256", "note_id", "image_id", "width", "height", "quality", "surface").withColumns(
        {"place": F.row_number().over(by_id), "places": F.count("*").over(Window.partitionBy("sha256"))}
    )


def _shows_nothing(settings: PlaceCap) -> Column:
    """Of a row of `_places`."""
    is_tiny = F.least("width", "height") < MIN_SIDE
    is_placeholder = (F.col("surface") == "flat") & (F.col("places") > settings.max_flat_shown)
    return is_tiny | (F.col("quality") == 0) | is_placeholder


def _same_bytes(places: DataFrame, settings: PlaceCap) -> DataFrame:
    few = F.col("places") <= settings.max_shown
    left, right = _side(places.where(few | (F.col("place") == 1)), "l"), _side(places, "r")
    both = left.join(right, on=(F.col("sha256_l") == F.col("sha256_r")) & (F.col("place_l") < F.col("place_r")), how="inner")
    certain = {
        "hamming_distance": F.lit(0),
        "inliers": F.lit(None).cast("int"),
        "pixel_correlation": F.lit(1.0),
        "mirrored": F.lit(False),
        "structure": F.lit(1.0),
        "colour_error": F.lit(0.0),
        "region": F.lit(None).cast(spark_columns.spark_type(REGION)),
        "score": F.lit(1.0),
        "granularity": F.lit(COPY),
        "dropped": F.lit(0).cast("long"),
    }
    return both.select("at_l", "at_r", *[value.alias(name) for name, value in certain.items()])


def _matching_files(pairs: DataFrame, places: DataFrame, settings: PlaceCap) -> DataFrame:
    """Pairs of files as pairs of their images; the smaller picture left, or else the smaller id.

    `dropped`: how many pairs of places of these files the caps leave out; in the row of both first places, else 0.
    """
    few = places.where(F.col("place") <= settings.max_shown)
    swap = F.col("relation").endswith("_r")
    directed = pairs.select(
        F.when(swap, F.col("sha256_r")).otherwise(F.col("sha256_l")).alias("sha256_l"),
        F.when(swap, F.col("sha256_l")).otherwise(F.col("sha256_r")).alias("sha256_r"),
        F.col("relation").isin("copy", VARIANT).alias("either_way"),
        *EVIDENCE,
        "score",
        "granularity",
    )
    few_l, few_r = (F.least(f"places_{side}", F.lit(settings.max_shown)) for side in "lr")
    every = few_l * few_r <= settings.max_shown
    first_of_one = (F.col("place_l") == 1) | (F.col("place_r") == 1)
    left, right = _side(few, "l"), _side(few, "r")
    both = directed.join(left, on="sha256_l", how="inner").join(right, on="sha256_r", how="inner").where(every | first_of_one)
    turn = F.col("either_way") & (F.col("at_r") < F.col("at_l"))
    first = F.when(turn, F.col("at_r")).otherwise(F.col("at_l"))
    second = F.when(turn, F.col("at_l")).otherwise(F.col("at_r"))
    all_pairs = F.col("places_l") * F.col("places_r")
    kept_pairs = F.when(every, few_l * few_r).otherwise(few_l + few_r - 1)
    both_first = (F.col("place_l") == 1) & (F.col("place_r") == 1)
    dropped = F.when(both_first, all_pairs - kept_pairs).otherwise(0).alias("dropped")
    return both.select(first.alias("at_l"), second.alias("at_r"), *EVIDENCE, "score", "granularity", dropped)


def _pairs(granularity: str, rows: DataFrame) -> DataFrame:
    named = rows.withColumns({"query": _image("l", None), "target": _image("r", F.col("region"))})
    evidence = {name: F.col(name) for name in EVIDENCE}
    return named.select(
        *spark_columns.pair(granularity, "image_to_image", F.col("query"), F.col("target"), F.col("score"), evidence)
    )


def _dropped_of_one_file(places: DataFrame, settings: PlaceCap) -> DataFrame:
    """How many pairs of places of one file the cap leaves out: reason, rows."""
    n, cap = F.col("places"), settings.max_shown
    capped = F.floor(n * (n - 1) / 2) - (n - 1)
    wide = places.where((F.col("place") == 1) & (n > cap))
    rows = wide.agg(F.coalesce(F.sum(capped), F.lit(0)).alias("rows"))
    return rows.select(F.lit(DROPPED_PLACES_OF_ONE_FILE).alias("reason"), "rows")


def _dropped_of_two_files(place_pairs: DataFrame, granularity: str) -> DataFrame:
    """How many pairs of places of two files the cap leaves out: reason, rows."""
    rows = _of(place_pairs, granularity).agg(F.coalesce(F.sum("dropped"), F.lit(0)).alias("rows"))
    return rows.select(F.lit(DROPPED_PLACES_OF_TWO_FILES).alias("reason"), "rows")


def _side(places: DataFrame, side: str) -> DataFrame:
    columns = {
        "sha256": F.col("sha256"),
        "at": F.struct("note_id", "image_id"),
        "place": F.col("place"),
        "places": F.col("places"),
    }
    return places.select(*[value.alias(f"{name}_{side}") for name, value in columns.items()])


def _image(side: str, region: Column | None) -> Column:
    return spark_columns.item("image", F.col(f"at_{side}.note_id"), F.array(f"at_{side}.image_id"), region)
