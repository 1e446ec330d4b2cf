"""Cuts a component that is too large at its weakest ties. No engine."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


def cutter(cap: int) -> Callable[[pa.Table], pa.Table]:
    """`cut` of one component, from and to tables, for applyInArrow (which takes no functools.partial).

    The function takes l, r, weight, and size_l and size_r where the nodes are components and not notes; it gives node, piece.
    """

    def pieces(ties: pa.Table) -> pa.Table:
        l, r = ties["l"].to_pylist(), ties["r"].to_pylist()  # noqa: E741
        sizes = None
        if "size_l" in ties.column_names:
            sizes = dict(zip([*l, *r], [*ties["size_l"].to_pylist(), *ties["size_r"].to_pylist()], strict=True))
        nodes, piece = cut(l, r, ties["weight"].to_numpy(), cap, sizes)
        return pa.table({"node": pa.array(nodes, pa.string()), "piece": pa.array(piece, pa.string())})

    return pieces


def cut(
    l: Sequence[str],  # noqa: E741
    r: Sequence[str],
    weight: NDArray[np.float64],
    cap: int,
    sizes: Mapping[str, int] | None = None,
) -> tuple[list[str], list[str]]:
    """The notes, sorted, and for each the smallest note of its piece.

    Edges are kept from the strongest down, as long as the piece that an edge would make has
    at most `cap` notes (Kruskal's algorithm with a bound). Edges of one weight are taken in the
    order of their two notes, so the result does not depend on the order of the rows.

    Args:
        l, r: the edges' notes, [E].
        weight: confidence of each edge, [E], 0 to 1.
        cap: notes that a piece may have, at least 1.
        sizes: how many notes each "note" stands for; one if None.

    Cost: O(E log E) time, about 300 bytes an edge.

    >>> cut(["a", "b", "c"], ["b", "c", "d"], np.array([0.9, 0.2, 0.8]), 2)
    (['a', 'b', 'c', 'd'], ['a', 'a', 'c', 'c'])
    """
    names, codes = np.unique(np.array([*l, *r], dtype=object), return_inverse=True)
    first, second = codes[: len(l)], codes[len(l) :]
    low, high = np.minimum(first, second), np.maximum(first, second)
    order = np.lexsort((high, low, -weight))
    parent, size = list(range(len(names))), [1 if sizes is None else sizes[name] for name in names]
    for a, b in zip(low[order].tolist(), high[order].tolist(), strict=True):
        a, b = sorted((_root(parent, a), _root(parent, b)))
        if a != b and size[a] + size[b] <= cap:
            # The smaller code is the smaller name: a root is its piece's smallest note.
            parent[b] = a
            size[a] += size[b]
    return names.tolist(), [names[_root(parent, code)] for code in range(len(names))]


def _root(parent: list[int], code: int) -> int:
    while parent[code] != code:
        parent[code] = parent[parent[code]]
        code = parent[code]
    return code
