"""Time of the image steps, compared with a bare pass of PIL decode + imagehash.phash over the same files.

    .venv/bin/python -m benchmarks.image_speed [--notes B/notes.parquet] [--cores 2] [--json FILE]

Both use the same number of processes, one after the other; the start of processes is left out of both.
Without --notes: the sample corpus.
"""

import argparse
import json
import multiprocessing
import os
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path

import imagehash
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image, UnidentifiedImageError
from pyspark.sql import SparkSession

from pipelines.engines.java_options import java_options
from pipelines.engines.spark_session import plan_for, spark_session
from pipelines.flows.mine_pairs import flow
from pipelines.flows.mine_pairs.inputs import open_inputs
from pipelines.flows.mine_pairs.settings import Input, MinePairs
from pipelines.mining.intake.validate_notes import Filter
from pipelines.sources.sample_corpus.build import Sample, make_sample
from pipelines.workspace.spark_stages import Stages
from pipelines.workspace.workspace import Workspace
from schemas.datasets import IMAGES


def bare(file: str) -> int:
    """Hash one picture as the peer does; returns 0 if it cannot be read."""
    try:
        with Image.open(file) as picture:
            imagehash.phash(picture)
    except (OSError, UnidentifiedImageError):
        return 0
    return 1


def bare_pass(files: list[str], processes: int) -> float:
    """Measure the peer's seconds over all files, without process startup."""
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        pool.map(bare, files[: 4 * processes], chunksize=1)
        started = time.monotonic()
        pool.map(bare, files, chunksize=16)
        return time.monotonic() - started


def warm_up(spark: SparkSession, processes: int) -> float:
    """Measure seconds until Spark's Python workers have started and imported their modules, which are excluded from results."""

    def imported(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        import_module("pipelines.mining.images.match_step")
        import_module("pipelines.mining.images.fingerprint_step")
        yield from batches

    started = time.monotonic()
    spark.range(0, processes, 1, processes).mapInArrow(imported, "id long").collect()
    return time.monotonic() - started


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--notes", type=Path)
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    scratch = Path(tempfile.mkdtemp(prefix="image-speed-"))
    if arguments.notes is None:
        make_sample(scratch / "sample", Sample())
    notes = arguments.notes or scratch / "sample" / "notes.parquet"
    every_note = Filter(min_likes=0)
    settings = MinePairs(workspace=str(scratch / "w"), input=Input(notes=str(notes)), filter=every_note)
    java = java_options()
    os.environ["PYSPARK_SUBMIT_ARGS"] = (
        f"--master local[{arguments.cores}] --driver-memory 4g --driver-java-options '{java}' pyspark-shell"
    )
    spark = spark_session("image_speed")
    stages, inputs = Stages(spark, Workspace(settings.workspace)), open_inputs(spark, settings.input)
    plan_for(spark, inputs.size_bytes)  # as the job does
    flow.keep_notes(stages, inputs, settings)
    listed = pq.read_table(stages.workspace.files("notes")[0], columns=["images"]).column("images").to_pylist()
    warm = warm_up(spark, arguments.cores)
    files = [f"{inputs.image_root}/{image['uri']}" for images in listed for image in images]
    peer = bare_pass(files, arguments.cores)
    seconds = {}
    for name, stage in (
        ("fingerprint", lambda: flow.fingerprint_images(stages, inputs, settings)),
        ("match", lambda: flow.match_images(stages, settings)),
    ):
        started = time.monotonic()
        stage()
        seconds[name] = time.monotonic() - started
    ours = sum(seconds.values())
    result = {
        "pictures": len(files),
        "start_s": warm,
        "peer_s": peer,
        **{f"{k}_s": v for k, v in seconds.items()},
        "ours_s": ours,
        "ratio": ours / peer,
    }
    result["readable"] = stages.workspace.published(IMAGES.name).counts.rows_out
    print(json.dumps({k: round(v, 2) if isinstance(v, float) else v for k, v in result.items()}, indent=1))
    if arguments.json:
        arguments.json.write_text(json.dumps(result))
    spark.stop()
    shutil.rmtree(scratch)


if __name__ == "__main__":
    main()
