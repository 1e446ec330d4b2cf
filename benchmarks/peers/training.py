"""Training: the trainer's cached contrastive step against sentence-transformers' on the same model and the same rows.

    .venv-bench/bin/python -m benchmarks.peers.training [--steps 8]

benchmarks/train_speed.py does the work: a Qwen3-VL of 215,000 random parameters with adapters, batches of 16 rows, GradCache in
pieces of 16 against CachedMultipleNegativesRankingLoss in mini-batches of 16, in turns, in one process.
"""

import argparse
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.peers.measure import CORES, Row, measured
from benchmarks.peers.show import table
from benchmarks.watch import Watch

TITLE = "Training"
COLUMNS = ("samples_a_second", "items_a_step")


def both(steps: int, taken: Watch) -> dict[str, float]:
    """All of train_speed's numbers."""
    import torch

    from benchmarks.train_speed import measured as train_speed

    torch.set_num_threads(CORES)
    arguments = argparse.Namespace(shards=None, model="tiny", batch=16, piece=16, steps=steps, workers=2)
    with tempfile.TemporaryDirectory(prefix="peers-training-") as scratch_folder, taken:
        return train_speed(arguments, Path(scratch_folder))


def rows_from(found: dict[str, float]) -> list[Row]:
    """The two contenders, and our whole loop with its loader, log and optimizer."""
    lines: list[tuple[str, str, str, str | None]] = [
        ("ours", "InfoNCE, gradients cached, an item of several rows once", "uninote_cached_rows_per_s", "items_embedded_once"),
        (
            "sentence-transformers",
            "CachedMultipleNegativesRankingLoss",
            "sentence_transformers_cached_rows_per_s",
            "items_as_offered",
        ),
        ("ours", "the whole loop: loader, loss of the defaults, optimizer, log; nothing cached", "run_rows_per_s", None),
    ]
    return [_line(found, *line) for line in lines]


def _line(found: dict[str, float], who: str, how: str, rate: str, items: str | None) -> Row:
    numbers: dict[str, Any] = {"samples_a_second": round(found[rate], 1)}
    return {"who": who, "how": how, **numbers, "items_a_step": round(found[items]) if items else None, "fault": None}


def run(steps: int = 8) -> list[Row]:
    """Both contenders' rows."""
    out = measured(both, steps, limit_s=600)
    return [{"who": "both", "how": "train_speed", "fault": out.fault}] if out.fault else rows_from(out.answer)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=8)
    print(f"{TITLE} on {CORES} cores\n\n{table(run(parser.parse_args().steps), COLUMNS)}")
