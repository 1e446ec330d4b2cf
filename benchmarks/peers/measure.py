"""Measures a contender in a separate process: answer, seconds, core seconds and peak memory, or the reason for a failure."""

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
"""Name, variant, function, and the function's own arguments."""


class Outcome(NamedTuple):
    """Result of a contender."""

    answer: Any
    """None if it failed."""
    taken: dict[str, float]
    """seconds, core_s, peak_mib."""
    fault: str | None
    """Reason for the failure."""


def measured(work: Callable[..., Any], *args: Any, limit_s: int = LIMIT_S) -> Outcome:  # noqa: ANN401
    """Run `work(*args, taken=Watch())` in a new process, and measure its block `with taken:`.

    This excludes imports and the startup of a JVM and of worker processes for all contenders.
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
    """Kill a process and its descendants: a JVM outlives its Python process."""
    for one in reversed(tree(pid)) if pid else []:
        with suppress(ProcessLookupError):
            os.kill(one, signal.SIGKILL)


def rows_of(
    contenders: Iterable[Contender],
    *shared: Any,  # noqa: ANN401
    numbers: Callable[[Any], dict[str, Any]],
    limit_s: int = LIMIT_S,
) -> list[Row]:
    """Run all contenders and return a row for each: `numbers` of the answer, and its cost.

    Args:
        contenders: in the table's order; they run one after the other.
        shared: first arguments of every contender.
        numbers: computes the step's columns from an answer.
        limit_s: time limit of each, seconds.
    """
    return [line(who, how, measured(work, *shared, *own, limit_s=limit_s), numbers) for who, how, work, own in contenders]


def line(who: str, how: str, out: Outcome, numbers: Callable[[Any], dict[str, Any]]) -> Row:
    """Build one contender's row, and print it to stderr as progress."""
    columns = {} if out.fault else numbers(out.answer)
    row = {"who": who, "how": how, **columns, **out.taken, "fault": out.fault}
    print(f"  {row}", file=sys.stderr, flush=True)
    return row
