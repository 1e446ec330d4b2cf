"""What a block of work takes: seconds, core seconds and resident memory of this process and all below it."""

import os
import time
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread

PAGE_MIB = os.sysconf("SC_PAGE_SIZE") / (1 << 20)


class Watch:
    """What this process and all below it take while the block runs, looked at ten times a second and at its ends.

    Memory is the sum of resident sets: shared pages are counted more than once.
    """

    mib = 0.0
    """Resident at most."""
    java_mib = 0.0
    """Resident at most in the largest Java: of a local Spark, driver and executor in one."""
    worker_mib = 0.0
    """Resident at most in the largest other process below this one: of Spark, a Python worker."""
    core_s = 0.0
    """Core seconds of all of them."""
    seconds = 0.0
    """On the clock."""

    def __enter__(self) -> "Watch":
        self._before = core_seconds(os.getpid())
        self._used: dict[int, float] = {}
        self._done = Event()
        self._thread = Thread(target=self._watch, daemon=True)
        self._look()
        self._used_before = sum(self._used.values())
        self._thread.start()
        self._begun = time.monotonic()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds = time.monotonic() - self._begun
        self._done.set()
        self._thread.join()
        self._look()
        # What ended unseen was waited for, or what nobody waited for (Ray's processes, Spark's workers) was seen.
        waited_for = core_seconds(os.getpid()) - self._before
        self.core_s = max(waited_for, sum(self._used.values()) - self._used_before)

    def _watch(self) -> None:
        while not self._done.wait(0.1):
            self._look()

    def _look(self) -> None:
        pids = tree(os.getpid())
        held = [(_name(pid), _resident_mib(pid)) for pid in pids]
        self._used.update({pid: used for pid in pids if (used := _own_seconds(pid))})
        self.mib = max(self.mib, sum(size for _, size in held))
        self.java_mib = max([self.java_mib, *(size for name, size in held if name == "java")])
        self.worker_mib = max([self.worker_mib, *(size for name, size in held[1:] if name != "java")])


def tree(pid: int) -> list[int]:
    """A process and its descendants."""
    found = [pid]
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            found += [below for child in children.read_text().split() for below in tree(int(child))]
    return found


def core_seconds(pid: int) -> float:
    """What a process and its descendants have used, those that have ended and were waited for among them."""
    return sum(sum(_times(one)) for one in tree(pid))


def _own_seconds(pid: int) -> float:
    return sum(_times(pid)[:2])


def _times(pid: int) -> list[float]:
    """Seconds in user and system mode, then those of the children that were waited for; none where it has ended."""
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
