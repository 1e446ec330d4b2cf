"""The best rows, or notes by MaxSim, that score below a limit of each query; hits do not depend on how the corpus is split.

A candidate at or above the limit is no hit however many there are, and neither is one of a group that mining relates to the
query, so both leave before the best are chosen: an encoder that puts most of a corpus above the positive still finds what is
below it. Every product is computed in float32. What is certainly at or above the limit leaves; k of the others and a few more
are scored again in one fixed order (`exact_dot`). They are certain as in `exact_search`; otherwise the choice is repeated with
more.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipelines.negatives.search.exact_dot import CHUNK_BYTES, NO_ROW, Rows, Scores, Vectors, dot_products
from pipelines.negatives.search.exact_search import DEEPER, UNIT, Search, SearchHits, best, check, empty_hits, longest
from pipelines.negatives.search.topk_backends import products

BYTES_PER_PRODUCT = 24
"""Memory of a product: itself, the best of its note, and both while the best are chosen."""

Limits = NDArray[np.float64]


class Bounds(NamedTuple):
    """What may be a hit of each query."""

    limits: Limits
    """[n]; a score counts if it is smaller. Infinity: every score counts."""
    starts: Rows
    """[n + 1] where the groups of each query begin."""
    groups: Rows
    """[starts[n]] groups (`mined_relations`) that are no hits of a query."""

    def part(self, begin: int, end: int) -> "Bounds":
        """Those of the queries from begin to end."""
        starts = self.starts[begin : end + 1]
        return Bounds(self.limits[begin:end], starts - starts[0], self.groups[starts[0] : starts[-1]])


class _Corpus(NamedTuple):
    """Rows grouped by their owner, an item or a note."""

    vectors: Vectors
    names: Rows
    """[owners] their numbers."""
    starts: Rows
    """[owners] the first row of each."""
    ends: Rows
    """[owners], exclusive."""
    by_group: Rows
    """[owners] places of the owners, by group."""
    groups: Rows
    """[owners] these groups, ascending."""


def best_below(
    queries: Vectors, bounds: Bounds, corpus: Vectors, owners: Rows, groups: Rows, k: int, settings: Search
) -> SearchHits:
    """The k owners of the largest score within each query's bounds; the score of an owner is that of its best row.

    Args:
        queries: [n, d].
        bounds: of the n queries.
        corpus: [m, d]; the rows of an owner are contiguous, and all of them are here.
        owners: [m] the number of each row's item or note.
        groups: [m] the group of each row's note.
        k: hits for each query.
        settings: memory and device.

    Returns:
        Scores [n, k] and the owners' numbers [n, k]; of equal scores the smaller number.

    Raises:
        DataError: as `exact_search.check`.

    Cost: 2 * n * m * d operations; memory_mb for the products of some queries at a time.
    """
    check(queries, corpus, k)
    out = empty_hits(len(queries), k)
    if not len(corpus):
        return out
    starts = np.flatnonzero(np.diff(owners, prepend=NO_ROW - 1))
    by_group = np.argsort(groups[starts], kind="stable")
    ends = np.append(starts[1:], len(owners))
    grouped = _Corpus(corpus, owners[starts], starts, ends, by_group, groups[starts][by_group])
    relative_error = (corpus.shape[1] + 2) * 1.01 * UNIT * longest(corpus)
    step = max(1, (settings.memory_mb << 20) // (len(corpus) * BYTES_PER_PRODUCT))
    for begin in range(0, len(queries), step):
        end = min(begin + step, len(queries))
        errors = relative_error * np.linalg.norm(queries[begin:end].astype(np.float64), axis=1)
        hits = _best_of_block(queries[begin:end], bounds.part(begin, end), errors, grouped, k, settings)
        out.scores[begin:end], out.rows[begin:end] = hits
    return out


def _best_of_block(queries: Vectors, bounds: Bounds, errors: Limits, corpus: _Corpus, k: int, settings: Search) -> SearchHits:
    """`best_below` of some queries; errors: [n] the largest error of a product."""
    rows = products(queries, corpus.vectors, settings.device)
    whole = rows if len(corpus.names) == len(corpus.vectors) else np.maximum.reduceat(rows, corpus.starts, axis=1)
    limits = bounds.limits
    eligible = np.where(whole < _raised(limits + errors)[:, None], whole, np.float32(-np.inf))
    _leave_out(eligible, bounds, corpus)
    out, todo, depth = empty_hits(len(queries), k), np.arange(len(queries)), k + settings.slack
    while len(todo):
        depth = min(depth, len(corpus.names))
        place = np.argpartition(eligible[todo], -depth, axis=1)[:, -depth:]
        proposed = np.take_along_axis(eligible[todo], place, axis=1)
        floors = np.where(np.isfinite(proposed), proposed - 2 * errors[todo, None], np.inf)
        scores = _exact(queries, rows, corpus, todo, place, floors)
        scores[scores >= limits[todo, None]] = -np.inf
        hits = best(scores, np.where(np.isfinite(scores), corpus.names[place], NO_ROW), k)
        out.scores[todo], out.rows[todo] = hits
        last = proposed.min(axis=1)
        certain = (last == -np.inf) | (_raised(last + errors[todo]) < hits.scores[:, -1])
        todo = todo[~certain] if depth < len(corpus.names) else todo[:0]
        depth *= DEEPER
    return out


def _leave_out(eligible: Scores, bounds: Bounds, corpus: _Corpus) -> None:
    """Set the owners of each query's groups to minus infinity; eligible: [n, owners]."""
    query = np.repeat(np.arange(len(eligible)), np.diff(bounds.starts))
    begin, end = (np.searchsorted(corpus.groups, bounds.groups, side=side) for side in ("left", "right"))
    lengths = end - begin
    at = np.repeat(begin - (np.cumsum(lengths) - lengths), lengths) + np.arange(int(lengths.sum()))
    eligible[np.repeat(query, lengths), corpus.by_group[at]] = -np.inf


def _exact(queries: Vectors, rows: Scores, corpus: _Corpus, at: Rows, place: Rows, floors: Limits) -> Scores:
    """The exact score of proposed owners: of their rows only those whose product may be the largest are scored.

    Args:
        queries: [n, d].
        rows: [n, m] the products.
        corpus: of the owners.
        at: [t] queries.
        place: [t, depth] their proposed owners.
        floors: [t, depth] a row with a smaller product is not the owner's best; infinity: not proposed.

    Returns:
        [t, depth], minus infinity where not proposed.
    """
    members = corpus.starts[place][:, :, None] + np.arange(int((corpus.ends - corpus.starts).max()))
    inside = members < corpus.ends[place][:, :, None]
    members = np.where(inside, members, 0)
    may_be_best = inside & (rows[at[:, None, None], members] >= floors[:, :, None])
    query, slot, _ = np.nonzero(may_be_best)
    scores = np.full(place.shape, -np.inf, np.float32)
    np.maximum.at(scores, (query, slot), _pair_scores(queries, at[query], corpus.vectors, members[may_be_best]))
    return scores


def _pair_scores(queries: Vectors, left: Rows, corpus: Vectors, right: Rows) -> Scores:
    """[pairs] exact inner products, in pieces of CHUNK_BYTES."""
    out = np.empty(len(left), np.float32)
    step = max(1, CHUNK_BYTES // (8 * corpus.shape[1]))
    for begin in range(0, len(left), step):
        part = slice(begin, begin + step)
        out[part] = dot_products(queries[left[part]], corpus[right[part]])
    return out


def _raised(values: Limits) -> Scores:
    """The next float32 above each value."""
    return np.nextafter(values.astype(np.float32), np.float32(np.inf))
