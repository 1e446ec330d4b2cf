"""Step: which picture files show the same, whole or in part.

Candidates share rare keys. Their features and hashes say how one may lie on the other, which
refuses nine of ten; only for the rest the thumbnails travel and the pixels are compared.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_schema

from pipelines.mining.images.candidates.candidate_step import candidate_pairs, numbered
from pipelines.mining.images.fingerprint.feature_codec import unpack
from pipelines.mining.images.settings import Match
from pipelines.mining.images.verify.aligned_cells import Thumbnail
from pipelines.mining.images.verify.feature_alignment import Points, points
from pipelines.mining.images.verify.transform_hypotheses import Hypothesis, Sketch, hypotheses
from pipelines.mining.images.verify.verify_pair import expanded, judged
from pipelines.workspace.stage_output import Output, dropped_counts
from schemas.intermediate import PICTURE_DOUBTS, PICTURE_PAIRS
from schemas.item import REGION

Row = dict[str, Any]
Work = Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]
SIDE_OF = {"copy": "copy", "framed_a": "framed_l", "framed_b": "framed_r", "crop_a": "crop_l", "crop_b": "crop_r"}
LEAST_INLIERS = {1: 5, 2: 4}
"""Agreeing features that a candidate needs that shares one key or two: fewer meet by chance in one such pair of eight."""
PICTURES_A_TASK = 500
"""Pictures whose candidates, some 13 each, one task looks at."""
FEATURES_AT_HAND = 4_096
THUMBNAILS_AT_HAND = 512
"""Pictures that a worker process keeps unpacked, from task to task: 20 kB of features, 300 kB of thumbnail each."""
MAP = pa.struct([("to_r", pa.list_(pa.float64())), ("inliers", pa.int32()), ("mirrored", pa.bool_())])
MAPS = pa.schema(
    [
        pa.field("l", pa.int64()),
        pa.field("r", pa.int64()),
        pa.field("hamming", pa.int32()),
        pa.field("maps", pa.list_(MAP)),
    ]
)
TOLD = pa.schema(list(PICTURE_PAIRS.columns))
DOUBTED = "none"
"""Relation of a pair whose pixels say no."""


def matched_pictures(pictures: DataFrame, count: int, settings: Match) -> list[Output]:
    """PICTURE_PAIRS: candidates that features and pixels confirm; PICTURE_DOUBTS: those that only the pixels refuse.

    Args:
        pictures: PICTURES.
        count: how many there are, for the number of tasks.
        settings: keys, caps and thresholds.

    Cost: `candidate_pairs`; a join and a sort that carry 5 kB for each candidate, and 0.15 ms of Python for each; the same
    with 6 kB for the tenth that is left, and about 2 ms for each.
    """
    if count < 2:  # Python workers of a join without rows would be left with nobody who reads what they made
        tables = (PICTURE_PAIRS, PICTURE_DOUBTS)
        spark = pictures.sparkSession
        return [Output(spark.createDataFrame(table.columns.empty_table()), dropped_counts(spark, {})) for table in tables]
    candidates = candidate_pairs(pictures, count, settings)
    tasks = max(2 * pictures.sparkSession.sparkContext.defaultParallelism, count // PICTURES_A_TASK)
    sketched = _by_right(candidates.rows, pictures, ("pdq_turns", "pdq_exposed", "features"), tasks)
    mapped = sketched.mapInArrow(_mapper(settings), from_arrow_schema(MAPS))
    shown = _by_right(mapped, pictures, ("sha256", "thumbnail"), tasks)
    told = shown.mapInArrow(_judge(settings), from_arrow_schema(TOLD)).persist()
    doubted = F.col("relation") == DOUBTED
    return [
        Output(told.where(~doubted).select(*PICTURE_PAIRS.columns.names), candidates.dropped, persisted=True),
        Output(
            told.where(doubted).select(*PICTURE_DOUBTS.columns.names), dropped_counts(pictures.sparkSession, {}), persisted=True
        ),
    ]


def _by_right(pairs: DataFrame, pictures: DataFrame, columns: tuple[str, ...], tasks: int) -> DataFrame:
    """The pairs with `columns` of their left picture as a struct `picture`, in the order of r and l.

    Before the pairs of a picture r stands a row of its own, l null: what is told of r travels once and not with each pair.
    """
    shown = pictures.select(numbered("sha256").alias("l"), F.struct(*columns).alias("picture"))
    own = shown.withColumnRenamed("l", "r")
    both = pairs.join(shown, on="l", how="inner").unionByName(own, allowMissingColumns=True)
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


def _mapper(settings: Match) -> Work:
    """Candidates -> MAPS rows of those that may lie on each other."""

    def work(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for pairs in _pairs(batches):
            rows = []
            for row, *pictures in pairs:
                left, right = (Sketch(_points(p["features"]), p["pdq_turns"], p["pdq_exposed"]) for p in pictures)
                distance, found = hypotheses(left, right, settings.matching)
                needed = LEAST_INLIERS.get(row["votes"], 0)
                found = [m for m in found if m.inliers == 0 or m.inliers >= needed]
                if found:
                    maps = [{"to_r": m.to_b.ravel(), "inliers": m.inliers, "mirrored": m.mirrored} for m in found]
                    rows.append({"l": row["l"], "r": row["r"], "hamming": distance, "maps": maps})
            yield pa.RecordBatch.from_pylist(rows, schema=MAPS)

    return work


@lru_cache(maxsize=FEATURES_AT_HAND)
def _points(packed: bytes) -> Points:
    return points(unpack(packed))


def _judge(settings: Match) -> Work:
    """MAPS rows with thumbnails -> PICTURE_PAIRS rows; those that do not show the same are DOUBTED."""

    def work(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        cv2.setNumThreads(1)  # Spark runs a task a core already
        for pairs in _pairs(batches):
            yield pa.RecordBatch.from_pylist([_told(*pair, settings) for pair in pairs], schema=TOLD)

    return work


@lru_cache(maxsize=THUMBNAILS_AT_HAND)
def _thumbnail(jpeg: bytes) -> Thumbnail:
    return expanded(jpeg)


def _told(row: Row, left: Row, right: Row, settings: Match) -> Row:
    """A TOLD row."""
    maps = [Hypothesis(np.array(m["to_r"]).reshape(3, 3), m["inliers"], m["mirrored"]) for m in row["maps"]]
    sides = _thumbnail(left["thumbnail"]), _thumbnail(right["thumbnail"])
    found = judged(*sides, maps, row["hamming"], settings.verification)
    doubted = found.relation == "none"
    region = None if found.region is None else dict(zip(REGION.names, found.region, strict=True))
    return {
        "sha256_l": left["sha256"],
        "sha256_r": right["sha256"],
        "relation": DOUBTED if doubted else SIDE_OF[found.relation],
        "region": region,
        "mirrored": found.mirrored,
        "hamming_distance": found.hamming,
        "inliers": max(m.inliers for m in maps) if doubted else found.inliers,
        "pixel_correlation": found.pixel_correlation,
        "score": found.score,
    }
