"""Bucket join: the pairs of pictures that share a key. No engine.

Each picture that queries a key is paired with each picture that is indexed under it, unless the
key is hot (more pictures are indexed under it than the cap): then those pictures are chained.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from pipelines.engines.column_blocks import Ints

PROBES_AT_ONCE = 200_000
"""Probes that are answered at a time: enough for numpy's speed; their pairs have to fit in memory."""


class IndexEntries(NamedTuple):
    """[n] keys, and the pictures that are indexed under them."""

    key: Ints
    picture: Ints
    order: Ints
    """`hash_order` of the picture: similar pictures of one key are neighbours in it."""


class Probes(NamedTuple):
    """[n] keys, and the pictures that query them."""

    key: Ints
    picture: Ints


class CandidatePairs(NamedTuple):
    """[n] pairs of pictures l < r, each once, and the number of keys that they share."""

    l: Ints  # noqa: E741  # the field's word for the left side of a pair
    r: Ints
    votes: Ints


def bucket_join(index: IndexEntries, probes: Probes, max_pictures: int, links: int) -> Iterator[CandidatePairs]:
    """The pairs of pictures that share a key, in pieces; the votes of a pair are to be summed over the pieces.

    Args:
        index: all entries of the keys that are queried, in any order.
        probes: in any order.
        max_pictures: a key with more entries is hot: no probe of it is answered.
        links: neighbours that a picture of a hot key is paired with, those after it in the order of `order`.

    Cost: O(n log n) in entries and probes, linear in pairs; at most `max_pictures` pairs a probe.
    """
    index, probes = _sorted(index, max_pictures), Probes(*(column[np.argsort(probes.key)] for column in probes))
    yield _chained(index, max_pictures, links)
    for start in range(0, len(probes.key), PROBES_AT_ONCE):
        part = Probes(*(column[start : start + PROBES_AT_ONCE] for column in probes))
        yield _answered(index, part, max_pictures)


def hot_key_count(index: IndexEntries, max_pictures: int) -> int:
    """How many keys have more than `max_pictures` entries."""
    return int((np.unique(index.key, return_counts=True)[1] > max_pictures).sum())


def _sorted(index: IndexEntries, max_pictures: int) -> IndexEntries:
    """The entries by key; those of a hot key by `order`, then by picture."""
    by_key = np.argsort(index.key)
    index = IndexEntries(*(column[by_key] for column in index))
    hot = np.flatnonzero(_is_hot(index.key, max_pictures))
    if len(hot):
        key, picture, order = (column[hot] for column in index)
        inner = np.lexsort((picture, order, key))
        index.picture[hot] = picture[inner]
        index.order[hot] = order[inner]
    return index


def _is_hot(key: Ints, max_pictures: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """[n] whether more than `max_pictures` of the sorted keys equal this one."""
    starts = np.flatnonzero(np.r_[True, key[1:] != key[:-1]]) if len(key) else np.zeros(0, np.int64)
    sizes = np.diff(np.r_[starts, len(key)])
    return np.repeat(sizes > max_pictures, sizes)


def _answered(index: IndexEntries, probes: Probes, max_pictures: int) -> CandidatePairs:
    """Each probe with each entry of its key, where the key is not hot."""
    start, end = (np.searchsorted(index.key, probes.key, side=side) for side in ("left", "right"))
    size = end - start
    answered = (size > 0) & (size <= max_pictures)
    counts = size[answered]
    first = np.repeat(start[answered] - np.r_[0, np.cumsum(counts)[:-1]], counts)
    matches = index.picture[first + np.arange(int(counts.sum()))]
    return _distinct_pairs(np.repeat(probes.picture[answered], counts), matches)


def _chained(index: IndexEntries, max_pictures: int, links: int) -> CandidatePairs:
    """Each picture of a hot key with the next few."""
    hot = _is_hot(index.key, max_pictures)
    lefts, rights = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for link in range(1, min(links, len(hot) - 1) + 1):
        at = np.flatnonzero(hot[:-link] & (index.key[link:] == index.key[:-link]))
        lefts.append(index.picture[at])
        rights.append(index.picture[at + link])
    return _distinct_pairs(np.concatenate(lefts), np.concatenate(rights))


def _distinct_pairs(one: Ints, other: Ints) -> CandidatePairs:
    """Unordered pairs of different pictures, each once with its votes."""
    left, right = np.minimum(one, other), np.maximum(one, other)
    different = left != right
    left, right = left[different], right[different]
    order = np.lexsort((right, left))
    left, right = left[order], right[order]
    new = np.flatnonzero(np.r_[True, (left[1:] != left[:-1]) | (right[1:] != right[:-1])]) if len(left) else order
    return CandidatePairs(left[new], right[new], np.diff(np.r_[new, len(left)]).astype(np.int64))
