"""Runs every job on invalid and unusual notes, pictures and clicks, then the audit.

    python -m benchmarks.hostile_jobs [--scratch DIR]

None may end with a traceback or hang, and at the end in = out + dropped + refused for every dataset. Prints each job's seconds
and exit code; exits with 1 if one is not 0.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.kill_driver import EXTRA, ORDER, ROOT, SPARK
from scripts.plain_environment import plain_environment
from testkit.hostile_input import write

TIMEOUT_S = 600
LOOSE = ["--set", "filter.min_likes=1", "--set", "intake.max_refused_share=1", "--set", "co_click.max_notes_per_user=10000"]
LIMITS = {
    "annotate_images": ["--set", "chunks.max_refused_share=1"],
    "mine_hard_negatives": ["--set", "encoder.max_refused_share=1"],
    "judge_relevance": ["--set", "chunks.max_refused_share=1"],
}


def main() -> None:
    """Run the jobs and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scratch", type=Path)
    scratch = Path(tempfile.mkdtemp(dir=parser.parse_args().scratch))
    print(f"rows: {write(scratch / 'input')}", flush=True)
    inputs = ["--notes", str(scratch / "input/notes.parquet"), "--clicks", str(scratch / "input/clicks.parquet"), *LOOSE]
    failed = [
        job for job in (*ORDER, "audit_workspace") if not _ended_well(job, scratch, inputs if job == "mine_pairs" else [])
    ]
    if failed:
        sys.exit(f"failed: {failed}; kept in {scratch}")
    shutil.rmtree(scratch)


def _ended_well(job: str, scratch: Path, inputs: list[str]) -> bool:
    script = str(ROOT / "jobs" / f"{job}.py")
    start = [str(ROOT / "spark-submit.sh"), "--driver-memory", "2g", script] if job in SPARK else [sys.executable, script]
    more = [*EXTRA.get(job, []), *LIMITS.get(job, [])]
    started = time.monotonic()
    done = subprocess.run(
        [*start, "--workspace", str(scratch / "w"), *inputs, *more],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
        env=plain_environment(),
    )
    print(f"{job}: exit {done.returncode} after {time.monotonic() - started:.0f} s", flush=True)
    if done.returncode:
        print(done.stdout[-3000:], flush=True)
    return done.returncode == 0


if __name__ == "__main__":
    main()
