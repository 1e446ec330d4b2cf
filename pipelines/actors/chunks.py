"""Chunks given out to a pool of actors, tried again and halved where a process dies."""

import itertools
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pyarrow as pa
import ray

from pipelines.actors.away import DEATHS, Away, Place
from pipelines.actors.chunk_file import chunk_name, read_chunk, whole_chunk, write_chunk
from pipelines.actors.pool import Pool, got
from pipelines.workspace.files import Folder
from pipelines.workspace.say import say

UNDER_WAY = 2
"""Chunks of an actor with a model: one in work, and one that is being read."""
EVERY_SECONDS = 5.0
RETRIES = 2
"""How often a chunk whose actor died is tried again before it is halved; the last time alone, deaths may be others' fault."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What the chunks of a stage have in common."""

    stage: str
    """For the lines of progress."""
    folder: Folder
    """Where finished chunks lie."""
    stamp: str
    """What their rows follow from beside the rows of the chunk: code, settings, model."""
    lost: Callable[[pa.Table], pa.Table]
    """The result for one row that has killed every process that took it."""
    check: Callable[[Sequence[str]], None]
    """Given the reasons of all refused rows so far; raises when there are too many."""


class _Task(NamedTuple):
    rows: pa.Table
    at: tuple[int, ...]
    """The chunk's number, then 0 or 1 for each time that it was halved: sorts as the rows do."""
    deaths: int = 0

    def alone(self) -> bool:
        """Whether nothing else may be under way, so that a death is surely its own."""
        return self.deaths >= RETRIES or len(self.at) > 1


class _Given(NamedTuple):
    task: _Task
    number: int
    """Of the actor with the model."""
    reader: int


@dataclass(slots=True)
class _State:
    todo: deque[_Task]
    away: Away
    done: dict[tuple[int, ...], str] = field(default_factory=dict)
    reasons: list[str] = field(default_factory=list)
    busy: dict[Any, _Given] = field(default_factory=dict)
    free: deque[int] = field(default_factory=deque)
    """Places of actors with models that have nothing to do."""
    deaths: int = 0


def finished(chunks: Sequence[pa.Table], actors: Pool, work: Work) -> Iterator[pa.Table]:
    """The results of all chunks, in their order; those whose file is there are not worked again.

    A chunk whose processes die is tried again, then halved: what is left at last is the row that kills, and it
    gets `work.lost`.

    Raises:
        UninoteError: by `work.check`, or because a model cannot be loaded.

    Cost: the driver holds one chunk's rows at a time, and the names of all.
    """
    state = _State(deque(_Task(rows, (number,)) for number, rows in enumerate(chunks)), Away(actors.at, actors.again))
    state.free.extend(number for _ in range(UNDER_WAY) for number in range(len(actors.models)))
    there = set(work.folder.parquet_files())
    readers, told = itertools.cycle(range(len(actors.readers))), time.monotonic()
    while state.todo or state.busy:
        _give_out(state, readers, actors, work, there)
        waited = [*state.busy, *state.away.refs()]
        ready, _ = ray.wait(waited, timeout=EVERY_SECONDS) if waited else ([], [])
        for ref in ready:
            if ref not in state.busy:
                state.away.answered(ref)
                continue
            given = state.busy.pop(ref)
            state.free.append(given.number)
            _settle(state, given, ref, work)
        state.away.overdue(idle=not state.busy)
        if time.monotonic() - told > EVERY_SECONDS and state.busy:
            told = time.monotonic()
            died = f", {state.deaths} times a process died" if state.deaths else ""
            say(f"{work.stage}: {len(state.done):,} of {len(chunks):,} chunks{died}")
    for at in sorted(state.done):
        yield read_chunk(work.folder, state.done[at])


def _give_out(state: _State, readers: Iterator[int], actors: Pool, work: Work, there: set[str]) -> None:
    """Fill the free places, in the order of the chunks."""
    while state.todo and state.free:
        if state.busy and (state.todo[0].alone() or any(given.task.alone() for given in state.busy.values())):
            return
        name = chunk_name(state.todo[0].rows, work.stamp)
        rows = whole_chunk(work.folder, name) if name in there else None
        if rows is not None:
            task = state.todo.popleft()
            _take(state, task, name, rows, work)
            continue
        there.discard(name)
        number = next((n for n in state.free if Place(False, n) not in state.away), None)
        reader = next((n for n in itertools.islice(readers, len(actors.readers)) if Place(True, n) not in state.away), None)
        if number is None or reader is None:
            return
        task = state.todo.popleft()
        state.free.remove(number)
        read = actors.readers[reader].read.remote(task.rows)
        done = actors.models[number].write.remote(task.rows, read, work.folder, name)
        state.busy[done] = _Given(task, number, reader)


def _settle(state: _State, given: _Given, ref: Any, work: Work) -> None:  # noqa: ANN401
    """Take what a task has made; where its process died, give it out again, halve it, or give it up."""
    task = given.task
    name = chunk_name(task.rows, work.stamp)
    try:
        _take(state, task, name, got(ref), work)
        return
    except DEATHS:
        state.deaths += 1
        state.away.died(Place(True, given.reader))
        state.away.died(Place(False, given.number))
    if task.deaths < RETRIES:
        state.todo.appendleft(task._replace(deaths=task.deaths + 1))
    elif len(task.rows) > 1:
        half = len(task.rows) // 2
        for side, rows in ((1, task.rows.slice(half)), (0, task.rows.slice(0, half))):
            state.todo.appendleft(_Task(rows, (*task.at, side), RETRIES - (len(rows) == 1)))
    else:
        lost = work.lost(task.rows)
        write_chunk(lost, work.folder, name)
        _take(state, task, name, lost, work)


def _take(state: _State, task: _Task, name: str, rows: pa.Table, work: Work) -> None:
    state.done[task.at] = name
    state.reasons += [reason for reason in rows.column("reason").to_pylist() if reason is not None]
    work.check(state.reasons)
