"""Stage: the pictures of the kept notes: which there are, which can be read, and their fingerprints."""

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


def fingerprint_pictures(
    notes: DataFrame,
    image_table: DataFrame | None,
    image_root: str,
    earlier: DataFrame | None,
    settings: Fingerprint,
    intake: Intake,
) -> list[Output]:
    """PICTURES, IMAGES and QUARANTINE rows of the kept notes' pictures.

    Bytes that several images have are decoded once, and not again in later runs while an image has them.

    Args:
        notes: NOTES.
        image_table: the table of pictures' bytes as it was read, where there is one.
        image_root: base of relative uris.
        earlier: PICTURES of an earlier run with the same `fingerprint_version`.
        settings: how to fingerprint.
        intake: how many may be refused, and from where pictures are read.

    Raises:
        DataError: too many pictures are refused, or missing in a sample that is checked first.

    Cost: `probe_pictures`, `picture_digests` of all, `picture_fingerprints` of the new ones; shuffles of small rows by image_id
    and sha256.
    """
    references, ambiguous = picture_references(notes, image_root)
    probe_pictures(references, image_table, image_root, intake)
    contents = None if image_table is None else accept_contents(image_table)
    refused_references = (ambiguous if contents is None else ambiguous.unionByName(contents.refused)).persist()
    accepted_count, refused_count = references.count(), refused_references.count()
    anywhere = intake.any_uri
    digests = picture_digests(_picture_places(references, contents), accepted_count, image_root, anywhere=anywhere).persist()
    new_files = _new_files(digests, earlier, contents)
    computed = picture_fingerprints(new_files, accepted_count, settings, image_root, anywhere=anywhere)
    computed = computed.persist(StorageLevel.DISK_ONLY)
    pictures = computed.where(F.col("reason").isNull()).select(*PICTURES.columns.names)
    if earlier is not None:
        pictures = pictures.unionByName(earlier.join(digests.select("sha256").distinct(), on="sha256", how="left_semi"))
    resolved = _resolved(references, digests, pictures, computed).persist(StorageLevel.DISK_ONLY)
    images = resolved.where(F.col("reason").isNull()).select(*IMAGES.columns.names)
    refused = resolved.where(F.col("reason").isNotNull())
    refused = refused.withColumns({"id": F.col("image_id"), "source": F.lit("images")}).select(*refused_references.columns)
    refused = refused_references.unionByName(refused).persist()
    reasons = {row["reason"]: row["count"] for row in refused.groupBy("reason").count().collect()}
    refuse_if_too_many("images", reasons, accepted_count + refused_count, intake)
    dropped = dropped_counts(notes.sparkSession, {f"refused: {reason}": n for reason, n in reasons.items()})
    nothing = dropped_counts(notes.sparkSession, {})
    return [
        Output(pictures, nothing, report=lambda _: fingerprint_version(settings), persisted=True),
        Output(images, dropped, accepted_count + refused_count, report=lambda rows: _report(rows, image_root), persisted=True),
        Output(refused, nothing, persisted=True),
    ]


def fingerprint_version(settings: Fingerprint) -> dict[str, Any]:
    """What a row of PICTURES depends on beside the picture's bytes: while this is the same, no picture is decoded again."""
    return {"kernels": code_fingerprint(fingerprint), "fingerprint": as_tree(settings)}


def _picture_places(references: DataFrame, contents: Sorted | None) -> DataFrame:
    """uri, image_id, content: each picture once, its bytes where the images table has them."""
    return _with_content(references.groupBy("image_id").agg(F.min("uri").alias("uri")), contents)


def _with_content(places: DataFrame, contents: Sorted | None) -> DataFrame:
    if contents is None:
        return places.withColumn("content", F.lit(None).cast("binary"))
    return places.join(contents.good, on="image_id", how="left")


def _new_files(digests: DataFrame, earlier: DataFrame | None, contents: Sorted | None) -> DataFrame:
    """uri, image_id, content, sha256: one place for each sha256 that no earlier run has fingerprinted."""
    place = F.min(F.struct("image_id", "uri")).alias("place")
    new = digests.where(F.col("reason").isNull()).groupBy("sha256").agg(place).select("sha256", "place.image_id", "place.uri")
    if earlier is not None:
        new = new.join(earlier.select("sha256"), on="sha256", how="left_anti")
    return _with_content(new, contents)


def _resolved(references: DataFrame, digests: DataFrame, pictures: DataFrame, computed: DataFrame) -> DataFrame:
    """Each reference once: the columns of its picture, or in `reason` and `detail` why it cannot be used."""
    usable = pictures.select(*(name for name in IMAGES.columns.names if name in PICTURES.columns.names))
    undecodable = computed.where(F.col("reason").isNotNull()).select("sha256", "reason", "detail")
    by_file = usable.unionByName(undecodable, allowMissingColumns=True)
    read = digests.select("image_id", "sha256", F.struct("reason", "detail").alias("unread"))
    both = references.join(read, on="image_id", how="inner").join(by_file, on="sha256", how="left")
    reason_columns = {name: F.coalesce(f"unread.{name}", name) for name in ("reason", "detail")}
    return both.withColumns(reason_columns).drop("unread")


def _report(images: DataFrame, root: str) -> dict[str, Any]:
    """Report of IMAGES: a fingerprint of its rows without the uris, and `_store_root`."""
    return {CONTENT: content(images.drop("uri"))} | _store_root(root)


def _store_root(root: str) -> dict[str, Any]:
    """The image root, where a picture's uri alone does not say how to open its store."""
    place, options, *_ = root_of(root)
    return {IMAGE_ROOT: root} if options or (place.scheme and not is_plain_authority(place)) else {}
