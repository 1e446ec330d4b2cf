"""The image stages of jobs/mine_pairs.py, as a contender."""

import os
import shutil
import tempfile
from pathlib import Path

import pyarrow.parquet as pq

from benchmarks.image_speed import warm_up
from benchmarks.peers.measure import CORES
from benchmarks.peers.planted import Pair
from benchmarks.watch import Watch
from pipelines.engines.java_options import java_options
from pipelines.engines.spark_session import spark_session
from pipelines.flows.mine_pairs import flow
from pipelines.flows.mine_pairs.inputs import open_inputs
from pipelines.flows.mine_pairs.settings import Input, MinePairs
from pipelines.mining.intake.validate_notes import Filter
from pipelines.workspace.spark_stages import Stages
from pipelines.workspace.workspace import Workspace
from schemas.intermediate import MINED

JAVA = java_options()


def submit_arguments(memory: str = "4g") -> None:
    """Configure the next session of this process: all cores, JVM flags for a fast start."""
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    os.environ["PYSPARK_SUBMIT_ARGS"] = (
        f"--master local[{CORES}] --driver-memory {memory} --driver-java-options '{JAVA}' pyspark-shell"
    )


def our_pictures(bench: Path, taken: Watch) -> list[Pair]:
    """Run fingerprints and matching of all pictures, keeping every note; returns near duplicates and crops."""
    scratch = Path(tempfile.mkdtemp(prefix="peers-images-"))
    submit_arguments()
    settings = MinePairs(workspace=str(scratch), input=Input(notes=str(bench / "notes.parquet")), filter=Filter(min_likes=0))
    spark = spark_session("peers")
    stages, inputs = Stages(spark, Workspace(settings.workspace)), open_inputs(spark, settings.input)
    flow.keep_notes(stages, inputs, settings)
    warm_up(spark, CORES)
    with taken:
        flow.fingerprint_images(stages, inputs, settings)
        flow.match_images(stages, settings)
    pairs: list[Pair] = []
    for name in ("near_duplicate_image", "crop"):
        for file in stages.workspace.files(MINED[name].name):
            rows = pq.read_table(file, columns=["query", "target"]).to_pylist()
            pairs += [(r["query"]["image_ids"][0], r["target"]["image_ids"][0]) for r in rows]
    spark.stop()
    shutil.rmtree(scratch)
    return pairs
