"""Step: each file that a row shows is re-encoded once, and again only when that would give other bytes."""

from collections.abc import Sequence
from typing import Any

from pyspark import StorageLevel
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.shards.files.jpeg import Pictures, reencoded
from pipelines.shards.files.picture_step import reencode, shown_files
from pipelines.workspace.code_fingerprint import code_fingerprint
from pipelines.workspace.stage_output import Output, dropped_counts
from schemas.errors import DataError
from schemas.settings import as_tree

PICTURES_A_FILE = 2_000
"""Of the table between the stages; about 200 MB."""


def shown_pictures(
    rows: Sequence[DataFrame],
    images: DataFrame,
    contents: DataFrame | None,
    known: DataFrame | None,
    settings: Pictures,
    root: str | None,
) -> Output:
    """SHOWN: known pictures and new ones.

    Args:
        rows: SFT_ROWS and RL_ROWS.
        images: IMAGES.
        contents: image_id, content; None: pictures are files.
        known: SHOWN that was made in the way that `made_by` says.
        settings: size and quality.
        root: the image root, with options for its store.

    Raises:
        DataError: too many cannot be shown.
    """
    spark = images.sparkSession
    files = shown_files(rows, images).persist()
    count = files.count()
    good = None if known is None else known.where("reason is null")  # those that could not be shown are tried again
    new = files if good is None else files.join(good.select("sha256"), on="sha256", how="left_anti")
    made = reencode(_with_content(new, contents), count, settings, root).persist(StorageLevel.DISK_ONLY)
    bad = {row["reason"]: row["count"] for row in made.where("reason is not null").groupBy("reason").count().collect()}
    if sum(bad.values()) > settings.max_refused_share * count:
        example = made.where("reason is not null").orderBy("sha256").first()
        raise DataError(
            f"pictures: {sum(bad.values())} of {count} cannot be shown, more than pictures.max_refused_share "
            f"{settings.max_refused_share:g}: {bad}; for example {example['detail'] if example else ''}"
        )
    whole = made
    if good is not None:
        whole = whole.unionByName(good.join(files.select("sha256"), on="sha256", how="left_semi"))
    told = made_by(settings) | {"new": made.count(), "refused": bad}
    return Output(whole, dropped_counts(spark, {}), report=lambda _: told, rows_per_file=PICTURES_A_FILE)


def made_by(settings: Pictures) -> dict[str, Any]:
    """What a row of SHOWN follows from beside the picture's bytes: as long as this is the same, none is encoded again."""
    return {"kernels": code_fingerprint(reencoded), "pictures": as_tree(settings)}


def _with_content(files: DataFrame, contents: DataFrame | None) -> DataFrame:
    if contents is None:
        return files.withColumn("content", F.lit(None).cast("binary"))
    known = contents.where("image_id is not null").groupBy("image_id").agg(F.max("content").alias("content"))
    return files.join(known, on="image_id", how="left")
