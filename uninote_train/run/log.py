"""A run's log: one JSON line per step, TensorBoard curves, and progress lines on the terminal."""

import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from torch.utils.tensorboard import SummaryWriter

LINES, CURVES = "log.jsonl", "tensorboard"
TERMINAL_METRICS = ("loss", "rows_per_s", "wait_share")


class RunLog:
    """The open log of a run; only the first process writes."""

    def __init__(self, out: Path, step: int, steps: int, every_s: float, silent: bool) -> None:
        """Open the files and remove entries of steps after `step`, which an interrupted run may have written.

        Args:
            out: the run's folder.
            step: number of finished steps.
            steps: of the whole run.
            every_s: seconds between lines on the terminal.
            silent: write nothing.
        """
        self.steps, self.every_s, self.silent = steps, every_s, silent
        self._last_line = -float("inf")
        self._first: tuple[int, float] | None = None
        if silent:
            return
        out.mkdir(parents=True, exist_ok=True)
        lines = _until(out / LINES, step)
        (out / LINES).write_text("".join(lines), encoding="utf8")
        self._lines = (out / LINES).open("a", encoding="utf8", buffering=1)
        self._curves = SummaryWriter(str(out / CURVES), purge_step=step + 1, flush_secs=30)

    def __enter__(self) -> "RunLog":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if not self.silent:
            self._lines.close()
            self._curves.close()

    def step(self, step: int, numbers: Mapping[str, float]) -> None:
        """Write the numbers of a step, counted from 1."""
        if self.silent:
            return
        self._lines.write(json.dumps({"step": step, **numbers}) + "\n")
        for name, value in numbers.items():
            self._curves.add_scalar(name, value, step)
        now = time.monotonic()
        self._first = self._first or (step - 1, now - numbers.get("seconds", 0.0))
        if now - self._last_line >= self.every_s or step == self.steps:
            self._last_line = now
            metrics = [f"{n} {numbers[n]:.4g}" for n in TERMINAL_METRICS if n in numbers]
            self.message(f"step {step} of {self.steps}: {', '.join(metrics)}{self._time_left(step, now)}")

    def curve(self, name: str, value: float, step: int) -> None:
        """Add a point to a TensorBoard curve."""
        if not self.silent:
            self._curves.add_scalar(name, value, step)

    def _time_left(self, step: int, now: float) -> str:
        """At the mean pace of this run, evaluations included."""
        if self._first is None or step >= self.steps:
            return ""
        first, start = self._first
        return f"; about {duration((now - start) / (step - first) * (self.steps - step))} left"

    def message(self, line: str) -> None:
        """Print a line on the terminal, unbuffered."""
        if not self.silent:
            sys.stderr.write(f"{time.strftime('%H:%M:%S')} {line}\n")
            sys.stderr.flush()


def duration(seconds: float) -> str:
    """`40 s`, `12 min` or `3.2 h`."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 100 * 60 else f"{seconds / 3600:.1f} h"


def _until(file: Path, step: int) -> list[str]:
    """The lines of steps up to `step`; a line cut off by a kill is left out."""
    if not file.exists():
        return []
    lines = []
    for line in file.read_text(encoding="utf8").splitlines(keepends=True):
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if entry["step"] <= step:
            lines.append(line)
    return lines
