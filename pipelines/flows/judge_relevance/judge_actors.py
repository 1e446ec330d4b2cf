"""The judge that the settings name: its loader, and actors that are started when there is something to ask."""

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
from pipelines.flows.judge_relevance.budget_actor import Ledger
from pipelines.judge.backends.mined_content import known
from pipelines.judge.budget import Bill
from pipelines.judge.judge_chunk import ChunkJudge, LoadChunkJudge, LoadPictures
from pipelines.judge.load_judge import LoadJudge, name_of
from pipelines.judge.preset import JudgeSpec
from pipelines.negatives.filters.image_families import families
from pipelines.workspace.arrow_stages import ArrowStages
from pipelines.workspace.code_fingerprint import code_fingerprint
from pipelines.workspace.image_root import image_root
from pipelines.workspace.manifest import fingerprint
from pipelines.workspace.progress_line import say
from schemas.datasets import ANNOTATIONS, IMAGES
from schemas.intermediate import MINED, PICTURE_PAIRS


@dataclass(slots=True)
class Bench:
    """A judge that is not loaded yet."""

    load: LoadJudge
    machines: Machines
    told: str
    """A hash of what the judge knows beside the items and their pictures: an answer follows from it too. "": nothing."""
    root: str | None = None
    """The image root, with options for its store."""
    _pool: ActorPool | None = field(default=None)
    _ledger: Ledger | None = field(default=None)

    @property
    def spec(self) -> JudgeSpec:
        """Its preset."""
        return self.load.spec

    @property
    def looks(self) -> bool:
        """Whether it looks at pictures."""
        return self.spec.backend != "overlap"

    def name(self) -> str:
        """Model and question as one string, without loading it."""
        return json.dumps(list(name_of(self.spec, self.load.gpu)))

    def worked(self, chunks: Sequence[pa.Table], work: ChunkWork, fresh: bool = True) -> Iterator[pa.Table]:
        """The results of all chunks, as `chunk_queue.run_chunks`. A server is asked about a probe pair first.

        Args:
            chunks: CHUNK.
            work: of the stage.
            fresh: there are pairs that no earlier run has asked in vain: a first chunk without any score ends the run.

        Raises:
            UninoteError: the judge cannot be loaded, or by `work.check`.
            RuntimeError: the judge that was loaded has another name.
        """
        if self.spec.backend == "vllm":
            return self._here(chunks, work, fresh)
        read = LoadPictures(self.spec.longest_side, self.looks, self.root)
        if self._pool is None:
            load = replace(self.load, budget=self._budget()) if self.spec.backend == "openai" else self.load
            self._pool = start_pool(read, LoadChunkJudge(load, fresh), self.machines)
            self._check(self._pool.model())
            if warning := self._pool.call_first("probe"):
                say(str(warning))
        return run_chunks(chunks, self._pool, work)

    def bill(self) -> Bill | None:
        """What was spent, as the servers counted it; None for a judge that costs nothing a call, or was not asked."""
        return self._ledger.bill() if self._ledger is not None else None

    def __enter__(self) -> Self:
        """The judge itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """End the actors."""
        self.end()

    def end(self) -> None:
        """End the actors."""
        for one in (self._pool, self._ledger):
            if one is not None:
                one.end()
        self._pool = self._ledger = None

    def _budget(self) -> Ledger:
        self._ledger = self._ledger or Ledger(self.spec.server)
        return self._ledger

    def _here(self, chunks: Sequence[pa.Table], work: ChunkWork, fresh: bool) -> Iterator[pa.Table]:
        """The judge in vLLM drives a Ray Data pipeline of its own: the job calls it. Not run: there was no GPU."""
        judge, reader = ChunkJudge(self.load(), fresh), LoadPictures(self.spec.longest_side, self.looks, self.root)()
        self._check(judge.model)
        reasons: list[str] = []
        for number, rows in enumerate(chunks):
            made = judge(rows, reader(rows))
            write_chunk(made, work.folder, f"{number:06}.parquet")
            reasons += [reason for reason in made.column("reason").to_pylist() if reason is not None]
            work.check(reasons)
            say(f"{work.stage}: {number + 1:,} of {len(chunks):,} chunks")
            yield made

    def _check(self, loaded: str) -> None:
        if loaded != self.name():
            raise RuntimeError(f"the judge was to be {self.name()}, and is {loaded}: its answers would be filed under another")


def bench(stages: ArrowStages, spec: JudgeSpec, machines: Machines) -> Bench:
    """The judge of a preset, with what it has to know of the workspace."""
    gpu = machines.gpus > 0
    if spec.backend == "overlap":
        return _overlap(stages, spec, machines)
    key = os.environ.get(spec.server.key_variable) if spec.backend == "openai" else None
    load = LoadJudge(spec, gpu=gpu and spec.backend == "transformers", api_key=key)
    return Bench(load, machines, "", image_root(stages.workspace))


def _overlap(stages: ArrowStages, spec: JudgeSpec, machines: Machines) -> Bench:
    """It is told what mining and annotation know. Its answers follow from that too and cost nothing: all go when it changes."""
    passages = MINED["partial_text"]
    family = families(stages.read(IMAGES), stages.read(PICTURE_PAIRS))
    told = known(family, stages.read_or_empty(ANNOTATIONS), stages.read_or_empty(passages))
    tables = stages.fingerprints(IMAGES, PICTURE_PAIRS, ANNOTATIONS, passages)
    return Bench(LoadJudge(spec, known=told), machines, fingerprint([tables, code_fingerprint(families, known)]))
