"""Step: encodes items -> EMBEDDINGS. Vectors of an earlier run with the same encoder and code are kept, the rest is encoded."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.encode.encode_chunk import LoadChunkEncoder, embedding_rows
from pipelines.encode.item_content import BadContent
from pipelines.encode.load_encoder import backend_code
from pipelines.encode.preset import EncoderSpec
from pipelines.encode.settings import EmbedSettings
from pipelines.engines.ray.chunk_queue import ChunkWork
from pipelines.engines.ray.failure_limit import FailureLimit
from pipelines.items.failure_reasons import Reason, passing
from pipelines.negatives.search.note_elements import chunks
from pipelines.workspace.arrow_io import read_file
from pipelines.workspace.arrow_stages import ArrowOutput
from pipelines.workspace.code_fingerprint import code_fingerprint
from pipelines.workspace.filesystem import Folder
from pipelines.workspace.manifest import Manifest, fingerprint
from pipelines.workspace.run_folder import HISTORY
from schemas.datasets import EMBEDDINGS
from schemas.settings import as_tree

UNFINISHED = f"{HISTORY}/{EMBEDDINGS.name}/_chunks"
"""Folder of finished chunks, beside the dataset's runs; deleted once the run is published."""
ENCODED_BY = "encoded_by"
"""Key of the run's report: for each model a fingerprint of the code that made its vectors."""


def embed_items(
    earlier: "EarlierVectors",
    rows: pa.Table,
    settings: EmbedSettings,
    encode: Callable[[Sequence[pa.Table]], Iterable[pa.Table]],
) -> ArrowOutput:
    """EMBEDDINGS: the earlier vectors, and what `encode` makes of the other rows, in chunks."""
    missing = rows.filter(pc.invert(earlier.contains(rows)))
    report = {"encoder": settings.name, "model": earlier.model, "known": len(rows) - len(missing), "new": len(missing)}
    new = encode(list(chunks(missing, settings.chunk_items, settings.chunk_pictures)))
    return ArrowOutput(parts=merge_sorted(earlier.parts(), new), report=report | {ENCODED_BY: earlier.encoded_by})


def encoding_code(spec: EncoderSpec) -> str:
    """Fingerprint of the code that makes vectors, the backend's included."""
    return fingerprint([code_fingerprint(LoadChunkEncoder), backend_code(spec)])


def embed_work(folder: Folder, model: str, code: str, rows: int, settings: EmbedSettings) -> ChunkWork:
    """How chunks are run: what their file names depend on, and how many items may have no vector. code: `encoding_code`."""
    died = BadContent(Reason.PROCESS_DIED, "each time that it was encoded, the last time alone")
    return ChunkWork(
        stage=EMBEDDINGS.name,
        folder=folder,
        stamp=fingerprint([model, code, batch_settings(settings)]),
        poison=lambda rows: embedding_rows(rows, [died], model),
        check=FailureLimit(
            stage=EMBEDDINGS.name,
            rows=rows,
            max_share=settings.max_refused_share,
            setting="encoder.max_refused_share",
            problem="items have no vector",
            advice="check the pictures' uris in 'images'",
        ),
    )


def batch_settings(settings: EmbedSettings) -> dict[str, Any]:
    """The settings that change the last bits of a vector."""
    return as_tree(settings.batching) | {"items": settings.chunk_items, "pictures": settings.chunk_pictures}


class EarlierVectors:
    """The published vectors, read in pieces."""

    def __init__(self, files: Sequence[str], before: Manifest | None, model: str, code: str, rows: pa.Table) -> None:
        """Find out which of them count.

        Args:
            files: of the published EMBEDDINGS.
            before: its run. Vectors of this model count if the same code has made them.
            model: the encoder's fingerprint.
            code: `encoding_code`.
            rows: CHUNK, the rows that need a vector.
        """
        encoded_by = dict(before.report.get(ENCODED_BY, {})) if before else {}
        self.model = model
        self.encoded_by: dict[str, str] = encoded_by | {model: code}
        self._files, self._needed = files, _names(rows)
        self._same_code = encoded_by.get(model) == code

    def contains(self, rows: pa.Table) -> pa.ChunkedArray:
        """Whether each row has a lasting result under this model, with these pictures."""
        columns = ["item_id", "note_id", "model", "pictures", "reason"]
        names = [_names(mine) for uri in self._files if len(mine := self._mine(read_file(uri, columns)))]
        earlier = pa.concat_arrays(names) if names else pa.array([], pa.string())
        return pc.is_in(_names(rows), value_set=earlier)

    def parts(self) -> Iterator[pa.Table]:
        """The rows that stay: of this model those that are still needed, of other models all."""
        for uri in self._files:
            rows = read_file(uri).cast(EMBEDDINGS.columns)
            others = rows.filter(pc.not_equal(rows.column("model"), self.model))
            yield _sorted(pa.concat_tables([others, self._mine(rows)]))

    def _mine(self, rows: pa.Table) -> pa.Table:
        if not self._same_code:
            return rows.slice(0, 0)
        mine = rows.filter(pc.equal(rows.column("model"), self.model))
        mine = mine.filter(pc.invert(passing(mine.column("reason"))))
        return mine.filter(pc.is_in(_names(mine), value_set=self._needed))


def merge_sorted(one: Iterable[pa.Table], other: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """Merge two streams of rows, each sorted by EMBEDDINGS' key. Cost: a piece of each in memory."""
    streams = [iter(one), iter(other)]
    pending = [EMBEDDINGS.columns.empty_table()] * 2
    open_ = [True, True]
    while True:
        for side in (0, 1):
            while open_[side] and not len(pending[side]):
                piece = next(streams[side], None)
                open_[side] = piece is not None
                pending[side] = pending[side] if piece is None else piece
        ends = [_keys(rows)[-1].as_py() for rows, more in zip(pending, open_, strict=True) if more and len(rows)]
        if not ends:
            yield _sorted(pa.concat_tables(pending))
            return
        ready = [pc.less_equal(_keys(rows), min(ends)) for rows in pending]
        yield _sorted(pa.concat_tables([rows.filter(now) for rows, now in zip(pending, ready, strict=True)]))
        pending = [rows.filter(pc.invert(now)) for rows, now in zip(pending, ready, strict=True)]


def rows_digest(rows: pa.Table) -> str:
    """A hash of the rows to encode."""
    names = np.asarray(_names(rows).to_numpy(zero_copy_only=False), str)
    return fingerprint(fingerprint("\n".join(names.tolist())))


def _names(rows: pa.Table) -> pa.Array:
    joined = pc.binary_join_element_wise(rows.column("item_id"), rows.column("pictures"), "\n")
    return joined.combine_chunks() if isinstance(joined, pa.ChunkedArray) else joined


def _keys(rows: pa.Table) -> pa.ChunkedArray:
    return pc.binary_join_element_wise(*[rows.column(name) for name in EMBEDDINGS.key], "\0")


def _sorted(rows: pa.Table) -> pa.Table:
    return rows.sort_by([(name, "ascending") for name in EMBEDDINGS.key])
