"""100 k vectors with planted copies, and the tables that mining would publish about them."""

from typing import NamedTuple

import numpy as np
import pyarrow as pa

from schemas.datasets import COMPONENTS, ITEMS, POSITIVES

TOPIC, DIMENSIONS = 250, 128
MISSED = 0.013
"""Share of pairs that mining misses: its recall of copies on bench/build.py is 0.987."""
TASK = "image_to_image"


class World(NamedTuple):
    """Items by number; each is a picture in a note of its own."""

    vectors: np.ndarray
    """[items, d], unit length."""
    group: np.ndarray
    """[items] planted group: items with the same content."""
    pairs: np.ndarray
    """[n, 2] query and positive: every mined pair with a query as its left item."""
    tables: dict[str, pa.Table]
    """Tables positives, components and items, as published by mining."""


def name(number: int) -> str:
    """Return an item's id."""
    return f"item_{number:07}"


def world(size: int, queries: int, many: int, seed: int = 0) -> World:
    """Generate topics of 250 items with a cosine of 0.6, and `queries` groups of `many` copies with a cosine of 0.4 to 0.94.

    Pairs of a group are as in mining: each copy is paired with one earlier one, not with all; a few pairs are missed.
    """
    rng = np.random.default_rng(seed)
    topics = _unit(rng.standard_normal((size // TOPIC + 1, DIMENSIONS)))
    vectors = _unit(np.sqrt(0.6) * topics[np.arange(size) // TOPIC] + np.sqrt(0.4) * _noise(rng, size))
    order = rng.permutation(size)[: queries * many].reshape(queries, many)
    alike = rng.uniform(0.65, 0.97, (queries, many))[..., None]
    base = vectors[order[:, :1]]
    vectors[order] = _unit(alike * base + np.sqrt(1 - alike**2) * _noise(rng, queries, many))
    group = np.arange(size) + queries
    group[order] = np.arange(queries)[:, None]
    ties = [(row[rng.integers(0, k)], row[k]) for row in order for k in range(1, many) if k == 1 or rng.random() >= MISSED]
    edges = np.array(ties)
    asked = np.isin(edges[:, 0], order[:, 0])
    return World(vectors.astype(np.float32), group, edges[asked], _tables(size, edges))


def _tables(size: int, edges: np.ndarray) -> dict[str, pa.Table]:
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    ids = np.array([name(n) for n in range(size)])
    _, label = connected_components(coo_array((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), shape=(size, size)), False)
    _, first, sizes = np.unique(label, return_index=True, return_counts=True)
    every = pa.array(ids)
    item = pa.StructArray.from_arrays(
        [every, pa.array(["image"] * size), every, pa.array([[i] for i in ids.tolist()]), *_empty(size)],
        fields=list(ITEMS.columns.field("item").type),
    )
    split = pa.array(["train"] * size)
    ends = [item.take(pa.array(edges[:, side])) for side in (0, 1)]
    count = len(edges)
    filled = {
        "pair_id": pa.array([f"pair_{n:07}" for n in range(count)]),
        "granularity": pa.array(["near_duplicate_image"] * count),
        "task": pa.array([TASK] * count),
        "query": ends[0],
        "target": ends[1],
        "score": pa.array(np.ones(count)),
        "component_id": pa.array(ids[first[label]][edges[:, 0]]),
        "split": pa.array(["train"] * count),
    }
    positives = [filled.get(f.name, pa.nulls(count, f.type)) for f in POSITIVES.columns]
    component = pa.array(ids[first[label]])
    components = [every, component, pa.array(sizes[label]), component, split]
    return {
        "positives": pa.table(positives, names=POSITIVES.columns.names),
        "components": pa.table(components, names=COMPONENTS.columns.names),
        "items": pa.table([item, split], names=["item", "split"]),
    }


def _empty(size: int) -> list[pa.Array]:
    fields = ITEMS.columns.field("item").type
    return [pa.nulls(size, fields.field(n).type) for n in ("region", "text")]


def _noise(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return _unit(rng.standard_normal((*shape, DIMENSIONS)))


def _unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)
