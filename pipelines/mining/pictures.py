"""The pictures of the kept notes: which there are, which can be read, what they look like."""

from typing import Any

from pyspark import StorageLevel
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.images.pictures import read_pictures
from pipelines.intake.keep import refuse_if_too_many
from pipelines.intake.pictures import AMBIGUOUS, picture_references
from pipelines.mining.inputs import Inputs
from pipelines.mining.settings import MinePairs
from pipelines.workspace.output import Output, dropped_counts
from pipelines.workspace.source import code_fingerprint
from pipelines.workspace.stages import Stages
from schemas.mined import PICTURES
from schemas.settings import as_tree
from schemas.tables import IMAGES, NOTES

KERNELS = "pipelines.images"


def fingerprinted(stages: Stages, inputs: Inputs, settings: MinePairs) -> list[Output]:
    """PICTURES, IMAGES and QUARANTINE rows of the kept notes' pictures.

    Raises:
        DataError: too many pictures are bad.

    Cost: `read_pictures`, one shuffle of the references by image_id and one by sha256.
    """
    references, ambiguous = picture_references(stages.read(NOTES), inputs.image_root)
    references = references.persist()
    known = _known_pictures(stages, settings)
    shown = references.count()
    read = read_pictures(_places(references, inputs), shown, known, settings.fingerprint).persist(StorageLevel.DISK_ONLY)
    pictures = _pictures(read, known)
    told = references.join(read.select("image_id", "sha256", "reason", "detail"), on="image_id", how="inner")
    images = told.where(F.col("reason").isNull()).join(pictures, on="sha256", how="inner").select(*IMAGES.columns.names)
    bad = told.where(F.col("reason").isNotNull()).withColumns({"id": F.col("image_id"), "source": F.lit("images")})
    refused = ambiguous.unionByName(bad.select(*ambiguous.columns)).persist()
    reasons = {row["reason"]: row["count"] for row in refused.groupBy("reason").count().collect()}
    rows_in = shown + reasons.get(AMBIGUOUS, 0)
    refuse_if_too_many("images", sum(reasons.values()), rows_in, settings.intake)
    dropped = {f"refused: {reason}": n for reason, n in reasons.items()}
    nothing = dropped_counts(stages.spark, {})
    return [
        Output(pictures, nothing, report=lambda _: _made_by(settings)),
        Output(images, dropped_counts(stages.spark, dropped), rows_in),
        Output(refused, nothing),
    ]


def _places(references: DataFrame, inputs: Inputs) -> DataFrame:
    """uri, image_id, content: each picture once, its bytes where the images table has them."""
    places = references.groupBy("image_id").agg(F.first("uri").alias("uri"))
    if "images" not in inputs.tables:
        return places.withColumn("content", F.lit(None).cast("binary"))
    contents = (
        inputs.tables["images"].where(F.col("image_id").isNotNull()).groupBy("image_id").agg(F.max("content").alias("content"))
    )
    return places.join(contents, on="image_id", how="left")


def _known_pictures(stages: Stages, settings: MinePairs) -> DataFrame | None:
    """PICTURES of the last run, if they were made by the same code with the same settings."""
    manifest = stages.workspace.manifest(PICTURES.name)
    if manifest is None or manifest.report != _made_by(settings):
        return None
    return stages.read(PICTURES)


def _made_by(settings: MinePairs) -> dict[str, Any]:
    return {"kernels": code_fingerprint(KERNELS), "fingerprint": as_tree(settings.fingerprint)}


def _pictures(read: DataFrame, known: DataFrame | None) -> DataFrame:
    """PICTURES of what was read: the new ones, and the known ones that are still shown."""
    new = read.where(F.col("phash").isNotNull()).select(*PICTURES.columns.names).dropDuplicates(["sha256"])
    if known is None:
        return new
    still_shown = known.join(read.select("sha256").distinct(), on="sha256", how="left_semi")
    return new.unionByName(still_shown)
