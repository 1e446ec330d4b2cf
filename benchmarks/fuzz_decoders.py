"""Decodes damaged pictures of every format: counts those read and rejected, and measures cost. Anything else is a fault.

    python -m benchmarks.fuzz_decoders --photos FOLDER ... --files FOLDER ...

Seeds are photos at some hundred pixels a side, written in each format with varied options, and the small files of --files as
they are. Picture N is always the same. A worker decodes; for each picture its processor time and the peak of its memory are
read, its own and that of the process it decodes in. A worker that dies is a fault, and its picture is kept in --keep. Exit
status 1 with any fault: an exception that is no refusal, a picture above the limits, a dead worker.
"""

import argparse
import multiprocessing
import os
import resource
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random
from typing import Any

from PIL import Image

from pipelines.media.decode import BadPicture, Decoding, decode
from pipelines.media.decoding import worker_process
from testkit.damaged_pictures import damaged, whole

LIMIT_MB, LIMIT_S = 300, 11.0
"""Limits per picture: memory above the worker's initial memory, or of the decoding process; CPU time."""
ENDINGS = {".jpg", ".jpeg", ".png", ".gif", ".webp", ".tif", ".tiff", ".bmp", ".avif", ".jp2", ".mpo"}
A_PART = 500
"""Pictures per report of a worker."""


@dataclass
class Report:
    """Results for some pictures."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Counts by format and outcome: "read", a reason, or a fault."""
    slowest: tuple[float, str] = (0.0, "")
    """CPU seconds and picture."""
    largest: tuple[int, str] = (0, "")
    """Kilobytes and picture."""
    faults: list[str] = field(default_factory=list)

    def add(self, other: "Report") -> None:
        """Merge another report into this one."""
        self.counts += other.counts
        self.slowest, self.largest = max(self.slowest, other.slowest), max(self.largest, other.largest)
        self.faults += other.faults


class Seeds:
    """The pictures of a run, by number."""

    def __init__(self, photos: Sequence[Path], files: Sequence[Path], seed: int, count: int) -> None:
        """Encode `count` of the photos in all formats; use files of less than 60 kB unchanged."""
        draw = Random(seed)
        chosen = draw.sample(sorted(p for folder in photos for p in folder.iterdir()), count)
        small = []
        for n, path in enumerate(chosen):
            with Image.open(path) as opened:
                small.append(opened.convert("RGB").resize(((64, 48), (40, 72), (97, 65), (130, 100))[n % 4]))
        self.whole = whole(small)
        small_files = sorted(
            p for folder in files for p in folder.rglob("*") if p.suffix.lower() in ENDINGS and p.stat().st_size < 60_000
        )
        self.whole |= {f"{p.suffix.lower()} file {n}": p.read_bytes() for n, p in enumerate(small_files)}
        self.names, self.seed = sorted(self.whole), seed

    def damaged(self, number: int) -> tuple[str, bytes]:
        """Generate picture `number`: its format and bytes."""
        draw = Random(f"{self.seed} {number}")
        name = self.names[number % len(self.names)]
        return name.rsplit(" ", 1)[0], damaged(self.whole[name], self.whole[draw.choice(self.names)], draw)


def worked(seeds: Seeds, numbers: range, current: Any, answers: Connection) -> None:  # noqa: ANN401  # multiprocessing's Value
    """Decode pictures in a worker process, and send reports."""
    sys.stderr = open(os.devnull, "w")  # noqa: SIM115  # warnings about damaged files
    base = _memory("self", "VmRSS")
    for start in range(numbers.start, numbers.stop, A_PART):
        report = Report()
        for number in range(start, min(start + A_PART, numbers.stop)):
            current.value = number
            kind, content = seeds.damaged(number)
            _measured(report, f"{number} {kind}", kind, content, base)
        answers.send(report)


def _measured(report: Report, name: str, kind: str, content: bytes, base: int) -> None:
    child = worker_process._process and worker_process._process._child.pid
    _forget_peak("self")
    before = time.process_time() + _child_seconds(child)
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    try:
        decode(content, Decoding())
        outcome = "read"
    except BadPicture as bad:
        outcome = bad.reason
        if outcome in ("decoder crashed", "too slow"):
            report.faults += [f"note: {name}: {bad}"]
    except Exception as error:
        outcome = "EXCEPTION"
        report.faults += [f"{name}: {type(error).__name__}: {error}"[:300]]
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    same = child is not None and worker_process._process is not None and worker_process._process._child.pid == child
    seconds = time.process_time() + (_child_seconds(child) if same else 0) - before + (after.ru_utime - ended.ru_utime)
    kilobytes = max(_memory("self", "VmHWM") - base, after.ru_maxrss)
    if worker_process._process is not None:
        kilobytes = max(kilobytes, _memory(str(worker_process._process._child.pid), "VmHWM"))
    report.counts[kind.split(" ")[0].lstrip("."), outcome] += 1
    report.slowest, report.largest = max(report.slowest, (seconds, name)), max(report.largest, (kilobytes, name))
    if kilobytes > LIMIT_MB << 10 or seconds > LIMIT_S:
        report.counts[kind.split(" ")[0].lstrip("."), "OVER A LIMIT"] += 1
        report.faults += [f"{name}: {seconds:.1f} s, {kilobytes >> 10} MB"]


