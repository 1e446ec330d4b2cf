"""MaxSim: a note scores as its best element does (method.md, section 4.2)."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipelines.negatives.search.exact_dot import NOTHING, Rows, Scores, Vectors, rescored
from pipelines.negatives.search.exact_search import DEEPER, Found, Search, best, check, exact, nothing, together


def best_notes(queries: Vectors, elements: Vectors, owners: Rows, k: int, settings: Search) -> Found:
    """The k notes of the largest MaxSim for each query.

    Elements come best first, so a note's first one is its score: the deepest 4k are asked for, and
    more for the queries that they show fewer than k notes. Nothing is held for every note.

    Args:
        queries: [n, d].
        elements: [m, d], the vectors of the notes' pictures and texts.
        owners: [m] the number of the element's note.
        k: how many distinct notes.
        settings: memory and device.

    Returns:
        Scores [n, k] and the notes' numbers [n, k]; of equal scores the smaller number.

    Cost: that of `exact` at depth 4k; a note of e elements costs at most k * e places of depth.
    """
    check(queries, elements, k)
    out = nothing(len(queries), k)
    todo, depth = np.arange(len(queries) if len(elements) else 0), DEEPER * k
    while len(todo):
        depth = min(depth, len(elements))
        found = exact(queries[todo], elements, depth, settings)
        notes = distinct(found.scores, owners[found.rows], k)
        out.scores[todo], out.rows[todo] = notes
        # An element further down could still tie with the k-th note, and have the smaller number.
        todo = todo[notes.scores[:, -1] <= found.scores[:, -1]] if depth < len(elements) else todo[:0]
        depth *= DEEPER
    return out


def merge_notes(parts: Sequence[Found], k: int) -> Found:
    """The best notes of several parts of the elements; the elements of a note may lie in several."""
    scores = np.concatenate([part.scores for part in parts], axis=1)
    return distinct(scores, np.concatenate([part.rows for part in parts], axis=1), k)


def best_notes_by_group(
    queries: Vectors,
    query_groups: NDArray[np.integer],
    elements: Vectors,
    groups: NDArray[np.integer],
    owners: Rows,
    k: int,
    settings: Search,
) -> Found:
    """As `best_notes`, each query within its own group of elements: query_groups [n], groups [m]."""
    check(queries, elements, k)
    out = nothing(len(queries), k)
    for group in np.unique(query_groups):
        asking, members = np.flatnonzero(query_groups == group), np.flatnonzero(groups == group)
        out.scores[asking], out.rows[asking] = best_notes(
            queries[asking], together(elements, members), owners[members], k, settings
        )
    return out


def maxsim(queries: Vectors, elements: Vectors, starts: Rows, ends: Rows) -> Scores:
    """The MaxSim of query i with the note whose elements are rows starts[i] to ends[i].

    Args:
        queries: [n, d].
        elements: [m, d], the elements of a note side by side.
        starts: [n].
        ends: [n], exclusive; a note without elements scores minus infinity.

    Returns:
        [n]. The positives of a query are scored so, as its candidates are. Cost: 24 * d bytes of traffic an element.
    """
    longest = int((ends - starts).max(initial=0))
    rows = starts[:, None] + np.arange(longest)
    return rescored(queries, elements, np.where(rows < ends[:, None], rows, NOTHING)).max(axis=1, initial=-np.inf)


def distinct(scores: Scores, owners: Rows, k: int) -> Found:
    """The k best owners of each line, each by its best score: scores [n, m], owners [n, m], NOTHING where there is none."""
    order = np.lexsort((-scores, owners), axis=-1)
    scores, owners = np.take_along_axis(scores, order, axis=1), np.take_along_axis(owners, order, axis=1)
    again = np.zeros(owners.shape, bool)
    again[:, 1:] = owners[:, 1:] == owners[:, :-1]
    return best(np.where(again, -np.inf, scores).astype(np.float32), np.where(again, NOTHING, owners), k)
