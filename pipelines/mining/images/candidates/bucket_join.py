"""Which pictures meet under a key. No engine.

A key has the pictures that are found under it and the pictures that ask for it. Each asking
one meets each found one, unless the key is crowded: then the found ones are tied by a chain.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from pipelines.engines.column_blocks import Ints

ASKED_AT_ONCE = 200_000
"""Questions that are worked on at a time: enough for numpy to be at ease; what they meet has to fit in memory."""


class Found(NamedTuple):
    """[n] pictures that are found under a key."""

    key: Ints
    picture: Ints
    near: Ints
    """In the order of these the pictures of one key that are alike stand together."""


class Asking(NamedTuple):
    """[n] pictures that ask for a key."""

    key: Ints
    picture: Ints


class Met(NamedTuple):
    """Pairs l < r, each once, and under how many keys they met."""

    l: Ints  # noqa: E741  # the field's word for the left side of a pair
    r: Ints
    votes: Ints


def meetings(found: Found, asking: Asking, most: int, links: int) -> Iterator[Met]:
    """The pairs of pictures that meet under a key, in pieces whose votes are to be summed.

    Args:
        found: all that are found under the keys asked for, in any order.
        asking: in any order.
        most: a key under which more pictures are found is crowded: nobody who asks for it is answered.
        links: neighbours that a picture of a crowded key is paired with, those after it in the order of `near`.

    Cost: O(n log n) in found and asking, linear in meetings; at most `most` meetings for each that asks.
    """
    found, asking = _in_order(found, most), Asking(*(column[np.argsort(asking.key)] for column in asking))
    yield _chain(found, most, links)
    for start in range(0, len(asking.key), ASKED_AT_ONCE):
        part = Asking(*(column[start : start + ASKED_AT_ONCE] for column in asking))
        yield _answered(found, part, most)


def crowds(found: Found, most: int) -> int:
    """How many keys are crowded."""
    return int((np.unique(found.key, return_counts=True)[1] > most).sum())


def _in_order(found: Found, most: int) -> Found:
    """By key; those of a crowded key by `near`, then by picture."""
    order = np.argsort(found.key)
    found = Found(*(column[order] for column in found))
    crowded = np.flatnonzero(_crowded(found.key, most))
    if len(crowded):
        key, picture, near = (column[crowded] for column in found)
        inner = np.lexsort((picture, near, key))
        found.picture[crowded] = picture[inner]
        found.near[crowded] = near[inner]
    return found


def _crowded(key: Ints, most: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """[n] whether more than `most` of the sorted keys are the same as this one."""
    starts = np.flatnonzero(np.r_[True, key[1:] != key[:-1]]) if len(key) else np.zeros(0, np.int64)
    sizes = np.diff(np.r_[starts, len(key)])
    return np.repeat(sizes > most, sizes)


def _answered(found: Found, asking: Asking, most: int) -> Met:
    """Each that asks with each that is found under the key, where it is not crowded."""
    start, end = (np.searchsorted(found.key, asking.key, side=side) for side in ("left", "right"))
    size = end - start
    quiet = (size > 0) & (size <= most)
    counts = size[quiet]
    first = np.repeat(start[quiet] - np.r_[0, np.cumsum(counts)[:-1]], counts)
    theirs = found.picture[first + np.arange(int(counts.sum()))]
    return _paired(np.repeat(asking.picture[quiet], counts), theirs)


def _chain(found: Found, most: int, links: int) -> Met:
    """Each picture of a crowded key with the next few."""
    crowded = _crowded(found.key, most)
    ours, theirs = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for link in range(1, min(links, len(crowded) - 1) + 1):
        at = np.flatnonzero(crowded[:-link] & (found.key[link:] == found.key[:-link]))
        ours.append(found.picture[at])
        theirs.append(found.picture[at + link])
    return _paired(np.concatenate(ours), np.concatenate(theirs))


def _paired(ours: Ints, theirs: Ints) -> Met:
    """Unordered pairs of different pictures, each once with its votes."""
    left, right = np.minimum(ours, theirs), np.maximum(ours, theirs)
    different = left != right
    left, right = left[different], right[different]
    order = np.lexsort((right, left))
    left, right = left[order], right[order]
    new = np.flatnonzero(np.r_[True, (left[1:] != left[:-1]) | (right[1:] != right[:-1])]) if len(left) else order
    return Met(left[new], right[new], np.diff(np.r_[new, len(left)]).astype(np.int64))
