"""Distributes chunks of rows over an actor pool; a chunk whose process dies is retried, then halved."""

import itertools
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pyarrow as pa
import ray

from pipelines.engines.ray.actor_pool import ActorPool, ray_result
from pipelines.engines.ray.chunk_file import (
    FAILED_RUN,
    chunk_name,
    read_chunk,
    read_if_intact,
    write_chunk,
)
from pipelines.engines.ray.dead_actors import DEATHS, ActorSlot, DeadActors
from pipelines.items.row_retries import rows_to_retry, with_answers, without_places
from pipelines.workspace.filesystem import Folder
from pipelines.workspace.progress_line import log_progress
from schemas.errors import DataError

CHUNKS_PER_MODEL = 2
"""Chunks that an actor with a model has at a time: one in progress, one being read."""
PROGRESS_S = 5.0
RETRIES = 2
"""How often a chunk whose actor died is retried before it is halved; the last retry runs alone, so that no other chunk can be
the cause of the death."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkWork:
    """What the chunks of a stage have in common."""

    stage: str
    """For progress lines."""
    folder: Folder
    """Of the finished chunks."""
    stamp: str
    """What their results depend on besides the chunk's rows: code, settings, model."""
    poison: Callable[[pa.Table], pa.Table]
    """The result for one row that has killed every process that took it."""
    check: Callable[[Sequence[str]], None]
    """Called with the reasons of all rows that have failed so far; raises when there are too many."""


class _Retry(NamedTuple):
    """Rows in the file of an earlier run's chunk that have no result."""

    name: str
    """Of the file."""
    key: tuple[int, ...]
    """`_Task.key` of the whole chunk."""
    places: list[int]
    """Positions of the rows in it."""

    def part(self, start: int, end: int) -> "_Retry":
        """The retry of some of the rows."""
        return self._replace(places=self.places[start:end])


class _Task(NamedTuple):
    rows: pa.Table
    key: tuple[int, ...]
    """The chunk's number, then 0 or 1 for each time that it was halved: sorts as the rows do."""
    deaths: int = 0
    retry: "_Retry | None" = None
    """Where retried rows belong; None: they are a chunk of their own."""

    def alone(self) -> bool:
        """Whether nothing else may run meanwhile, so that a death is certainly its own."""
        return self.deaths >= RETRIES or len(self.key) > 1


class _Assignment(NamedTuple):
    task: _Task
    model: int
    """Number of the actor with the model."""
    reader: int


@dataclass(slots=True)
class _State:
    todo: deque[_Task]
    dead: DeadActors
    files: dict[tuple[int, ...], str] = field(default_factory=dict)
    """File names of finished chunks, by their key."""
    reasons: list[str] = field(default_factory=list)
    busy: dict[Any, _Assignment] = field(default_factory=dict)
    free: deque[int] = field(default_factory=deque)
    """Numbers of actors with models that can take a chunk."""
    deaths: int = 0
    retry_all_failures: bool = False
    """Whether an earlier run ended because too many rows failed."""


def run_chunks(chunks: Sequence[pa.Table], actors: ActorPool, work: ChunkWork) -> Iterator[pa.Table]:
    """Run all chunks and yield their results in order; finished chunks of an earlier run are reused.

    Failed rows of an earlier run are retried if their reason may have gone away (`items.failure_reasons`), such as a store
    that did not answer; after a run that ended because too many rows failed, all failed rows are retried.

    A chunk whose processes die is retried, then halved. The row that remains is the one that kills the process; its result
    is `work.poison`.

    Raises:
        UninoteError: by `work.check`, or because a model cannot be loaded.

    Cost: the driver holds the rows of one chunk at a time, and the names of all.
    """
    tasks = deque(_Task(rows, (number,)) for number, rows in enumerate(chunks))
    state = _State(tasks, DeadActors(actors.actor, actors.replace))
    state.free.extend(number for _ in range(CHUNKS_PER_MODEL) for number in range(len(actors.models)))
    earlier = set(work.folder.parquet_files())
    state.retry_all_failures = work.folder.read(FAILED_RUN) is not None
    readers, last_line = itertools.cycle(range(len(actors.readers))), time.monotonic()
    while state.todo or state.busy:
        _assign(state, readers, actors, work, earlier)
        refs = [*state.busy, *state.dead.refs()]
        ready, _ = ray.wait(refs, timeout=PROGRESS_S) if refs else ([], [])
        for ref in ready:
            if ref not in state.busy:
                state.dead.handle_reply(ref)
                continue
            assignment = state.busy.pop(ref)
            state.free.append(assignment.model)
            _settle(state, assignment, ref, work)
        state.dead.replace_overdue(idle=not state.busy)
        if time.monotonic() - last_line > PROGRESS_S and state.busy:
            last_line = time.monotonic()
            deaths = f", {state.deaths} process deaths" if state.deaths else ""
            log_progress(f"{work.stage}: {len(state.files):,} of {len(chunks):,} chunks{deaths}")
    for key in sorted(state.files):
        yield read_chunk(work.folder, state.files[key])


