"""Every step of ours at 1x, 4x and 16x: time, memory, shuffled bytes, the exponent, and what follows for 100 M notes.

    .venv-bench/bin/python -m benchmarks.peers.growth [--sizes 125 500 2000] [--vectors 12500 50000 200000]

The sample corpus is drawn in each size (pictures, quotes, clicks), then the stages of the jobs run on it. Search, guard and
choice run on made-up vectors as well (benchmarks/peers/vectors.py), each twentieth item asking: their cost grows otherwise.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.image_speed import warm_up
from benchmarks.peers.exponents import COLUMNS, summed
from benchmarks.peers.measure import CORES, Row, measured
from benchmarks.peers.negatives import ours as guarded
from benchmarks.peers.our_pictures import submit_arguments
from benchmarks.peers.show import table
from benchmarks.watch import Watch
from pipelines.engines.spark_session import ROOT

TITLE = "Growth of our steps"
SIZES, VECTORS = (125, 500, 2000), (12_500, 50_000, 200_000)
ASKING, GROUP = 20, 6
"""One item in so many asks."""
A_JOB_S = 1_500
"""Seconds after which a job of a size is ended: 2,000 notes are more than four minutes of encoding and search."""
Point = dict[str, Any]
"""One step at one size: step, size, seconds, core_s, peak_mib, shuffled_mib."""


def mining(notes: Path, workspace: Path, taken: Watch) -> list[Point]:
    """Each stage of jobs/mine_pairs.py on its own clock, in one session."""
    from pipelines.engines.spark_session import spark_session
    from pipelines.flows.mine_pairs import flow
    from pipelines.flows.mine_pairs.inputs import open_inputs
    from pipelines.flows.mine_pairs.settings import Input, MinePairs
    from pipelines.mining.intake.validate_notes import Filter
    from pipelines.workspace.spark_stages import Stages
    from pipelines.workspace.workspace import Workspace

    submit_arguments()
    job_inputs = Input(notes=str(notes), clicks=str(notes.with_name("clicks.parquet")))
    settings = MinePairs(workspace=str(workspace), input=job_inputs, filter=Filter(min_likes=0))
    spark = spark_session("growth")
    stages, inputs = Stages(spark, Workspace(settings.workspace)), open_inputs(spark, settings.input)
    warm_up(spark, CORES)
    steps: dict[str, Callable[[], None]] = {
        "intake": lambda: flow.keep_notes(stages, inputs, settings),
        "pictures: fingerprints": lambda: flow.fingerprint_images(stages, inputs, settings),
        "pictures: pairs": lambda: flow.match_images(stages, settings),
        "partial text": lambda: flow.mine_text(stages, settings),
        "co-click": lambda: flow.mine_clicks(stages, inputs, settings),
        "within-note": lambda: flow.mine_within_notes(stages, settings),
        "graph: components, splits": lambda: flow.tie_components(stages, settings),
        "graph: positives, items": lambda: (flow.place_positives(stages), flow.list_items(stages))[0],
    }
    points = []
    with taken:
        for name, step in steps.items():
            before = _shuffled(spark)
            with Watch() as watch:
                step()
            points.append(_point(name, watch, round((_shuffled(spark) - before) / (1 << 20), 2)))
    spark.stop()
    return points


def _shuffled(spark: Any) -> int:  # noqa: ANN401
    """Bytes that this session has written for shuffles so far."""
    return int(spark._jsc.sc().statusStore().executorList(False).apply(0).totalShuffleWrite())


def _point(step: str, watch: Watch, shuffled: float | None = None) -> Point:
    usage = {"seconds": round(watch.seconds, 2), "core_s": round(watch.core_s, 2), "peak_mib": round(watch.mib)}
    return {"step": step, **usage, "shuffled_mib": shuffled}


def job(command: list[str], taken: Watch) -> None:
    """One of the other jobs, its start included."""
    with taken:
        subprocess.run(command, cwd=ROOT, check=True, stdout=sys.stderr)


def of_size(notes: int, folder: Path) -> list[Point]:
    """All points of one corpus."""
    from pipelines.sources.sample_corpus.build import Sample, make_sample

    corpus, workspace = folder / "sample", folder / "out"
    make_sample(corpus, Sample(notes=notes))
    out = measured(mining, corpus / "notes.parquet", workspace)
    points: list[Point] = out.answer or [{"step": "mining", "fault": out.fault}]
    jobs = {
        "encode, negatives (job)": ["jobs/mine_hard_negatives.py", "--workspace", str(workspace)],
        "judge by overlap (job)": ["jobs/judge_relevance.py", "--workspace", str(workspace)],
        "shards (job)": ["jobs/build_shards.py", "--workspace", str(workspace)],
    }
    for name, command in jobs.items():
        done = measured(job, [sys.executable, *command], limit_s=A_JOB_S)
        points.append({"step": name, **done.taken, "shuffled_mib": None, "fault": done.fault})
    print(*points, sep="\n", file=sys.stderr, flush=True)
    return [{"size": notes, **point} for point in points]


def run(sizes: tuple[int, ...] = SIZES, vectors: tuple[int, ...] = VECTORS) -> list[Row]:
    """A row for each step."""
    points: list[Point] = []
    for notes in sizes:
        folder = Path(tempfile.mkdtemp(prefix="peers-growth-"))
        points += of_size(notes, folder)
        shutil.rmtree(folder)
    for size in vectors:
        out = measured(guarded, size, size // ASKING, GROUP, "uninote-band")
        name = f"search, guard, choice: vectors, 1 in {ASKING} asks"
        points.append({"step": name, "size": size, **out.taken, "shuffled_mib": None, "fault": out.fault})
    return summed(points)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--vectors", type=int, nargs="+", default=VECTORS)
    arguments = parser.parse_args()
    print(f"{TITLE} on {CORES} cores\n\n{table(run(tuple(arguments.sizes), tuple(arguments.vectors)), COLUMNS, ())}")
