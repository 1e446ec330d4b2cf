"""MaxSim: the score of a note is that of its best element (method.md, section 4.2)."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipelines.negatives.search.exact_dot import NO_ROW, Rows, Scores, Vectors, exact_scores
from pipelines.negatives.search.exact_search import DEEPER, Search, SearchHits, best, check, contiguous, empty_hits, exact


def best_notes(queries: Vectors, elements: Vectors, owners: Rows, k: int, settings: Search) -> SearchHits:
    """The k notes of the largest MaxSim for each query.

    Elements come best first, so a note's first element is its score: the best 4k elements are searched, and
    more for the queries for which these belong to fewer than k notes. No memory is needed for every note.

    Args:
        queries: [n, d].
        elements: [m, d], the vectors of the notes' pictures and texts.
        owners: [m] the number of the element's note.
        k: distinct notes for each query.
        settings: memory and device.

    Returns:
        Scores [n, k] and the notes' numbers [n, k]; of equal scores the smaller number.

    Cost: that of `exact` at depth 4k; a note of e elements needs at most k * e elements of depth.
    """
    check(queries, elements, k)
    out = empty_hits(len(queries), k)
    todo, depth = np.arange(len(queries) if len(elements) else 0), DEEPER * k
    while len(todo):
        depth = min(depth, len(elements))
        hits = exact(queries[todo], elements, depth, settings)
        notes = distinct(hits.scores, owners[hits.rows], k)
        out.scores[todo], out.rows[todo] = notes
        # An element further down could still tie with the k-th note, and have the smaller number.
        todo = todo[notes.scores[:, -1] <= hits.scores[:, -1]] if depth < len(elements) else todo[:0]
        depth *= DEEPER
    return out


def merge_notes(parts: Sequence[SearchHits], k: int) -> SearchHits:
    """Merge the best notes of several parts; a note may have elements in several of them."""
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
) -> SearchHits:
    """As `best_notes`, each query within its own group of elements: query_groups [n], groups [m]."""
    check(queries, elements, k)
    out = empty_hits(len(queries), k)
    for group in np.unique(query_groups):
        mine, members = np.flatnonzero(query_groups == group), np.flatnonzero(groups == group)
        out.scores[mine], out.rows[mine] = best_notes(
            queries[mine], contiguous(elements, members), owners[members], k, settings
        )
    return out


def maxsim(queries: Vectors, elements: Vectors, starts: Rows, ends: Rows) -> Scores:
    """The MaxSim of query i with the note whose elements are rows starts[i] to ends[i].

    Args:
        queries: [n, d].
        elements: [m, d], the elements of a note are contiguous.
        starts: [n].
        ends: [n], exclusive; a note without elements scores minus infinity.

    Returns:
        [n]. Positives are scored like this, as candidates are. Cost: 24 * d bytes of traffic an element.
    """
    longest = int((ends - starts).max(initial=0))
    rows = starts[:, None] + np.arange(longest)
    return exact_scores(queries, elements, np.where(rows < ends[:, None], rows, NO_ROW)).max(axis=1, initial=-np.inf)


def distinct(scores: Scores, owners: Rows, k: int) -> SearchHits:
    """The k best owners of each line, each by its best score: scores [n, m], owners [n, m] (NO_ROW: no owner)."""
    order = np.lexsort((-scores, owners), axis=-1)
    scores, owners = np.take_along_axis(scores, order, axis=1), np.take_along_axis(owners, order, axis=1)
    repeated = np.zeros(owners.shape, bool)
    repeated[:, 1:] = owners[:, 1:] == owners[:, :-1]
    return best(np.where(repeated, -np.inf, scores).astype(np.float32), np.where(repeated, NO_ROW, owners), k)
