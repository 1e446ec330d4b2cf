"""The judge that the settings name: its loader, and actors that are started when there are pairs to judge."""

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Self

import pyarrow as pa

from pipelines.engines.ray.actor_pool import ActorPool, start_pool
from pipelines.engines.ray.chunk_file import write_chunk
from pipelines.engines.ray.chunk_queue import ChunkWork, run_chunks
from pipelines.engines.ray.cluster import Machines
from pipelines.flows.judge_relevance.budget_actor import SharedBudget
from pipelines.judge.backends.mined_content import mined_content
from pipelines.judge.budget import Spending
from pipelines.judge.judge_chunk import ChunkJudge, LoadChunkJudge, LoadPictureReader
from pipelines.judge.load_judge import Backend, LoadJudge, backend_of, name_of
from pipelines.judge.preset import JudgeSpec
from pipelines.media.image_families import image_families
from pipelines.workspace.arrow_stages import ArrowStages
from pipelines.workspace.code_fingerprint import code_fingerprint
from pipelines.workspace.image_root import image_root
from pipelines.workspace.manifest import fingerprint
from pipelines.workspace.progress_line import log_progress
from schemas.datasets import ANNOTATIONS, IMAGES
from schemas.intermediate import MINED, PICTURE_PAIRS


@dataclass(slots=True)
class JudgePool:
    """The actors of a judge; they are started with the first pairs."""

    load: LoadJudge
    machines: Machines
    content_hash: str
    """A hash of the mined content that the judge gets besides the items: its answers depend on it. "": none."""
    root: str | None = None
    """The image root, with options for its store."""
    _pool: ActorPool | None = field(default=None)
    _budget: SharedBudget | None = field(default=None)

    @property
    def spec(self) -> JudgeSpec:
        """The judge's preset."""
        return self.load.spec

    @property
    def backend(self) -> Backend:
        """The judge's backend."""
        return backend_of(self.spec)

    def name(self) -> str:
        """Model and question as one string, without loading the judge."""
        return json.dumps(list(name_of(self.spec, self.load.gpu)))

    def judge_chunks(self, chunks: Sequence[pa.Table], work: ChunkWork, fresh: bool = True) -> Iterator[pa.Table]:
        """ANSWERS of all chunks, as `chunk_queue.run_chunks`. A server gets a probe pair first.

        Args:
            chunks: CHUNK.
            work: of the stage.
            fresh: some pairs have not failed in an earlier run: a first chunk without any score ends the run.

        Raises:
            UninoteError: the judge cannot be loaded, or by `work.check`.
            RuntimeError: the loaded judge has another name.
        """
        if self.backend.in_driver:
            return self._judge_in_driver(chunks, work, fresh)
        reader = LoadPictureReader(self.spec.longest_side, self.backend.reads_pictures, self.root)
        if self._pool is None:
            load = replace(self.load, budget=self._start_budget()) if self.backend.is_server else self.load
            self._pool = start_pool(reader, LoadChunkJudge(load, fresh), self.machines)
            self._check(self._pool.model())
            if warning := self._pool.call_first("probe"):
                log_progress(str(warning))
        return run_chunks(chunks, self._pool, work)

    def spending(self) -> Spending | None:
        """What was spent, as the server counted it; None for a judge without a server, or without calls."""
        return self._budget.spending() if self._budget is not None else None

    def __enter__(self) -> Self:
        """The judge itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """End the actors."""
        self.end()

    def end(self) -> None:
        """End the actors."""
        for one in (self._pool, self._budget):
            if one is not None:
                one.end()
        self._pool = self._budget = None

    def _start_budget(self) -> SharedBudget:
        self._budget = self._budget or SharedBudget(self.spec.server)
        return self._budget

    def _judge_in_driver(self, chunks: Sequence[pa.Table], work: ChunkWork, fresh: bool) -> Iterator[pa.Table]:
        """A backend that starts processes of its own (vLLM in Ray Data) is called by the job. Not run: there was no GPU."""
        judge = ChunkJudge(self.load(), fresh)
        reader = LoadPictureReader(self.spec.longest_side, self.backend.reads_pictures, self.root)()
        self._check(judge.model)
        reasons: list[str] = []
        for number, rows in enumerate(chunks):
            answers = judge(rows, reader(rows))
            write_chunk(answers, work.folder, f"{number:06}.parquet")
            reasons += [reason for reason in answers.column("reason").to_pylist() if reason is not None]
            work.check(reasons)
            log_progress(f"{work.stage}: {number + 1:,} of {len(chunks):,} chunks")
            yield answers

    def _check(self, loaded: str) -> None:
        if loaded != self.name():
            raise RuntimeError(
                f"expected the judge {self.name()}, loaded {loaded}: its answers would be stored under another name"
            )


def judge_pool(stages: ArrowStages, spec: JudgeSpec, machines: Machines) -> JudgePool:
    """The judge of a preset, with the mined content of the workspace if its backend needs it."""
    backend = backend_of(spec)
    if backend.mined_content:
        return _with_mined_content(stages, spec, machines)
    key = os.environ.get(spec.server.key_variable) if backend.is_server else None
    load = LoadJudge(spec, gpu=backend.on_gpu and machines.gpus > 0, api_key=key)
    return JudgePool(load, machines, "", image_root(stages.workspace))


def _with_mined_content(stages: ArrowStages, spec: JudgeSpec, machines: Machines) -> JudgePool:
    """Its answers depend on the mined content and cost nothing, so a change of the content invalidates all of them."""
    passages = MINED["partial_text"]
    family = image_families(stages.read(IMAGES), stages.read(PICTURE_PAIRS))
    content = mined_content(family, stages.read_or_empty(ANNOTATIONS), stages.read_or_empty(passages))
    tables = stages.fingerprints(IMAGES, PICTURE_PAIRS, ANNOTATIONS, passages)
    content_hash = fingerprint([tables, code_fingerprint(image_families, mined_content)])
    return JudgePool(LoadJudge(spec, content=content), machines, content_hash)
