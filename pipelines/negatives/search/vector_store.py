"""The vectors of one encoder on the driver's disk, by row: read as they are needed, never all in memory."""

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipelines.negatives.search.exact_dot import Rows, Vectors


class Stored(NamedTuple):
    """Vectors by row."""

    vectors: Vectors
    """[n, d], on disk; a row that has none is zero."""
    there: NDArray[np.bool_]
    """[n] whether the row has a vector."""

    def at(self, rows: Rows) -> Vectors:
        """The vectors of some rows, in memory."""
        return np.ascontiguousarray(self.vectors[rows])


@contextmanager
def stored(embeddings: Iterable[pa.Table], model: str, item_ids: pa.Array) -> Iterator[Stored]:
    """The vectors of the items while the block runs.

    Args:
        embeddings: EMBEDDINGS in pieces; item_id, model and vector are read.
        model: whose vectors.
        item_ids: [n] what the rows are of.

    Cost: n * d * 4 bytes on disk in the folder for temporary files, and one piece in memory.
    """
    with tempfile.TemporaryDirectory(prefix="uninote-vectors-") as folder:
        vectors: Vectors = np.zeros((len(item_ids), 1), np.float32)
        there = np.zeros(len(item_ids), bool)
        for piece in embeddings:
            mine = piece.filter(pc.and_(pc.equal(piece.column("model"), model), pc.is_valid(piece.column("vector"))))
            at = pc.index_in(mine.column("item_id"), value_set=item_ids)
            mine, rows = mine.filter(pc.is_valid(at)), np.asarray(pc.drop_null(at), np.int64)
            if not len(rows):
                continue
            flat = mine.column("vector").combine_chunks()
            read = np.asarray(flat.flatten(), np.float32).reshape(len(rows), -1)
            if not there.any():
                shape = (len(item_ids), read.shape[1])
                vectors = np.memmap(Path(folder) / "vectors.f32", np.float32, "w+", shape=shape)
            vectors[rows] = read
            there[rows] = True
        yield Stored(vectors, there)
