"""Step: the pictures of the kept notes: which there are, which can be read, what they look like."""

from typing import Any

from pyspark import StorageLevel
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.flows.mine_pairs.picture_probe import probe_pictures
from pipelines.media.picture_uri import is_plain_authority, root_of
from pipelines.mining.images.fingerprint.fingerprint import Fingerprint, fingerprint
from pipelines.mining.images.fingerprint_step import picture_digests, picture_fingerprints
from pipelines.mining.intake.content_fingerprint import CONTENT, content
from pipelines.mining.intake.picture_references import accept_contents, picture_references
from pipelines.mining.intake.select_notes_step import refuse_if_too_many
from pipelines.mining.intake.validate_notes import Intake, Sorted
from pipelines.workspace.code_fingerprint import code_fingerprint
from pipelines.workspace.image_root import IMAGE_ROOT
from pipelines.workspace.stage_output import Output, dropped_counts
from schemas.datasets import IMAGES
from schemas.intermediate import PICTURES
from schemas.settings import as_tree


def fingerprinted(
    notes: DataFrame, given: DataFrame | None, image_root: str, known: DataFrame | None, settings: Fingerprint, intake: Intake
) -> list[Output]:
    """PICTURES, IMAGES and QUARANTINE rows of the kept notes' pictures.

    Bytes that several images have are decoded once, and never again as long as they are shown.

    Args:
        notes: NOTES.
        given: the table of pictures' bytes as it was read, where there is one.
        image_root: what a relative uri is relative to.
        known: PICTURES that were made in the way that `made_by` says.
        settings: how to fingerprint.
        intake: what is refused.

    Raises:
        DataError: too many pictures are bad, or are missing in a sample that is looked at first.

    Cost: `probe_pictures`, `picture_digests` of all, `picture_fingerprints` of the new ones; shuffles of small rows by image_id
    and sha256.
    """
    references, ambiguous = picture_references(notes, image_root)
    probe_pictures(references, given, image_root, intake)
    contents = None if given is None else accept_contents(given)
    astray = (ambiguous if contents is None else ambiguous.unionByName(contents.refused)).persist()
    listed, bad = references.count(), astray.count()
    anywhere = intake.any_uri
    digests = picture_digests(_places(references, contents), listed, image_root, anywhere=anywhere).persist()
    made = picture_fingerprints(_new(digests, known, contents), listed, settings, image_root, anywhere=anywhere)
    made = made.persist(StorageLevel.DISK_ONLY)
    pictures = made.where(F.col("reason").isNull()).select(*PICTURES.columns.names)
    if known is not None:
        pictures = pictures.unionByName(known.join(digests.select("sha256").distinct(), on="sha256", how="left_semi"))
    told = _told(references, digests, pictures, made).persist(StorageLevel.DISK_ONLY)
    images = told.where(F.col("reason").isNull()).select(*IMAGES.columns.names)
    refused = told.where(F.col("reason").isNotNull())
    refused = refused.withColumns({"id": F.col("image_id"), "source": F.lit("images")}).select(*astray.columns)
    refused = astray.unionByName(refused).persist()
    reasons = {row["reason"]: row["count"] for row in refused.groupBy("reason").count().collect()}
    refuse_if_too_many("images", sum(reasons.values()), listed + bad, intake)
    dropped = dropped_counts(notes.sparkSession, {f"refused: {reason}": n for reason, n in reasons.items()})
    nothing = dropped_counts(notes.sparkSession, {})
    return [
        Output(pictures, nothing, report=lambda _: made_by(settings), held=True),
        Output(images, dropped, listed + bad, report=lambda rows: _report(rows, image_root), held=True),
        Output(refused, nothing, held=True),
    ]


def made_by(settings: Fingerprint) -> dict[str, Any]:
    """What a row of PICTURES follows from beside the picture's bytes: as long as this is the same, none is decoded again."""
    return {"kernels": code_fingerprint(fingerprint), "fingerprint": as_tree(settings)}


def _places(references: DataFrame, contents: Sorted | None) -> DataFrame:
    """uri, image_id, content: each picture once, its bytes where the images table has them."""
    return _with_content(references.groupBy("image_id").agg(F.min("uri").alias("uri")), contents)


def _with_content(places: DataFrame, contents: Sorted | None) -> DataFrame:
    if contents is None:
        return places.withColumn("content", F.lit(None).cast("binary"))
    return places.join(contents.good, on="image_id", how="left")


def _new(digests: DataFrame, known: DataFrame | None, contents: Sorted | None) -> DataFrame:
    """uri, image_id, content, sha256: one place for each sha256 that is not known."""
    place = F.min(F.struct("image_id", "uri")).alias("place")
    new = digests.where(F.col("reason").isNull()).groupBy("sha256").agg(place).select("sha256", "place.image_id", "place.uri")
    if known is not None:
        new = new.join(known.select("sha256"), on="sha256", how="left_anti")
    return _with_content(new, contents)


def _told(references: DataFrame, digests: DataFrame, pictures: DataFrame, made: DataFrame) -> DataFrame:
    """Each reference once: what its picture looks like, or in `reason` and `detail` why it cannot be used."""
    shown = pictures.select(*(name for name in IMAGES.columns.names if name in PICTURES.columns.names))
    refused = made.where(F.col("reason").isNotNull()).select("sha256", "reason", "detail")
    looks = shown.unionByName(refused, allowMissingColumns=True)
    read = digests.select("image_id", "sha256", F.struct("reason", "detail").alias("unread"))
    both = references.join(read, on="image_id", how="inner").join(looks, on="sha256", how="left")
    why = {name: F.coalesce(f"unread.{name}", name) for name in ("reason", "detail")}
    return both.withColumns(why).drop("unread")


def _report(images: DataFrame, root: str) -> dict[str, Any]:
    """Beside IMAGES: a fingerprint of its rows without the uris, and the root where a uri alone does not open its store."""
    return {CONTENT: content(images.drop("uri"))} | _read_from(root)


def _read_from(root: str) -> dict[str, Any]:
    """The root, where a picture's uri alone does not say how to open its store."""
    place, options, *_ = root_of(root)
    return {IMAGE_ROOT: root} if options or (place.scheme and not is_plain_authority(place)) else {}
