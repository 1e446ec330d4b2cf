"""Runs sentence-transformers' mine_hard_negatives on existing vectors, if the package is installed."""

import importlib.util
import time
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

INSTALLED = importlib.util.find_spec("sentence_transformers") is not None

AS_OURS = {"range_max": 100, "relative_margin": 0.05, "num_negatives": 8, "use_faiss": True}


class StoredVectors:
    """A stand-in for the miner's model: a text is an item_id, and its embedding the item's vector."""

    def __init__(self, ids: list[str], vectors: np.ndarray) -> None:
        """Index the rows of the vectors by id."""
        import torch

        self._at, self._vectors, self.device = {i: row for row, i in enumerate(ids)}, vectors, torch.device("cpu")

    def encode(self, texts: list[str], **_: Any) -> np.ndarray:  # noqa: ANN401
        """Look the vectors up."""
        return self._vectors[[self._at[text] for text in texts]]

    encode_query = encode_document = encode

    def similarity(self, one: Any, other: Any) -> Any:  # noqa: ANN401
        """Compute inner products of all pairs."""
        import torch

        return torch.as_tensor(one) @ torch.as_tensor(other).T

    def similarity_pairwise(self, one: Any, other: Any) -> Any:  # noqa: ANN401
        """Compute inner products row by row."""
        import torch

        return (torch.as_tensor(one) * torch.as_tensor(other)).sum(dim=1)

    def get_embedding_dimension(self) -> int:
        """Return the dimension of the vectors."""
        return self._vectors.shape[1]


def mined(
    items: list[dict[str, Any]],
    vectors: np.ndarray,
    requested: pa.Table,
    **options: Any,  # noqa: ANN401
) -> tuple[pa.Table, float]:
    """Mine negatives for the requested pairs with these options (AS_OURS is closest to our job); also returns the seconds.

    It has one vector per note, and no splits. Returns query_id, positive_id, candidate_id, source.
    """
    from datasets import Dataset
    from sentence_transformers.util import mine_hard_negatives

    ids, kinds = [i["item_id"] for i in items], np.array([i["kind"] for i in items])
    model, parts, seconds = StoredVectors(ids, vectors), [], 0.0
    for task in requested.column("task").unique().to_pylist():
        pairs = requested.filter(pc.equal(requested.column("task"), task))
        kind = task.rsplit("_", 1)[-1]
        corpus = np.array(ids)[np.isin(kinds, ["image", "crop"] if kind == "image" else [kind])].tolist()
        data = Dataset.from_dict({c: pairs.column(f"{c}_id").to_pylist() for c in ("query", "positive")})
        begun = time.monotonic()
        found = mine_hard_negatives(
            data, model, anchor_column_name="query", positive_column_name="positive", corpus=corpus,
            output_format="triplet", verbose=False, **options,
        )  # fmt: skip
        seconds += time.monotonic() - begun
        parts.append(
            pa.table(
                [found["query"][:], found["positive"][:], found["negative"][:]],
                names=["query_id", "positive_id", "candidate_id"],
            )
        )
    rows = pa.concat_tables(parts)
    return rows.append_column("source", pa.array(["peer"] * len(rows))), seconds
