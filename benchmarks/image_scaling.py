"""Scaling of candidate generation for near-duplicate pictures: cost, candidates and recall on synthetic fingerprints.

    python -m benchmarks.image_scaling --pictures W/mined                 hash keys alone, 30 k, 100 k, 300 k pictures
    python -m benchmarks.image_scaling --pictures W/mined --words         words alone
    python -m benchmarks.image_scaling --pictures W/mined --hot           copies of one meme, and blank frames

W is a workspace that jobs/mine_pairs.py filled: the fingerprints are resampled from its pictures
(`synthetic_pictures.py` says how); without --pictures the sample corpus is mined first. Each size is run with the
settings' caps (the cost), and, up to --uncapped pictures, without (the recall of planted copies, that must be 1; with words
nothing is planted). Memory is the sum of the resident sets of the driver, the JVM and its Python workers, shared pages counted
more than once; core seconds are those of the same processes: on a shared machine they say more than the clock does.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from benchmarks.watch import Watch
from pipelines.engines.java_options import java_options
from pipelines.engines.spark_session import ROOT, spark_session
from pipelines.mining.images.candidates.candidate_step import candidate_pairs
from pipelines.mining.images.match_step import PictureMatching
from testkit.synthetic_pictures import RealPictures, real_pictures, write_hot_groups, write_synthetic

NO_CAP = 10**9
HASHES, WORDS = PictureMatching(indexed_features=0), PictureMatching(hash_radius=0)


def measure(spark: SparkSession, folder: Path, planted: np.ndarray, size: int, settings: PictureMatching) -> dict[str, Any]:
    """Run the step on the pictures in `folder`; returns candidates, seconds, memory and recall of planted pairs."""
    planted_pairs = spark.createDataFrame(pa.table({"l": planted[:, 0], "r": planted[:, 1]}).to_pandas(), "l long, r long")
    start = time.monotonic()
    with Watch() as taken:
        output = candidate_pairs(spark.read.parquet(str(folder)), size, settings, settings)
        joined = output.rows.join(F.broadcast(planted_pairs.withColumn("planted", F.lit(1))), on=["l", "r"], how="left")
        counts = joined.agg(F.count("*").alias("pairs"), F.count("planted").alias("found")).first()
        dropped = {row["reason"]: row["rows"] for row in output.dropped.collect()}
    seconds = time.monotonic() - start
    spark.catalog.clearCache()
    recall = counts["found"] / len(planted) if len(planted) else None
    return {
        "pictures": size,
        "pairs": counts["pairs"],
        "candidates_a_picture": round(2 * counts["pairs"] / size, 2),
        "seconds": round(seconds, 1),
        "core_s": round(taken.core_s, 1),
        "peak_mib": round(taken.mib),
        "planted": len(planted),
        "recall": recall,
        "dropped": dropped,
    }


def grow(spark: SparkSession, real: RealPictures, arguments: argparse.Namespace, scratch: Path) -> list[dict[str, Any]]:
    """Measure every size, with and without caps."""
    settings = WORDS if arguments.words else replace(HASHES, hash_radius=arguments.radius)
    results = []
    for size in arguments.sizes:
        folder = scratch / f"{size}"
        planted = write_synthetic(real, size, settings.hash_radius, arguments.words, folder, arguments.seed)
        runs = [("caps", settings)]
        if size <= arguments.uncapped:
            runs.append(("no caps", replace(settings, max_pictures_per_key=NO_CAP, max_candidates=NO_CAP)))
        for name, run in runs:
            results.append({"run": name, **measure(spark, folder, planted, size, run)})
            print(json.dumps(results[-1]), flush=True)
        shutil.rmtree(folder)
    for name in ("caps", "no caps"):
        exponents([row for row in results if row["run"] == name], name)
    return results


def exponents(rows: list[dict[str, Any]], name: str) -> None:
    """Print the slopes of log seconds, core seconds and pairs over log pictures: of all sizes, and of the last two."""
    for what in ("seconds", "core_s", "pairs"):
        for part, label in ((rows, "all"), (rows[-2:], "last step")):
            if len(part) > 1:
                x, y = (np.log([max(row[key], 1e-9) for row in part]) for key in ("pictures", what))
                print(f"{name}: {what} grow with the pictures to the power {np.polyfit(x, y, 1)[0]:.2f} ({label})", flush=True)


def hot(spark: SparkSession, real: RealPictures, arguments: argparse.Namespace, scratch: Path) -> list[dict[str, Any]]:
    """Measure many copies of a meme and many blank frames, a tenth of them and all, and count the components of each kind."""
    results = []
    for share in (0.1, 1.0):
        folder = scratch / f"hot-{share}"
        kinds = write_hot_groups(real, int(arguments.copies * share), int(arguments.blanks * share), folder)
        start = time.monotonic()
        with Watch() as taken:
            count = int((arguments.copies + arguments.blanks) * share)
            pairs = (
                candidate_pairs(spark.read.parquet(str(folder)), count, PictureMatching(), PictureMatching())
                .rows.select("l", "r")
                .toArrow()
            )
        result = {
            "seconds": round(time.monotonic() - start, 1),
            "core_s": round(taken.core_s, 1),
            "peak_mib": round(taken.mib),
            "pairs": pairs.num_rows,
        }
        l, r = (pairs[side].to_numpy() for side in "lr")  # noqa: E741
        for name, numbers in zip(("copies", "blanks"), kinds, strict=True):
            result |= {name: len(numbers), f"{name}_components": components(l, r, numbers)}
        print(json.dumps(result), flush=True)
        results.append(result)
        spark.catalog.clearCache()
        shutil.rmtree(folder)
    return results


def components(l: np.ndarray, r: np.ndarray, numbers: np.ndarray) -> int:  # noqa: E741
    """Count the connected components of the pictures `numbers`."""
    ours = np.sort(numbers)
    inside = np.isin(l, ours) & np.isin(r, ours)
    ends = np.searchsorted(ours, l[inside]), np.searchsorted(ours, r[inside])
    graph = coo_matrix((np.ones(len(ends[0]), np.int8), ends), shape=(len(ours), len(ours)))
    return int(connected_components(graph, directed=False)[0])


def mined_sample(scratch: Path) -> Path:
    """Mine the sample corpus with the job."""
    subprocess.run(
        [ROOT / "spark-submit.sh", ROOT / "jobs/mine_pairs.py", "--workspace", scratch / "sample"], check=True, cwd=ROOT
    )
    return scratch / "sample" / "mined"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=Path, help="a workspace's folder mined/")
    parser.add_argument("--sizes", type=int, nargs="+", default=[30_000, 100_000, 300_000])
    parser.add_argument("--uncapped", type=int, default=100_000, help="sizes up to this are run without caps as well")
    parser.add_argument("--radius", type=int, default=HASHES.hash_radius)
    parser.add_argument("--words", action="store_true")
    parser.add_argument("--hot", action="store_true")
    parser.add_argument("--copies", type=int, default=10_000)
    parser.add_argument("--blanks", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--scratch", type=Path, help="where files are written; default: the system's")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    scratch = Path(tempfile.mkdtemp(prefix="image-scaling-", dir=arguments.scratch))
    real = real_pictures(arguments.pictures or mined_sample(scratch))
    java = java_options()
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    os.environ["PYSPARK_SUBMIT_ARGS"] = f"--master local[2] --driver-memory 6g --driver-java-options '{java}' pyspark-shell"
    spark = spark_session("image_scaling")
    warm = write_synthetic(real, 1000, HASHES.hash_radius, arguments.words, scratch / "warm", arguments.seed)
    measure(spark, scratch / "warm", warm, 1000, HASHES)  # Python workers and the JVM; not part of the result
    results = hot(spark, real, arguments, scratch) if arguments.hot else grow(spark, real, arguments, scratch)
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=1))
    spark.stop()
    shutil.rmtree(scratch)


if __name__ == "__main__":
    main()