def _memory(of: str, what: str) -> int:
    """Read a memory counter of a process, in kilobytes."""
    lines = Path(f"/proc/{of}/status").read_text().splitlines()
    return next((int(line.split()[1]) for line in lines if line.startswith(what)), 0)


def _forget_peak(of: str) -> None:
    Path(f"/proc/{of}/clear_refs").write_text("5")


def _child_seconds(pid: int | None) -> float:
    if pid is None:
        return 0.0
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def run(seeds: Seeds, count: int, keep: Path) -> Report:
    """Decode `count` pictures, restarting the worker when it dies, which is a fault."""
    whole_report, start, began = Report(), 0, time.monotonic()
    while start < count:
        current = multiprocessing.Value("q", start)
        answers, theirs = multiprocessing.Pipe(duplex=False)
        worker = multiprocessing.Process(target=worked, args=(seeds, range(start, count), current, theirs))
        worker.start()
        theirs.close()
        try:
            while True:
                report = answers.recv()
                _keep(seeds, report, keep)
                whole_report.add(report)
                done = sum(n for (_, what), n in whole_report.counts.items() if what != "OVER A LIMIT")
                print(f"{done:,} pictures, {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
        except EOFError:
            worker.join()
        if worker.exitcode == 0:
            break
        kind, content = seeds.damaged(current.value)
        whole_report.counts[kind.split(" ")[0].lstrip("."), "WORKER DIED"] += 1
        whole_report.faults += [f"{current.value} {kind}: the worker died with {worker.exitcode}"]
        (keep / f"{current.value}.bin").write_bytes(content)
        start = current.value + 1
    return whole_report


def _keep(seeds: Seeds, report: Report, keep: Path) -> None:
    for fault in report.faults:
        number = int(fault.removeprefix("note: ").split(" ")[0])
        (keep / f"{number}.bin").write_bytes(seeds.damaged(number)[1])


def table(report: Report) -> str:
    """Format the counts, one line per format."""
    outcomes = sorted({what for _, what in report.counts}, key=lambda what: (what.isupper(), what != "read", what))
    lines = ["| format | " + " | ".join(outcomes) + " |", "|---|" + "---|" * len(outcomes)]
    for kind in sorted({kind for kind, _ in report.counts}):
        lines += [f"| {kind} | " + " | ".join(f"{report.counts[kind, what]:,}" for what in outcomes) + " |"]
    sums = [sum(n for (_, w), n in report.counts.items() if w == what) for what in outcomes]
    return "\n".join([*lines, "| all | " + " | ".join(f"{n:,}" for n in sums) + " |"])


def main() -> int:
    """Run and print; returns 1 if there were faults."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--pictures", type=int, default=100_000)
    parser.add_argument("--photos", type=Path, nargs="+", required=True, help="folders of photos")
    parser.add_argument("--files", type=Path, nargs="*", default=[], help="folders of files to use unchanged")
    parser.add_argument("--count", type=int, default=12, help="photos to encode in every format")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, default=Path("/tmp/fuzz_decoders"))
    arguments = parser.parse_args()
    arguments.keep.mkdir(parents=True, exist_ok=True)
    seeds = Seeds(arguments.photos, arguments.files, arguments.seed, arguments.count)
    began = time.monotonic()
    report = run(seeds, arguments.pictures, arguments.keep)
    faults = [fault for fault in report.faults if not fault.startswith("note: ")]
    print(table(report))
    print(f"{len(seeds.names)} seeds; {time.monotonic() - began:.0f} s")
    print(f"slowest: {report.slowest[0]:.1f} s of a processor, {report.slowest[1]}")
    print(f"largest: {report.largest[0] >> 10} MB, {report.largest[1]}")
    print(f"{len(faults)} faults", *report.faults, sep="\n")
    return 1 if faults else 0


if __name__ == "__main__":
    raise SystemExit(main())
