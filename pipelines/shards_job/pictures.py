"""The stage of pictures: each file that a row shows is re-encoded once, and again only when that would give other bytes."""

from typing import Any

from pyspark import StorageLevel
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.shards.pictures import reencode, shown_files
from pipelines.shards.tables import RL_ROWS, SFT_ROWS, SHOWN
from pipelines.shards_job.settings import BuildShards
from pipelines.workspace.output import Output, dropped_counts
from pipelines.workspace.source import code_fingerprint
from pipelines.workspace.stages import Stages
from schemas.errors import DataError
from schemas.settings import as_tree
from schemas.tables import IMAGES

KERNELS = ("pipelines.decode", "pipelines.decoding", "pipelines.shards.encode")
PICTURES_A_FILE = 2_000
"""Of the table between the stages; about 200 MB."""


def show_pictures(stages: Stages, settings: BuildShards, contents: DataFrame | None, fingerprint: str) -> None:
    """The files that SFT_ROWS and RL_ROWS show -> SHOWN.

    Args:
        stages: of the workspace.
        settings: size and quality.
        contents: image_id, content; None: pictures are files.
        fingerprint: of these contents.
    """
    stages.run(
        [SHOWN],
        lambda: [_shown(stages, settings, contents)],
        inputs=stages.fingerprints(SFT_ROWS, RL_ROWS, IMAGES) | {"contents": fingerprint},
        settings={"pictures": settings.pictures},
        code=("pipelines.shards", "pipelines.decode", "pipelines.decoding", "pipelines.picture_file"),
    )


def _shown(stages: Stages, settings: BuildShards, contents: DataFrame | None) -> Output:
    """Known pictures and new ones.

    Raises:
        DataError: too many cannot be shown.
    """
    files = shown_files([stages.read(SFT_ROWS), stages.read(RL_ROWS)], stages.read(IMAGES)).persist()
    count = files.count()
    known = _known(stages, settings)
    new = files if known is None else files.join(known.select("sha256"), on="sha256", how="left_anti")
    made = reencode(_with_content(new, contents), count, settings.pictures).persist(StorageLevel.DISK_ONLY)
    bad = {row["reason"]: row["count"] for row in made.where("reason is not null").groupBy("reason").count().collect()}
    if sum(bad.values()) > settings.pictures.max_refused_share * count:
        example = made.where("reason is not null").orderBy("sha256").first()
        raise DataError(
            f"pictures: {sum(bad.values())} of {count} cannot be shown, more than pictures.max_refused_share "
            f"{settings.pictures.max_refused_share:g}: {bad}; for example {example['detail'] if example else ''}"
        )
    rows = made
    if known is not None:
        rows = rows.unionByName(known.join(files.select("sha256"), on="sha256", how="left_semi"))
    told = _made_by(settings) | {"new": made.count(), "refused": bad}
    return Output(rows, dropped_counts(stages.spark, {}), report=lambda _: told, rows_per_file=PICTURES_A_FILE)


def _known(stages: Stages, settings: BuildShards) -> DataFrame | None:
    """The pictures that were encoded in this way before; those that could not be shown are tried again."""
    run = stages.workspace.manifest(SHOWN.name)
    if run is None or any(run.report.get(name) != value for name, value in _made_by(settings).items()):
        return None
    return stages.read(SHOWN).where("reason is null")


def _made_by(settings: BuildShards) -> dict[str, Any]:
    return {"kernels": code_fingerprint(*KERNELS), "pictures": as_tree(settings.pictures)}


def _with_content(files: DataFrame, contents: DataFrame | None) -> DataFrame:
    if contents is None:
        return files.withColumn("content", F.lit(None).cast("binary"))
    known = contents.where("image_id is not null").groupBy("image_id").agg(F.max("content").alias("content"))
    return files.join(known, on="image_id", how="left")
