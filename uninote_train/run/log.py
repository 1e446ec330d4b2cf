"""What a run leaves to read: a line of JSON a step, TensorBoard's curves, and now and then a line on the terminal."""

import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from torch.utils.tensorboard import SummaryWriter

LINES, CURVES = "log.jsonl", "tensorboard"
NAMED_FIRST = ("loss", "rows_per_s", "wait_share")


class Log:
    """Open for a run; in all processes but the first it writes nothing."""

    def __init__(self, out: Path, step: int, steps: int, every_s: float, silent: bool) -> None:
        """Open the files; what an earlier run wrote of steps after `step` is taken out.

        Args:
            out: the run's folder.
            step: steps that are done.
            steps: of the whole run.
            every_s: seconds between lines on the terminal.
            silent: write nothing.
        """
        self.steps, self.every_s, self.silent = steps, every_s, silent
        self._spoken = -float("inf")
        if silent:
            return
        out.mkdir(parents=True, exist_ok=True)
        kept = _until(out / LINES, step)
        (out / LINES).write_text("".join(kept), encoding="utf8")
        self._lines = (out / LINES).open("a", encoding="utf8", buffering=1)
        self._curves = SummaryWriter(str(out / CURVES), purge_step=step + 1, flush_secs=30)

    def __enter__(self) -> "Log":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if not self.silent:
            self._lines.close()
            self._curves.close()

    def step(self, step: int, numbers: Mapping[str, float]) -> None:
        """Write a step's numbers, counted from 1."""
        if self.silent:
            return
        self._lines.write(json.dumps({"step": step, **numbers}) + "\n")
        for name, value in numbers.items():
            self._curves.add_scalar(name, value, step)
        now = time.monotonic()
        if now - self._spoken >= self.every_s or step == self.steps:
            self._spoken = now
            shown = [f"{n} {numbers[n]:.4g}" for n in NAMED_FIRST if n in numbers]
            self.say(f"step {step} of {self.steps}: {', '.join(shown)}")

    def say(self, line: str) -> None:
        """A line on the terminal, at once."""
        if not self.silent:
            sys.stderr.write(f"{time.strftime('%H:%M:%S')} {line}\n")
            sys.stderr.flush()


def _until(file: Path, step: int) -> list[str]:
    """The lines of steps up to `step`; a line that a kill has cut is none."""
    if not file.exists():
        return []
    kept = []
    for line in file.read_text(encoding="utf8").splitlines(keepends=True):
        try:
            told = json.loads(line)
        except ValueError:
            continue
        if told["step"] <= step:
            kept.append(line)
    return kept
