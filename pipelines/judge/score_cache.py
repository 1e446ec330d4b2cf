"""What a judge has said before: append-only Parquet files, by content, shared by all runs and workspaces that name the folder.

    <folder>/<judge and question>/rows-<hash>.parquet           answers
    <folder>/<judge and question>/open/<workspace>/*.parquet    finished chunks of a run that is at work, or was killed

A chunk counts as soon as its file is there. A run that ends well, or begins after a kill, gathers its own chunks into one file
and then removes them; when there are many small files, they become one. A file is removed only after what it holds
stands in another, so a reader that misses one looks again.
"""

import hashlib
import io
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.items.failure_reasons import passing
from pipelines.judge.protocol import SCORES
from pipelines.workspace.filesystem import Folder, open_filesystem
from pipelines.workspace.progress_line import log_progress
from schemas.errors import DataError

KEY = ("query_id", "candidate_id", "task", "pictures")
"""With the judge and the question: what an answer follows from. An item_id says which pictures an item shows, `pictures` what
their bytes are, and what else the judge was told."""
SAID = pa.schema([*[(name, pa.string()) for name in KEY], *[SCORES.field(n) for n in ("score", "flagged", "reason", "detail")]])
"""An answer: SCORES with the whole key."""

SMALL_ROWS = 1_000_000
"""Files of fewer rows are put together."""
MOST_FILES = 16
"""Small files beyond which that is done."""
LOOKS = 5
"""How often a folder is listed again because a file of it has gone into another."""


@dataclass(frozen=True, slots=True)
class Cache:
    """The answers of one judge to one question."""

    folder: Folder
    """Of this judge and question (`cache_of`)."""
    owner: str
    """Names the workspace whose run this is."""
    model: str
    """Judge.model."""
    prompt_hash: str

    @property
    def unfinished(self) -> Folder:
        """Where this run's finished chunks lie."""
        return self.folder / "open" / self.owner

    def known(self, wanted: pa.Table) -> pa.Table:
        """SAID, one row for each of the wanted pairs that has a lasting answer.

        Args:
            wanted: the columns of KEY.

        Cost: reads all answers of the judge, a file at a time; holds those that are wanted.
        """
        for _ in range(LOOKS):
            found = self._known(keys(wanted))
            if found is not None:
                return found
        raise DataError(f"{self.folder.uri}: files of the cache go while they are read; is another job removing them?")

    def gather(self, refusals: bool = True) -> None:
        """Put this workspace's chunks into one file, and small files together.

        Args:
            refusals: keep reasons that lie with the pair; False where so many were refused that they lie elsewhere.
        """
        mine = [rows for _, rows in _files(self.unfinished, skip_damaged=True)]
        mine = mine if refusals else [rows.filter(pc.is_valid(rows.column("score"))) for rows in mine]
        if mine and len(answers := _lasting(mine)):
            self._write(answers)
        self.unfinished.delete()
        small = [(name, rows) for name, rows in _files(self.folder) if len(rows) < SMALL_ROWS]
        if len(small) > MOST_FILES:
            written = self._write(_lasting([rows for _, rows in small]))
            for name in {name for name, _ in small} - {written}:
                _remove(self.folder, name)

    def _known(self, wanted: pa.Array) -> pa.Table | None:
        """As `known`; None where a file went while they were read."""
        parts = [SAID.empty_table()]
        for place in [self.folder, *[self.folder / "open" / name for name in (self.folder / "open").folders()]]:
            for name in place.parquet_files():
                content = place.read(name)
                if content is None:
                    return None
                rows = _read(content, f"{place.uri}/{name}", skip_damaged=place != self.folder)
                parts.append(rows.filter(pc.is_in(keys(rows), value_set=wanted)))
        return _lasting(parts)

    def _write(self, rows: pa.Table) -> str:
        buffer = io.BytesIO()
        pq.write_table(rows, buffer, compression="zstd", write_page_checksum=True)
        name = f"rows-{hashlib.sha256(buffer.getvalue()).hexdigest()[:32]}.parquet"
        self.folder.write(name, buffer.getvalue())
        return name


def cache_of(folder: Folder, model: str, prompt_hash: str, workspace: str) -> Cache:
    """The cache of a judge and a question in a folder.

    Args:
        folder: shared by judges, runs and workspaces.
        model: Judge.model.
        prompt_hash: Judge.prompt_hash.
        workspace: the URI of the workspace that is judged.
    """
    judge = hashlib.sha256(f"{len(model)}:{model}{prompt_hash}".encode()).hexdigest()[:32]
    return Cache(folder / judge, hashlib.sha256(workspace.encode()).hexdigest()[:16], model, prompt_hash)


def keys(rows: pa.Table) -> pa.Array:
    """[n] the columns of KEY as one string."""
    joined = pc.binary_join_element_wise(*[rows.column(name) for name in KEY], "\n")
    return joined.combine_chunks() if isinstance(joined, pa.ChunkedArray) else joined


def lasting(rows: pa.Table) -> pa.ChunkedArray:
    """[n] whether each answer is one: a score, or a reason that lies with the pair and not with the hour."""
    return pc.invert(passing(rows.column("reason")))


def _lasting(parts: list[pa.Table]) -> pa.Table:
    """The lasting answers, one of each key, sorted by it: of several a score before a reason, then the lower."""
    rows = pa.concat_tables([part.filter(lasting(part)) for part in parts])
    order = [*KEY, "reason", "score"]
    rows = rows.take(pc.sort_indices(rows, [(name, "ascending", "at_start") for name in order]))
    names = keys(rows)
    first = pc.equal(pc.index_in(names, value_set=names), pa.array(range(len(names)), pa.int32()))
    return rows.filter(first).combine_chunks()


def _files(folder: Folder, *, skip_damaged: bool = False) -> list[tuple[str, pa.Table]]:
    read = ((name, folder.read(name)) for name in folder.parquet_files())
    found = ((name, content) for name, content in read if content is not None)
    return [(name, _read(content, f"{folder.uri}/{name}", skip_damaged=skip_damaged)) for name, content in found]


def _read(content: bytes, where: str, *, skip_damaged: bool = False) -> pa.Table:
    """The answers of a file; none of a damaged chunk of a run (`skip_damaged`): its pairs are asked again."""
    try:
        return pq.read_table(io.BytesIO(content), page_checksum_verification=True).select(SAID.names).cast(SAID)
    except (OSError, pa.ArrowException, KeyError) as error:
        if skip_damaged:
            log_progress(f"{where}: damaged ({error}); its pairs are asked again")
            return SAID.empty_table()
        raise DataError(f"{where}: not a file of the judge's cache ({error}); move it away") from None


def _remove(folder: Folder, name: str) -> None:
    system, path = open_filesystem(f"{folder.uri}/{name}")
    try:
        system.delete_file(path)
    except FileNotFoundError:
        return
