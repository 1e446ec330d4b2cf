"""Measures a block of work: seconds, core seconds and resident memory of this process and its descendants."""

import os
import time
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread

PAGE_MIB = os.sysconf("SC_PAGE_SIZE") / (1 << 20)


class Watch:
    """Samples this process and its descendants ten times a second while the block runs, and at its start and end.

    Memory is the sum of resident sets: shared pages are counted more than once.
    """

    mib = 0.0
    """Peak resident memory."""
    java_mib = 0.0
    """Peak of the largest Java process: of a local Spark, driver and executor in one."""
    worker_mib = 0.0
    """Peak of the largest other descendant: of Spark, a Python worker."""
    core_s = 0.0
    """Core seconds of all of them."""
    seconds = 0.0
    """Wall-clock seconds."""

    def __enter__(self) -> "Watch":
        self._before = core_seconds(os.getpid())
        self._used: dict[int, float] = {}
        self._done = Event()
        self._thread = Thread(target=self._watch, daemon=True)
        self._sample()
        self._used_before = sum(self._used.values())
        self._thread.start()
        self._begun = time.monotonic()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds = time.monotonic() - self._begun
        self._done.set()
        self._thread.join()
        self._sample()
        # Processes that ended between samples were waited for; others (Ray's, Spark's workers) were sampled.
        waited_for = core_seconds(os.getpid()) - self._before
        self.core_s = max(waited_for, sum(self._used.values()) - self._used_before)

    def _watch(self) -> None:
        while not self._done.wait(0.1):
            self._sample()

    def _sample(self) -> None:
        pids = tree(os.getpid())
        resident = [(_name(pid), _resident_mib(pid)) for pid in pids]
        self._used.update({pid: used for pid in pids if (used := _own_seconds(pid))})
        self.mib = max(self.mib, sum(size for _, size in resident))
        self.java_mib = max([self.java_mib, *(size for name, size in resident if name == "java")])
        self.worker_mib = max([self.worker_mib, *(size for name, size in resident[1:] if name != "java")])


def tree(pid: int) -> list[int]:
    """List a process and its descendants."""
    found = [pid]
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            found += [below for child in children.read_text().split() for below in tree(int(child))]
    return found


def core_seconds(pid: int) -> float:
    """Sum the CPU seconds of a process and its descendants, including those that ended and were waited for."""
    return sum(sum(_times(one)) for one in tree(pid))


def _own_seconds(pid: int) -> float:
    return sum(_times(pid)[:2])


def _times(pid: int) -> list[float]:
    """Read seconds in user and system mode, then those of waited-for children; empty if the process has ended."""
    with suppress(OSError):
        ticks = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:15]
        return [int(tick) / os.sysconf("SC_CLK_TCK") for tick in ticks]
    return []


def _name(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text().strip()
    return ""  # it has ended


def _resident_mib(pid: int) -> float:
    with suppress(OSError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_MIB
    return 0.0
