"""One contender's work in a process of its own: its answer, seconds, core seconds and peak memory, or why there is none."""

import multiprocessing
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterable
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

from benchmarks.watch import Watch, tree

LIMIT_S = 240
"""Seconds that a contender may take, its start included."""
CORES = len(os.sched_getaffinity(0))

Row = dict[str, Any]
"""A line of a step's table: `who`, `how` (its setting), the step's own numbers, `seconds`, `core_s`, `peak_mib`, `fault`."""


Contender = tuple[str, str, Callable[..., Any], tuple[Any, ...]]
"""Who, how, the work, and what the work is given of its own."""


class Outcome(NamedTuple):
    """What came of a contender's work."""

    answer: Any
    """None where there is a fault."""
    taken: dict[str, float]
    """seconds, core_s, peak_mib."""
    fault: str | None
    """Why it has no answer."""


def measured(work: Callable[..., Any], *args: Any, limit_s: int = LIMIT_S) -> Outcome:  # noqa: ANN401
    """Run `work(*args, taken=Watch())` in a new process; what stands in its `with taken:` is what is measured.

    So imports, a JVM's start and worker processes' start are left out of all contenders' numbers alike.
    """
    context = multiprocessing.get_context("spawn")
    receiving, sending = context.Pipe(duplex=False)
    child = context.Process(target=_child, args=(sending, work, args))
    child.start()
    sending.close()
    try:
        out = receiving.recv() if receiving.poll(limit_s) else Outcome(None, {}, f"ended after {limit_s} s without an answer")
    except EOFError:
        child.join()
        out = Outcome(None, {}, f"its process ended with {child.exitcode}")
    _end(child.pid)
    child.join()
    return out


def _child(sending: Connection, work: Callable[..., Any], args: tuple[Any, ...]) -> None:
    sys.stdout = sys.stderr  # the table alone goes to stdout
    taken = Watch()
    try:
        answer = work(*args, taken=taken)
        numbers = {
            "seconds": round(taken.seconds, 2),
            "core_s": round(taken.core_s, 1),
            "peak_mib": round(taken.mib),
        }
        sending.send(Outcome(answer, numbers, None))
    except Exception as error:  # a peer may fail in any way; that is its row
        traceback.print_exc()
        lines = str(error).strip().splitlines() or [""]
        sending.send(Outcome(None, {}, f"{type(error).__name__}: {lines[0][:160]}"))


def _end(pid: int | None) -> None:
    """End a process and what it has started: a JVM outlives a Python that was stopped."""
    for one in reversed(tree(pid)) if pid else []:
        with suppress(ProcessLookupError):
            os.kill(one, signal.SIGKILL)


def rows_of(
    contenders: Iterable[Contender],
    *given: Any,  # noqa: ANN401
    numbers: Callable[[Any], dict[str, Any]],
    limit_s: int = LIMIT_S,
) -> list[Row]:
    """A line of the table for each: what `numbers` says of the answer, and what it took.

    Args:
        contenders: in the table's order; they run one after the other.
        given: what each is given first.
        numbers: the step's columns of an answer.
        limit_s: seconds of each.
    """
    return [line(who, how, measured(work, *given, *own, limit_s=limit_s), numbers) for who, how, work, own in contenders]


def line(who: str, how: str, out: Outcome, numbers: Callable[[Any], dict[str, Any]]) -> Row:
    """One contender's, and the same to stderr: a long run tells how far it is."""
    found = {} if out.fault else numbers(out.answer)
    row = {"who": who, "how": how, **found, **out.taken, "fault": out.fault}
    print(f"  {row}", file=sys.stderr, flush=True)
    return row
