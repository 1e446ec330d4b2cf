"""All steps against their peers, and how ours grow: results as JSON, and docs/results/benchmarks.md from them.

    .venv-bench/bin/python -m benchmarks.peers [STEP ...] [--bench BENCH] [--json FILE] [--page FILE]

Steps: images, clicks, text, negatives, components, training, growth; without one, all (forty minutes on two cores). A step that
is not run keeps what the file has of it. The file is written after each step.
"""

import argparse
import json
import sys
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

from benchmarks.peers import clicks, components, growth, images, negatives, text, training
from benchmarks.peers.bench import built
from benchmarks.peers.machine import machine, versions
from benchmarks.peers.page import page
from pipelines.engines.spark_session import ROOT

STEPS: dict[str, ModuleType] = {
    "images": images,
    "clicks": clicks,
    "text": text,
    "negatives": negatives,
    "components": components,
    "training": training,
    "growth": growth,
}
NEED_BENCH = (images, text)


def section(name: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """What the file keeps of a step."""
    module = STEPS[name]
    about = [line.strip() for line in (module.__doc__ or "").split("\n\n")[2].splitlines()]
    return {
        "title": module.TITLE,
        "about": " ".join(line for line in about if line),
        "command": f".venv-bench/bin/python -m benchmarks.peers.{name}",
        "columns": module.COLUMNS,
        "sized": module is growth or module is training,
        "machine": machine(),
        "rows": rows,
    }


def main() -> None:
    """Run the steps, and write after each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("steps", nargs="*", choices=[*STEPS, []], metavar="STEP", default=[])
    parser.add_argument("--bench", type=Path, help="made by ../shared/bench/build.py; default: made now, seed 7")
    parser.add_argument("--json", type=Path, default=ROOT / "benchmarks" / "results" / "peers.json")
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "results" / "benchmarks.md")
    arguments = parser.parse_args()
    results: dict[str, Any] = {"steps": {}}
    if arguments.json.exists():
        results = json.loads(arguments.json.read_text())
    steps = arguments.steps or list(STEPS)
    bench = built(arguments.bench) if any(STEPS[step] in NEED_BENCH for step in steps) else None
    for name in steps:
        print(f"{name}:", file=sys.stderr, flush=True)
        run = partial(STEPS[name].run, bench) if STEPS[name] in NEED_BENCH else STEPS[name].run
        results["steps"][name] = section(name, run())
        results["steps"] = {step: results["steps"][step] for step in STEPS if step in results["steps"]}
        results["versions"] = versions()
        arguments.json.parent.mkdir(parents=True, exist_ok=True)
        arguments.json.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n")
        arguments.page.write_text(page(results))


if __name__ == "__main__":
    main()
