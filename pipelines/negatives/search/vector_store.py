"""Vectors of one encoder on the driver's disk, by row: read as needed, never all in memory."""

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


class VectorStore(NamedTuple):
    """Vectors by row."""

    vectors: Vectors
    """[n, d], on disk; zero for a row without a vector."""
    has_vector: NDArray[np.bool_]
    """[n]."""

    def at(self, rows: Rows) -> Vectors:
        """The vectors of some rows, in memory."""
        return np.ascontiguousarray(self.vectors[rows])


@contextmanager
def vector_store(embeddings: Iterable[pa.Table], model: str, item_ids: pa.Array) -> Iterator[VectorStore]:
    """The vectors of the items while the block runs.

    Args:
        embeddings: EMBEDDINGS in pieces; item_id, model and vector are read.
        model: fingerprint of the encoder.
        item_ids: [n] the items, by row.

    Cost: n * d * 4 bytes on disk in the folder for temporary files, and one piece in memory.
    """
    with tempfile.TemporaryDirectory(prefix="uninote-vectors-") as folder:
        vectors: Vectors = np.zeros((len(item_ids), 1), np.float32)
        has_vector = np.zeros(len(item_ids), bool)
        for piece in embeddings:
            mine = piece.filter(pc.and_(pc.equal(piece.column("model"), model), pc.is_valid(piece.column("vector"))))
            at = pc.index_in(mine.column("item_id"), value_set=item_ids)
            mine, rows = mine.filter(pc.is_valid(at)), np.asarray(pc.drop_null(at), np.int64)
            if not len(rows):
                continue
            flat = mine.column("vector").combine_chunks()
            values = np.asarray(flat.flatten(), np.float32).reshape(len(rows), -1)
            if not has_vector.any():
                shape = (len(item_ids), values.shape[1])
                vectors = np.memmap(Path(folder) / "vectors.f32", np.float32, "w+", shape=shape)
            vectors[rows] = values
            has_vector[rows] = True
        yield VectorStore(vectors, has_vector)