def _assign(state: _State, readers: Iterator[int], actors: ActorPool, work: ChunkWork, earlier: set[str]) -> None:
    """Give chunks to free actors, in the order of the chunks. earlier: files of an earlier run that are not yet used."""
    while state.todo and state.free:
        if state.busy and (state.todo[0].alone() or any(one.task.alone() for one in state.busy.values())):
            return
        name = _file_name(state.todo[0], work)
        if name in earlier:
            earlier.remove(name)
            rows = read_if_intact(work.folder, name)
            if rows is not None:
                _reuse(state, state.todo.popleft(), name, rows, work)
                continue
        number = next((n for n in state.free if ActorSlot(False, n) not in state.dead), None)
        alive = (n for n in itertools.islice(readers, len(actors.readers)) if ActorSlot(True, n) not in state.dead)
        reader = next(alive, None)
        if number is None or reader is None:
            return
        task = state.todo.popleft()
        state.free.remove(number)
        read = actors.readers[reader].read.remote(task.rows)
        ref = actors.models[number].write.remote(task.rows, read, work.folder, name, task.retry and task.retry.places)
        state.busy[ref] = _Assignment(task, number, reader)


def _file_name(task: _Task, work: ChunkWork) -> str:
    """Name of the file that a task's rows are written to."""
    return task.retry.name if task.retry else chunk_name(task.rows, work.stamp)


def _settle(state: _State, assignment: _Assignment, ref: Any, work: ChunkWork) -> None:  # noqa: ANN401
    """Record the result of a task; if its process died, retry it, halve it, or give it up."""
    task = assignment.task
    name = _file_name(task, work)
    try:
        _record(state, task, name, ray_result(ref), work)
        return
    except DEATHS:
        state.deaths += 1
        state.dead.mark(ActorSlot(True, assignment.reader))
        state.dead.mark(ActorSlot(False, assignment.model))
    if task.deaths < RETRIES:
        state.todo.appendleft(task._replace(deaths=task.deaths + 1))
    elif len(task.rows) > 1:
        half = len(task.rows) // 2
        for side, start, end in ((1, half, len(task.rows)), (0, 0, half)):
            retry = task.retry and task.retry.part(start, end)
            state.todo.appendleft(
                _Task(task.rows.slice(start, end - start), (*task.key, side), RETRIES - (end - start == 1), retry)
            )
    else:
        poison = work.poison(task.rows)
        whole = with_answers(read_chunk(work.folder, name), task.retry.places, poison) if task.retry else poison
        write_chunk(whole, work.folder, name)
        _record(state, task, name, poison, work)


def _reuse(state: _State, task: _Task, name: str, rows: pa.Table, work: ChunkWork) -> None:
    """Use a chunk of an earlier run; its failed rows become a task of their own if they are to be retried."""
    reasons = rows.select(["reason"])
    places = rows_to_retry(reasons, state.retry_all_failures)
    if places:
        state.todo.appendleft(task._replace(rows=task.rows.take(pa.array(places)), retry=_Retry(name, task.key, places)))
    _record(state, task, name, without_places(reasons, places), work)


def _record(state: _State, task: _Task, name: str, rows: pa.Table, work: ChunkWork) -> None:
    """Record the file and the failures of a task; retried rows are in the file of their own chunk."""
    state.files[task.retry.key if task.retry else task.key] = name
    state.reasons += [reason for reason in rows.column("reason").to_pylist() if reason is not None]
    try:
        work.check(state.reasons)
    except DataError:
        work.folder.write(FAILED_RUN, b"")
        raise
