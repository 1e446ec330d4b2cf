"""Step: which picture files show the same, whole or in part."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import cv2
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_schema

from pipelines.images.candidates import candidate_pairs, numbered
from pipelines.images.packing import unpack
from pipelines.images.settings import Match
from pipelines.images.verify import Picture, verify
from pipelines.workspace.output import Output
from schemas.item import REGION
from schemas.mined import PICTURE_PAIRS

SIDES = ("sha256", "pdq_turns", "thumbnail", "features")
SIDE_OF = {"copy": "copy", "framed_a": "framed_l", "framed_b": "framed_r", "crop_a": "crop_l", "crop_b": "crop_r"}
PAIRS_A_TASK = 2_000
FOUND = pa.schema(list(PICTURE_PAIRS.columns))


def matched_pictures(pictures: DataFrame, settings: Match) -> Output:
    """PICTURE_PAIRS: candidates that the verification on features and pixels confirms.

    Args:
        pictures: PICTURES.
        settings: keys, caps and thresholds.

    Cost: `candidate_pairs`, then two joins that carry 15 kB for each side of a candidate, and about
    1 ms of Python for each.
    """
    candidates = candidate_pairs(pictures, settings)
    pairs = candidates.rows.persist()
    tasks = max(4 * pictures.sparkSession.sparkContext.defaultParallelism, pairs.count() // PAIRS_A_TASK)
    left, right = (_side(pictures, side) for side in ("l", "r"))
    joined = pairs.join(left, on="l", how="inner").join(right, on="r", how="inner").repartition(tasks, "l", "r")
    return Output(joined.mapInArrow(_verifier(settings), from_arrow_schema(FOUND)), candidates.dropped)


def _side(pictures: DataFrame, side: str) -> DataFrame:
    columns = F.struct(*SIDES)
    return pictures.select(numbered("sha256").alias(side), columns.alias(f"picture_{side}"))


def _verifier(settings: Match) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    def work(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        cv2.setNumThreads(1)  # Spark runs a task a core already
        for batch in batches:
            found = [_found(row["picture_l"], row["picture_r"], settings) for row in batch.to_pylist()]
            yield pa.RecordBatch.from_pylist([row for row in found if row is not None], schema=FOUND)

    return work


def _found(left: dict[str, Any], right: dict[str, Any], settings: Match) -> dict[str, Any] | None:
    """A PICTURE_PAIRS row, or None where the two do not show the same."""
    found = verify(_picture(left), _picture(right), settings.matching, settings.verification)
    if found.relation == "none":
        return None
    region = None if found.region is None else dict(zip(REGION.names, found.region, strict=True))
    return {
        "sha256_l": left["sha256"],
        "sha256_r": right["sha256"],
        "relation": SIDE_OF[found.relation],
        "region": region,
        "mirrored": found.mirrored,
        "hamming_distance": found.hamming,
        "inliers": found.inliers,
        "pixel_correlation": found.pixel_correlation,
        "score": found.score,
    }


def _picture(stored: dict[str, Any]) -> Picture:
    return Picture(unpack(stored["features"]), stored["thumbnail"], stored["pdq_turns"])
