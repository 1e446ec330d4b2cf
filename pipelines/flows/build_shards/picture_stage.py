"""Step: re-encode each picture file of the rows once, and again only if the result would differ."""

from collections.abc import Sequence
from typing import Any

from pyspark import StorageLevel
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.shards.files.jpeg import JpegSettings, reencoded
from pipelines.shards.files.picture_step import reencode, referenced_files
from pipelines.workspace.code_fingerprint import code_fingerprint
from pipelines.workspace.stage_output import Output, dropped_counts
from schemas.errors import DataError
from schemas.settings import as_tree

PICTURES_PER_FILE = 2_000
"""Rows per file of the intermediate table; about 200 MB."""


def shard_pictures(
    rows: Sequence[DataFrame],
    images: DataFrame,
    contents: DataFrame | None,
    encoded: DataFrame | None,
    settings: JpegSettings,
    root: str | None,
) -> Output:
    """SHARD_PICTURES: pictures of the last run, and new ones.

    Args:
        rows: SFT_ROWS and RL_ROWS.
        images: IMAGES.
        contents: image_id, content; None: pictures are files.
        encoded: SHARD_PICTURES of a run with the same `picture_recipe`; None: encode all.
        settings: size and quality.
        root: the image root, with options for its store.

    Raises:
        DataError: too many pictures cannot be read.
    """
    spark = images.sparkSession
    files = referenced_files(rows, images).persist()
    count = files.count()
    good = None if encoded is None else encoded.where("reason is null")  # pictures that failed are tried again
    new = files if good is None else files.join(good.select("sha256"), on="sha256", how="left_anti")
    new_pictures = reencode(_with_content(new, contents), count, settings, root).persist(StorageLevel.DISK_ONLY)
    bad = {row["reason"]: row["count"] for row in new_pictures.where("reason is not null").groupBy("reason").count().collect()}
    if sum(bad.values()) > settings.max_refused_share * count:
        example = new_pictures.where("reason is not null").orderBy("sha256").first()
        raise DataError(
            f"pictures: {sum(bad.values())} of {count} cannot be read, more than pictures.max_refused_share "
            f"{settings.max_refused_share:g}: {bad}; for example {example['detail'] if example else ''}"
        )
    pictures = new_pictures
    if good is not None:
        pictures = pictures.unionByName(good.join(files.select("sha256"), on="sha256", how="left_semi"))
    report = picture_recipe(settings) | {"new": new_pictures.count(), "refused": bad}
    return Output(pictures, dropped_counts(spark, {}), report=lambda _: report, rows_per_file=PICTURES_PER_FILE)


def picture_recipe(settings: JpegSettings) -> dict[str, Any]:
    """The code and settings that determine a re-encoded picture; while they are the same, no picture is encoded again."""
    return {"kernels": code_fingerprint(reencoded), "pictures": as_tree(settings)}


def _with_content(files: DataFrame, contents: DataFrame | None) -> DataFrame:
    if contents is None:
        return files.withColumn("content", F.lit(None).cast("binary"))
    by_image = contents.where("image_id is not null").groupBy("image_id").agg(F.max("content").alias("content"))
    return files.join(by_image, on="image_id", how="left")
