"""Recall by edit, for edits and crops that ../shared/bench does not have.

    .venv/bin/python -m benchmarks.image_edits --bench-tools ../shared/bench \
        --sets ../shared/data/howtocook ../shared/data/ikea ../shared/data/tinycoco [--seed 7] [--keep FOLDER] [--json FILE]

The notes are built by the bench's own build.py and scored by its score.py; the image stages of the job mine them, with
defaults, all notes kept. A grid of nine pictures is no copy of the one that it holds: that one is a crop of it, and so
it is counted. Cost: four minutes a seed on two cores that others use as well.
"""

import argparse
import json
import os
import sys
import tempfile
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.engines.java_options import java_options
from pipelines.engines.spark_session import spark_session
from pipelines.flows.mine_pairs import flow
from pipelines.flows.mine_pairs.inputs import open_inputs
from pipelines.flows.mine_pairs.settings import Input, MinePairs
from pipelines.mining.intake.validate_notes import Filter
from pipelines.workspace.spark_stages import Stages
from pipelines.workspace.workspace import Workspace
from schemas.intermediate import MINED
from testkit.crop_edits import CROPS, cut_out
from testkit.image_edits import CONTAINING_EDIT, EDITS

Scores = dict[str, Any]


def tool(folder: Path, name: str) -> ModuleType:
    """Import a module of the bench by its path, since its folder is not a package."""
    spec = spec_from_file_location(f"bench_{name}", folder / f"{name}.py")
    if spec is None or spec.loader is None:
        sys.exit(f"error: no {name}.py in {folder}; --bench-tools must be the folder with build.py and score.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def build(tools: Path, sets: list[str], seed: int, out: Path) -> None:
    """Build notes and truth in `out`, with our edits and crops; pictures that contain another get a kind of their own."""
    builder = tool(tools, "build")
    builder.crop = cut_out  # its main calls it by name with the values of `crops`
    builder.main(["--sets", *sets, "--out", str(out), "--seed", str(seed)], edits=EDITS, crops=CROPS)
    truth = pq.read_table(out / "truth" / "images.parquet")
    rows = [row | {"kind": "holds"} if row["edit"] == CONTAINING_EDIT else row for row in truth.to_pylist()]
    pq.write_table(pa.Table.from_pylist(rows, truth.schema), out / "truth" / "images.parquet")


def mine(bench: Path, workspace: Path, cores: int) -> None:
    """Run the image stages of the job, keeping every note."""
    java = java_options()
    os.environ["PYSPARK_SUBMIT_ARGS"] = (
        f"--master local[{cores}] --driver-memory 4g --driver-java-options '{java}' pyspark-shell"
    )
    settings = MinePairs(workspace=str(workspace), input=Input(notes=str(bench / "notes.parquet")), filter=Filter(min_likes=0))
    spark = spark_session("image_edits")
    stages, inputs = Stages(spark, Workspace(settings.workspace)), open_inputs(spark, settings.input)
    flow.keep_notes(stages, inputs, settings)
    flow.fingerprint_images(stages, inputs, settings)
    flow.match_images(stages, settings)
    spark.stop()


def score(tools: Path, bench: Path, workspace: Path) -> Scores:
    """Score pictures with score.py, and count the grids found to contain their picture."""
    scorer, db, mined = tool(tools, "score"), duckdb.connect(), Workspace(str(workspace))
    parts = [
        f"select *, '{name}' as granularity from read_parquet({mined.files(MINED[name].name)})"
        for name in ("near_duplicate_image", "crop")
    ]
    db.execute(
        "create view positives as "
        + " union all by name ".join(part.replace("select *", "select query, target") for part in parts)
    )
    truth = scorer.rows(bench / "truth" / "images.parquet")
    aliases = {frozenset((row["a"], row["b"])) for row in scorer.rows(bench / "truth" / "aliases.parquet")}
    kept = {note for (note,) in db.execute(f"select note_id from read_parquet({mined.files('notes')})").fetchall()}
    result: Scores = scorer.score_images(db, truth, aliases, kept)
    family = {row["image_id"]: row["family"] for row in truth}
    grids = {row["image_id"] for row in truth if row["kind"] == "holds"}
    return result | {"holds": holds(scorer, db, family, grids)}


def holds(scorer: ModuleType, db: duckdb.DuckDBPyConnection, family: dict[str, str], grids: set[str]) -> dict[str, float]:
    """Compute the share of grids found to contain their picture: as a crop of the grid, which is right, or framed by it."""
    grids_found = {}
    for name in ("crop", "near_duplicate_image"):
        pairs = [(a, b) for a, b, _ in scorer.image_pairs(db, name) if family.get(a) == family.get(b)]
        grids_found[name] = {grid for pair in pairs for grid in pair[name == "crop" :] if grid in grids}
    framed = grids_found["near_duplicate_image"] - grids_found["crop"]
    return {"crop": len(grids_found["crop"]) / len(grids), "framed": len(framed) / len(grids), "of": len(grids)}


def table(result: Scores) -> str:
    """Format as Markdown: recall by edit and by kind of crop, then totals."""
    copies, crops = result["near_duplicate_image"], result["crop"]
    lines = ["| | recall |", "|---|---|"]
    lines += [f"| {name} | {value:.3f} |" for name, value in copies["recall_by_edit"].items()]
    lines += [f"| {CONTAINING_EDIT}: the picture found as a crop of it | {result['holds']['crop']:.3f} |"]
    lines += [f"| {CONTAINING_EDIT}: found, but as framed by it | {result['holds']['framed']:.3f} |"]
    lines += [f"| {name} | {value:.3f} |" for name, value in crops["recall_by_area"].items()]
    for name, what in (("copies", copies), ("crops", crops)):
        lines += [f"| all {name}: recall, precision | {what['recall']:.3f}, {what['precision']:.4f} |"]
    return "\n".join([*lines, f"| boxes of crops, median IoU | {crops['median_box_iou']:.3f} |"])


def main() -> None:
    """Build, mine, score, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bench-tools", type=Path, required=True)
    parser.add_argument("--sets", nargs="+", required=True)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--keep", type=Path, help="an empty folder for the notes, the truth and the workspace")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="image-edits-") as scratch:
        folder = arguments.keep or Path(scratch)
        bench, workspace = folder / "bench", folder / "mined"
        build(arguments.bench_tools, arguments.sets, arguments.seed, bench)
        mine(bench, workspace, arguments.cores)
        result = score(arguments.bench_tools, bench, workspace)
    print(table(result))
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
