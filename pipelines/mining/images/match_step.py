"""Step: which picture files show the same, whole or in part.

Candidates share rare keys. Their features and hashes give hypotheses of how one maps onto the other; nine of
ten candidates have none. Only for the rest the thumbnails are joined and the pixels compared.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_schema

from pipelines.mining.images.candidates.candidate_step import CandidateCaps, candidate_pairs, numbered
from pipelines.mining.images.candidates.index_keys import IndexKeys
from pipelines.mining.images.fingerprint.feature_codec import unpack
from pipelines.mining.images.verify.aligned_cells import ThumbnailPlanes
from pipelines.mining.images.verify.feature_alignment import Matching, Points, points
from pipelines.mining.images.verify.transform_hypotheses import Hypotheses, Hypothesis, Sketch, hypotheses
from pipelines.mining.images.verify.verify_pair import ComparablePicture, Verification, decoded_thumbnail, verify_candidate
from pipelines.workspace.stage_output import Output, dropped_counts
from schemas.intermediate import PICTURE_DOUBTS, PICTURE_PAIRS
from schemas.item import REGION
from schemas.relations import VARIANT

Row = dict[str, Any]
Work = Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]
SIDE_OF = {"copy": "copy", "framed_a": "framed_l", "framed_b": "framed_r", "crop_a": "crop_l", "crop_b": "crop_r"}
PICTURES_A_TASK = 500
"""Pictures whose candidates, some 13 each, one task compares."""
CACHED_FEATURES = 4_096
CACHED_THUMBNAILS = 512
"""Pictures that a worker process keeps unpacked, from task to task: 20 kB of features, 300 kB of thumbnail each."""
MAP = pa.struct([("to_r", pa.list_(pa.float64())), ("inliers", pa.int32()), ("mirrored", pa.bool_())])
HYPOTHESES = pa.schema(
    [
        pa.field("l", pa.int64()),
        pa.field("r", pa.int64()),
        pa.field("hamming", pa.int32()),
        pa.field("maps", pa.list_(MAP)),
    ]
)
VERDICTS = pa.schema(list(PICTURE_PAIRS.columns))
REFUSED = ("none", VARIANT)
"""Relations of pairs that the pixels refuse."""


@dataclass(frozen=True, kw_only=True)
class PictureMatching(CandidateCaps, IndexKeys):
    """Settings of `matched_pictures`: those of its parts."""

    matching: Matching = field(default_factory=Matching)
    verification: Verification = field(default_factory=Verification)


def matched_pictures(pictures: DataFrame, count: int, settings: PictureMatching) -> list[Output]:
    """PICTURE_PAIRS: candidates that features and pixels confirm; PICTURE_DOUBTS: those that only the pixels refuse.

    Args:
        pictures: PICTURES.
        count: how many there are, for the number of tasks.
        settings: keys, caps and thresholds.

    Cost: `candidate_pairs`; a join and a sort that carry 5 kB for each candidate, and 0.15 ms of Python for each; the same
    with 15 kB for the tenth that is left, and about 2 ms for each.
    """
    if count < 2:  # Spark leaves Python workers of a join without rows waiting for a reader
        tables = (PICTURE_PAIRS, PICTURE_DOUBTS)
        spark = pictures.sparkSession
        return [Output(spark.createDataFrame(table.columns.empty_table()), dropped_counts(spark, {})) for table in tables]
    candidates = candidate_pairs(pictures, count, settings, settings)
    tasks = max(2 * pictures.sparkSession.sparkContext.defaultParallelism, count // PICTURES_A_TASK)
    sketched = _by_right(candidates.rows, pictures, ("pdq_turns", "pdq_exposed", "features"), tasks)
    mapped = sketched.mapInArrow(_with_hypotheses(settings.matching), from_arrow_schema(HYPOTHESES))
    with_thumbnails = _by_right(mapped, pictures, ("sha256", "thumbnail", "working_picture"), tasks)
    verdicts = with_thumbnails.mapInArrow(_verified(settings.verification), from_arrow_schema(VERDICTS)).persist()
    refused = F.col("relation").isin(*REFUSED)
    nothing = dropped_counts(pictures.sparkSession, {})
    return [
        Output(verdicts.where(~refused).select(*PICTURE_PAIRS.columns.names), candidates.dropped, persisted=True),
        Output(verdicts.where(refused).select(*PICTURE_DOUBTS.columns.names), nothing, persisted=True),
    ]


def _by_right(pairs: DataFrame, pictures: DataFrame, columns: tuple[str, ...], tasks: int) -> DataFrame:
    """The pairs with `columns` of their left picture as a struct `picture`, in the order of r and l.

    The pairs of a picture r come after a row for r itself, with l null: its columns travel once and not with each pair.
    """
    left = pictures.select(numbered("sha256").alias("l"), F.struct(*columns).alias("picture"))
    own = left.withColumnRenamed("l", "r")
    both = pairs.join(left, on="l", how="inner").unionByName(own, allowMissingColumns=True)
    return both.repartition(tasks, "r").sortWithinPartitions("r", "l")


def _pairs(batches: Iterable[pa.RecordBatch]) -> Iterator[list[tuple[Row, Row, Row]]]:
    """For each batch of `_by_right` its pairs: the row, the picture l, the picture r (each that has this number)."""
    number, rights = None, list[Row]()
    for batch in batches:
        pairs = []
        for row in batch.to_pylist():
            if row["l"] is not None:
                pairs += [(row, row["picture"], right) for right in rights]
                continue
            rights = [*(rights if row["r"] == number else []), row["picture"]]
            number = row["r"]
        yield pairs


def _with_hypotheses(matching: Matching) -> Work:
    """Candidates -> HYPOTHESES rows of those that have one."""

    def work(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for pairs in _pairs(batches):
            rows = []
            for row, *pictures in pairs:
                left, right = (Sketch(_points(p["features"]), p["pdq_turns"], p["pdq_exposed"]) for p in pictures)
                distance, maps = hypotheses(left, right, row["votes"], matching)
                if maps:
                    spelled = [{"to_r": m.to_b.ravel(), "inliers": m.inliers, "mirrored": m.mirrored} for m in maps]
                    rows.append({"l": row["l"], "r": row["r"], "hamming": distance, "maps": spelled})
            yield pa.RecordBatch.from_pylist(rows, schema=HYPOTHESES)

    return work


@lru_cache(maxsize=CACHED_FEATURES)
def _points(packed: bytes) -> Points:
    return points(unpack(packed))


def _verified(verification: Verification) -> Work:
    """HYPOTHESES rows with thumbnails -> VERDICTS rows, the refused ones too."""

    def work(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        cv2.setNumThreads(1)  # Spark runs a task a core already
        for pairs in _pairs(batches):
            yield pa.RecordBatch.from_pylist([_verdict_row(*pair, verification) for pair in pairs], schema=VERDICTS)

    return work


@lru_cache(maxsize=CACHED_THUMBNAILS)
def _thumbnail(jpeg: bytes) -> ThumbnailPlanes:
    return decoded_thumbnail(jpeg)


def _verdict_row(row: Row, left: Row, right: Row, verification: Verification) -> Row:
    maps = [Hypothesis(np.array(m["to_r"]).reshape(3, 3), m["inliers"], m["mirrored"]) for m in row["maps"]]
    a, b = (ComparablePicture(_thumbnail(picture["thumbnail"]), picture["working_picture"]) for picture in (left, right))
    verdict = verify_candidate(a, b, Hypotheses(row["hamming"], maps), verification)
    refused = verdict.relation in REFUSED
    region = None if verdict.region is None else dict(zip(REGION.names, verdict.region, strict=True))
    return {
        "sha256_l": left["sha256"],
        "sha256_r": right["sha256"],
        "relation": SIDE_OF.get(verdict.relation, verdict.relation),
        "region": region,
        "mirrored": verdict.mirrored,
        "hamming_distance": verdict.hamming,
        "inliers": max(m.inliers for m in maps) if refused else verdict.inliers,
        "pixel_correlation": verdict.pixel_correlation,
        "structure": verdict.structure,
        "colour_error": verdict.colour_error,
        "score": verdict.score,
    }
