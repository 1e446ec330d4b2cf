"""Cache of judge answers: append-only Parquet files, named by content, shared by all runs and workspaces of one folder.

    <folder>/<judge and question>/rows-<hash>.parquet           answers
    <folder>/<judge and question>/open/<workspace>/*.parquet    finished chunks of a run in progress, or of one that was killed

A chunk counts as soon as its file exists. A run that ends normally, or starts after a kill, merges its own chunks into one file
and then deletes them; many small files are merged into one. A file is deleted only after its rows are in another file, so a
reader that misses one lists the folder again.
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
"""With the judge and the question, the key of an answer. An item_id names the pictures of an item; `pictures` is a hash of
their bytes and of the mined content that the judge got."""
ANSWERS = pa.schema(
    [*[(name, pa.string()) for name in KEY], *[SCORES.field(n) for n in ("score", "flagged", "reason", "detail")]]
)
"""Answers of a judge: SCORES with the whole key."""

SMALL_ROWS = 1_000_000
"""Files with fewer rows are merged."""
MAX_SMALL_FILES = 16
"""Number of small files above which they are merged."""
MAX_LISTINGS = 5
"""How often a folder is listed again because a file of it was merged into another."""


@dataclass(frozen=True, slots=True)
class ScoreCache:
    """The answers of one judge to one question."""

    folder: Folder
    """The folder of this judge and question (`cache_of`)."""
    owner: str
    """A hash of the URI of the workspace being judged."""
    model: str
    """Judge.model."""
    prompt_hash: str

    @property
    def unfinished(self) -> Folder:
        """The folder of this run's finished chunks."""
        return self.folder / "open" / self.owner

    def lookup(self, pairs: pa.Table) -> pa.Table:
        """ANSWERS, one row per pair that has a permanent answer.

        Args:
            pairs: the columns of KEY.

        Cost: reads all answers of the judge, a file at a time; keeps those of the pairs in memory.
        """
        for _ in range(MAX_LISTINGS):
            answers = self._lookup(keys(pairs))
            if answers is not None:
                return answers
        raise DataError(f"{self.folder.uri}: files of the cache disappear while they are read; is another job deleting them?")

    def merge(self, refusals: bool = True) -> None:
        """Merge this workspace's chunks into one file, and small files into one.

        Args:
            refusals: keep permanent reasons; False after so many refusals that the pairs are not the cause.
        """
        own = [rows for _, rows in _files(self.unfinished, skip_damaged=True)]
        own = own if refusals else [rows.filter(pc.is_valid(rows.column("score"))) for rows in own]
        if own and len(answers := _permanent(own)):
            self._write(answers)
        self.unfinished.delete()
        small = [(name, rows) for name, rows in _files(self.folder) if len(rows) < SMALL_ROWS]
        if len(small) > MAX_SMALL_FILES:
            written = self._write(_permanent([rows for _, rows in small]))
            for name in {name for name, _ in small} - {written}:
                _remove(self.folder, name)

    def _lookup(self, wanted_keys: pa.Array) -> pa.Table | None:
        """As `lookup`; None if a file disappeared meanwhile."""
        parts = [ANSWERS.empty_table()]
        for place in [self.folder, *[self.folder / "open" / name for name in (self.folder / "open").folders()]]:
            for name in place.parquet_files():
                content = place.read(name)
                if content is None:
                    return None
                rows = _read(content, f"{place.uri}/{name}", skip_damaged=place != self.folder)
                parts.append(rows.filter(pc.is_in(keys(rows), value_set=wanted_keys)))
        return _permanent(parts)

    def _write(self, rows: pa.Table) -> str:
        buffer = io.BytesIO()
        pq.write_table(rows, buffer, compression="zstd", write_page_checksum=True)
        name = f"rows-{hashlib.sha256(buffer.getvalue()).hexdigest()[:32]}.parquet"
        self.folder.write(name, buffer.getvalue())
        return name


def cache_of(folder: Folder, model: str, prompt_hash: str, workspace: str) -> ScoreCache:
    """The cache of a judge and a question in a folder.

    Args:
        folder: may be shared by judges, runs and workspaces.
        model: Judge.model.
        prompt_hash: Judge.prompt_hash.
        workspace: the URI of the workspace being judged.
    """
    judge = hashlib.sha256(f"{len(model)}:{model}{prompt_hash}".encode()).hexdigest()[:32]
    return ScoreCache(folder / judge, hashlib.sha256(workspace.encode()).hexdigest()[:16], model, prompt_hash)


def keys(rows: pa.Table) -> pa.Array:
    """[n] the columns of KEY as one string."""
    joined = pc.binary_join_element_wise(*[rows.column(name) for name in KEY], "\n")
    return joined.combine_chunks() if isinstance(joined, pa.ChunkedArray) else joined


def permanent(rows: pa.Table) -> pa.ChunkedArray:
    """[n] whether each answer is permanent: a score, or a reason that another attempt would not change."""
    return pc.invert(passing(rows.column("reason")))


def _permanent(parts: list[pa.Table]) -> pa.Table:
    """The permanent answers, one per key, sorted by it; of several a score before a reason, then the lowest score."""
    rows = pa.concat_tables([part.filter(permanent(part)) for part in parts])
    order = [*KEY, "reason", "score"]
    rows = rows.take(pc.sort_indices(rows, [(name, "ascending", "at_start") for name in order]))
    names = keys(rows)
    first = pc.equal(pc.index_in(names, value_set=names), pa.array(range(len(names)), pa.int32()))
    return rows.filter(first).combine_chunks()


def _files(folder: Folder, *, skip_damaged: bool = False) -> list[tuple[str, pa.Table]]:
    contents = ((name, folder.read(name)) for name in folder.parquet_files())
    return [
        (name, _read(content, f"{folder.uri}/{name}", skip_damaged=skip_damaged))
        for name, content in contents
        if content is not None
    ]


def _read(content: bytes, where: str, *, skip_damaged: bool = False) -> pa.Table:
    """The answers of a file; none if it is a damaged chunk of a run (`skip_damaged`): its pairs are judged again."""
    try:
        return pq.read_table(io.BytesIO(content), page_checksum_verification=True).select(ANSWERS.names).cast(ANSWERS)
    except (OSError, pa.ArrowException, KeyError) as error:
        if skip_damaged:
            log_progress(f"{where}: damaged ({error}); its pairs are judged again")
            return ANSWERS.empty_table()
        raise DataError(f"{where}: not a file of the judge cache ({error}); move or delete it") from None


def _remove(folder: Folder, name: str) -> None:
    system, path = open_filesystem(f"{folder.uri}/{name}")
    try:
        system.delete_file(path)
    except FileNotFoundError:
        return
