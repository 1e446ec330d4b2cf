"""Chunks given out to a pool of actors, tried again and halved where a process dies."""

import itertools
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pyarrow as pa
import ray

from pipelines.engines.ray.actor_pool import Pool, got
from pipelines.engines.ray.chunk_file import (
    REFUSED,
    chunk_name,
    read_chunk,
    whole_chunk,
    write_chunk,
)
from pipelines.engines.ray.dead_actors import DEATHS, Away, Place
from pipelines.items.row_retries import rows_to_retry, with_answers, without_places
from pipelines.workspace.filesystem import Folder
from pipelines.workspace.progress_line import log_progress
from schemas.errors import DataError

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


class _Again(NamedTuple):
    """Rows without an answer in the file of an earlier run's chunk."""

    name: str
    """Of the file."""
    at: tuple[int, ...]
    """`_Task.at` of the whole chunk."""
    places: list[int]
    """Of the rows in it."""

    def part(self, start: int, end: int) -> "_Again":
        """Of some of the rows."""
        return self._replace(places=self.places[start:end])


class _Task(NamedTuple):
    rows: pa.Table
    at: tuple[int, ...]
    """The chunk's number, then 0 or 1 for each time that it was halved: sorts as the rows do."""
    deaths: int = 0
    again: "_Again | None" = None
    """Where the rows stand that are asked again; None: they are a chunk of their own."""

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
    none_refused: bool = False
    """An earlier run has ended over its refusals."""


def finished(chunks: Sequence[pa.Table], actors: Pool, work: Work) -> Iterator[pa.Table]:
    """The results of all chunks, in their order; those whose file is there are not worked again, but for their failed rows.

    Rows of an earlier run are asked again where their reason lies with the hour (`items.failure_reasons`); after a run that
    has ended over its refusals, all that were refused.

    A chunk whose processes die is tried again, then halved: what is left at last is the row that kills, and it
    gets `work.lost`.

    Raises:
        UninoteError: by `work.check`, or because a model cannot be loaded.

    Cost: the driver holds one chunk's rows at a time, and the names of all.
    """
    state = _State(deque(_Task(rows, (number,)) for number, rows in enumerate(chunks)), Away(actors.at, actors.again))
    state.free.extend(number for _ in range(UNDER_WAY) for number in range(len(actors.models)))
    there = set(work.folder.parquet_files())
    state.none_refused = work.folder.read(REFUSED) is not None
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
            log_progress(f"{work.stage}: {len(state.done):,} of {len(chunks):,} chunks{died}")
    for at in sorted(state.done):
        yield read_chunk(work.folder, state.done[at])


def _give_out(state: _State, readers: Iterator[int], actors: Pool, work: Work, there: set[str]) -> None:
    """Fill the free places, in the order of the chunks."""
    while state.todo and state.free:
        if state.busy and (state.todo[0].alone() or any(given.task.alone() for given in state.busy.values())):
            return
        name = _name(state.todo[0], work)
        if name in there:
            there.remove(name)
            rows = whole_chunk(work.folder, name)
            if rows is not None:
                _take_earlier(state, state.todo.popleft(), name, rows, work)
                continue
        number = next((n for n in state.free if Place(False, n) not in state.away), None)
        reader = next((n for n in itertools.islice(readers, len(actors.readers)) if Place(True, n) not in state.away), None)
        if number is None or reader is None:
            return
        task = state.todo.popleft()
        state.free.remove(number)
        read = actors.readers[reader].read.remote(task.rows)
        done = actors.models[number].write.remote(task.rows, read, work.folder, name, task.again and task.again.places)
        state.busy[done] = _Given(task, number, reader)


def _name(task: _Task, work: Work) -> str:
    """Of the file that a task's rows are written to."""
    return task.again.name if task.again else chunk_name(task.rows, work.stamp)


def _settle(state: _State, given: _Given, ref: Any, work: Work) -> None:  # noqa: ANN401
    """Take what a task has made; where its process died, give it out again, halve it, or give it up."""
    task = given.task
    name = _name(task, work)
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
        for side, start, end in ((1, half, len(task.rows)), (0, 0, half)):
            again = task.again and task.again.part(start, end)
            state.todo.appendleft(
                _Task(task.rows.slice(start, end - start), (*task.at, side), RETRIES - (end - start == 1), again)
            )
    else:
        lost = work.lost(task.rows)
        whole = with_answers(read_chunk(work.folder, name), task.again.places, lost) if task.again else lost
        write_chunk(whole, work.folder, name)
        _take(state, task, name, lost, work)


def _take_earlier(state: _State, task: _Task, name: str, rows: pa.Table, work: Work) -> None:
    """Take a chunk of an earlier run; its rows without an answer become a task of their own."""
    reasons = rows.select(["reason"])
    places = rows_to_retry(reasons, state.none_refused)
    if places:
        state.todo.appendleft(task._replace(rows=task.rows.take(pa.array(places)), again=_Again(name, task.at, places)))
    _take(state, task, name, without_places(reasons, places), work)


def _take(state: _State, task: _Task, name: str, rows: pa.Table, work: Work) -> None:
    """Note what has become of a task's rows; those that were asked again stand in their chunk's file."""
    state.done[task.again.at if task.again else task.at] = name
    state.reasons += [reason for reason in rows.column("reason").to_pylist() if reason is not None]
    try:
        work.check(state.reasons)
    except DataError:
        work.folder.write(REFUSED, b"")
        raise
