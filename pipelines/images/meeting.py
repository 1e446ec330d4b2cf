"""Which pictures meet under a key: rows in the order of their keys -> pairs. No engine.

A key has the pictures that are found under it and the pictures that ask for it. Each asking
one meets each found one, unless the key is crowded: then the found ones are tied by a chain.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Ints = npt.NDArray[np.int64]
MOST_ROWS = 200_000
"""Rows that are worked on at a time: enough for numpy to be at ease, few enough for the cache."""


class Rows(NamedTuple):
    """n rows in the order of their keys; within a key in the order of the pictures' hashes."""

    key: Ints
    picture: Ints
    asked: npt.NDArray[np.bool_]


class Met(NamedTuple):
    """Pairs l < r, each once, and under how many keys they met."""

    l: Ints  # noqa: E741  # the field's word for the left side of a pair
    r: Ints
    votes: Ints
    crowded: int
    """Keys that were crowded."""


def whole_runs(batches: Iterable[pa.RecordBatch]) -> Iterator[Rows]:
    """The batches' rows (key, picture, asked, sorted by key), cut anew so that no key is in two pieces.

    Cost: linear in rows, also where one key has most of them: what is held is joined anew only when it has doubled.
    """
    kept: list[Rows] = []
    held, wanted = 0, MOST_ROWS
    for batch in batches:
        key, picture, asked = (batch.column(name).to_numpy(zero_copy_only=False) for name in Rows._fields)
        rows = Rows(key, picture, asked)
        kept.append(rows)
        held += len(rows.key)
        if held < wanted:
            continue
        joined = _joined(kept)
        last = int(np.searchsorted(joined.key, joined.key[-1]))
        if last:
            yield _part(joined, slice(None, last))
        kept = [_part(joined, slice(last, None))]
        held = len(kept[0].key)
        wanted = max(MOST_ROWS, 2 * held)
    if held:
        yield _joined(kept)


def met_under(rows: Rows, most: int, links: int) -> Met:
    """The pairs of pictures that meet under a key of `rows`.

    Args:
        rows: whole keys.
        most: a key under which more pictures are found is crowded.
        links: neighbours that a picture of a crowded key is paired with, those after it in the rows' order.

    Cost: linear in rows and meetings; at most `most` meetings for each that asks.
    """
    found, asking = np.flatnonzero(~rows.asked), np.flatnonzero(rows.asked)
    found_key = rows.key[found]
    start, end = (np.searchsorted(found_key, rows.key[asking], side=side) for side in ("left", "right"))
    size = end - start
    quiet = (size > 0) & (size <= most)
    counts = size[quiet]
    first = np.repeat(start[quiet] - np.r_[0, np.cumsum(counts)[:-1]], counts)
    theirs = rows.picture[found[first + np.arange(int(counts.sum()))]]
    ours = np.repeat(rows.picture[asking[quiet]], counts)
    chain = _chain(found_key, rows.picture[found], most, links)
    return _paired(np.concatenate([ours, chain.l]), np.concatenate([theirs, chain.r]), chain.crowded)


def _joined(parts: list[Rows]) -> Rows:
    return Rows(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def _part(rows: Rows, part: slice) -> Rows:
    return Rows(rows.key[part], rows.picture[part], rows.asked[part])


def _chain(key: Ints, picture: Ints, most: int, links: int) -> Met:
    """Each picture of a crowded key with the next few."""
    starts = np.flatnonzero(np.r_[True, key[1:] != key[:-1]]) if len(key) else np.zeros(0, np.int64)
    sizes = np.diff(np.r_[starts, len(key)])
    crowded = np.repeat(sizes > most, sizes)
    ours, theirs = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for link in range(1, links + 1):
        at = np.flatnonzero(crowded[:-link] & (key[link:] == key[:-link])) if len(key) > link else np.zeros(0, np.int64)
        ours.append(picture[at])
        theirs.append(picture[at + link])
    both = np.concatenate(ours), np.concatenate(theirs)
    return Met(*both, np.ones(len(both[0]), np.int64), int((sizes > most).sum()))


def _paired(ours: Ints, theirs: Ints, crowded: int) -> Met:
    """Unordered pairs of different pictures, each once with its votes."""
    left, right = np.minimum(ours, theirs), np.maximum(ours, theirs)
    different = left != right
    left, right = left[different], right[different]
    order = np.lexsort((right, left))
    left, right = left[order], right[order]
    new = np.flatnonzero(np.r_[True, (left[1:] != left[:-1]) | (right[1:] != right[:-1])]) if len(left) else order
    return Met(left[new], right[new], np.diff(np.r_[new, len(left)]).astype(np.int64), crowded)
