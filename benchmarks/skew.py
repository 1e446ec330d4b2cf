"""Cost of skew in jobs/mine_pairs.py: the same number of notes, files and clicks, uniform and skewed.

    python -m benchmarks.skew [--notes 20000] [--files 2000] [--clicks 400000] [--memory 4g] [--scratch DIR]

Skewed (testkit/skewed_input.py): one note in a tenth of all clicks, one user with a quarter of them, one meme in every note,
one line of hashtags in every text. Prints for each run seconds and the most memory of Java (driver and executor in one), of the
largest Python worker and of all processes together; then rows and seconds of every dataset side by side; then what each cap
dropped.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.watch import Watch
from pipelines.workspace.manifest import Manifest
from pipelines.workspace.workspace import CURRENT, Workspace
from scripts.plain_environment import plain_environment
from testkit.skewed_input import Size, write

ROOT = Path(__file__).resolve().parent.parent
TIMEOUT_S = 3600


def main() -> None:
    """Run uniform input, then skewed input."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--notes", type=int, default=20_000)
    parser.add_argument("--files", type=int, default=2_000)
    parser.add_argument("--clicks", type=int, default=400_000)
    parser.add_argument("--memory", default="4g")
    parser.add_argument("--scratch", type=Path)
    arguments = parser.parse_args()
    scratch = Path(tempfile.mkdtemp(dir=arguments.scratch))
    runs = {}
    for name in ("even", "skewed"):
        write(scratch / name, Size(arguments.notes, arguments.files, arguments.clicks), name == "skewed")
        runs[name] = _mined(name, scratch / name, arguments.memory)
    _compared(runs["even"], runs["skewed"])
    shutil.rmtree(scratch)


def _mined(name: str, folder: Path, memory: str) -> dict[str, Manifest]:
    """Mine the input, print its cost, and return the manifests."""
    inputs = ["--notes", str(folder / "notes.parquet"), "--clicks", str(folder / "clicks.parquet")]
    script = [str(ROOT / "spark-submit.sh"), "--driver-memory", memory, str(ROOT / "jobs/mine_pairs.py")]
    command = [*script, *inputs, "--workspace", str(folder / "w")]
    with (folder / "log").open("w+") as log, Watch() as taken:
        code = subprocess.run(
            command, stdout=log, stderr=log, env=plain_environment(), timeout=TIMEOUT_S, check=False
        ).returncode
    if code:
        sys.exit(f"{name}: exit {code}\n{(folder / 'log').read_text()[-3000:]}")
    print(
        f"{name}: {taken.seconds:.0f} s; java {taken.java_mib:,.0f} MiB, worker {taken.worker_mib:,.0f} MiB, together "
        f"{taken.mib:,.0f} MiB",
        flush=True,
    )
    workspace = Workspace(str(folder / "w"))
    names = sorted(str(manifest.parent.relative_to(folder / "w")) for manifest in (folder / "w").rglob(CURRENT))
    return {dataset: workspace.published(dataset) for dataset in names}


def _compared(even: dict[str, Manifest], skewed: dict[str, Manifest]) -> None:
    print(f"{'dataset':30} {'rows even':>12} {'skewed':>12} {'s even':>8} {'skewed':>8}")
    for name, run in even.items():
        other = skewed[name]
        rows = f"{run.counts.rows_out:>12,} {other.counts.rows_out:>12,}"
        print(f"{name:30} {rows} {run.seconds:>8.1f} {other.seconds:>8.1f}")
    print("dropped when skewed")
    for name, run in skewed.items():
        for reason, count in run.counts.dropped.items():
            print(f"  {name:28} {count:>12,}  {reason} (even: {even[name].counts.dropped.get(reason, 0):,})")


if __name__ == "__main__":
    main()
