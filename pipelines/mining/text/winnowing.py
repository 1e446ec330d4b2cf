"""Which fingerprints stand for a text: a small, content-chosen share of its grams, the same wherever the words stand."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

HIGHEST = np.uint64(0xFFFF_FFFF_FFFF_FFFF)
_WIDE = ((0x1100, 0x115F), (0x2E80, 0xA4CF), (0xA960, 0xA97C), (0xAC00, 0xD7A3), (0xF900, 0xFAFF), (0x20000, 0x3FFFD))

Codes = NDArray[np.uint32]
Bounds = NDArray[np.int64]
Hashes = NDArray[np.uint64]
Places = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Grams:
    """The gram that starts at each character of a batch of texts."""

    hashes: Hashes
    """[n] of its characters."""
    ends: Places
    """[n] where it ends (exclusive)."""
    owner: Places
    """[n] the text it is in."""
    whole: Flags
    """[n] whether it ends within its text."""


@dataclass(frozen=True, slots=True)
class Fingerprints:
    """The fingerprints chosen for a batch of texts, at most one of a kind per text."""

    values: NDArray[np.int64]
    """[m] the hashes."""
    owner: Places
    """[m] the text."""
    at: Places
    """[m] the character of the batch at which it first stands in that text."""


def grams(codes: Codes, bounds: Bounds, columns: int) -> Grams:
    """The shortest run of characters from each on that is `columns` wide.

    A Chinese, Japanese or Korean character is two columns, as on a terminal: it says about as
    much as two letters, so one setting serves both kinds of script.
    """
    n = len(codes)
    width = np.concatenate([[0], np.cumsum(widths(codes))])
    owner = np.repeat(np.arange(len(bounds) - 1), np.diff(bounds))
    ends = np.searchsorted(width, width[:-1] + columns)
    hashes = np.zeros(n, np.uint64)
    spelled = codes.astype(np.uint64) + np.uint64(1)
    for step in range(min(columns, n)):
        inside = np.arange(n - step) + step < ends[: n - step]
        hashes[: n - step][inside] = _mixed(hashes[: n - step][inside] ^ spelled[step:][inside])
    return Grams(hashes, ends, owner, ends <= bounds[1:][owner])


def winnowed(found: Grams, window: int) -> Fingerprints:
    """The smallest gram of every `window` grams in a row.

    Two texts that share a run of characters holding `window` whole grams share one of these:
    any run that is columns + 2 * (window - 1) wide, or with letters alone columns + window - 1.

    Source: Schleimer, Wilkerson, Aiken 2003, "Winnowing", section 3 (the rightmost of equals).
    """
    return _distinct(found, found.hashes, _smallest(found, found.whole, window))


def linked(found: Grams, reach: int, window: int) -> Fingerprints:
    """Pairs of short grams, the second one of the `reach` that follow the first: where the two hash lowest.

    An edit between the two leaves the pair as it was, so a retyped passage keeps more of these
    than of grams as long as both. First grams are winnowed. Two texts that share a run of
    2 * columns + reach + window - 2 letters share one.

    Source: Sahlin 2021, "Effective sequence similarity detection with strobemers" (randstrobes),
    with winnowed first strobes.
    """
    n = len(found.hashes)
    lowest = np.full(n, HIGHEST)
    whole = np.zeros(n, bool)
    for step in range(reach if n else 0):
        second = np.minimum(found.ends + step, n - 1)
        fits = (found.ends + step < n) & found.whole & found.whole[second] & (found.owner[second] == found.owner)
        value = _mixed(found.hashes ^ _mixed(found.hashes[second]))
        lowest = np.where(fits, np.minimum(lowest, value), lowest)
        whole |= fits
    return _distinct(found, lowest, _smallest(found, whole, window))


def _smallest(found: Grams, whole: Flags, window: int) -> Places:
    """Where the smallest of each window of whole grams stands; a text with fewer grams is one window."""
    n = len(whole)
    hashes = np.where(whole, found.hashes, HIGHEST)
    best, place = hashes.copy(), np.arange(n)
    full = whole.copy()
    for step in range(1, window):
        same, left = np.zeros(n, bool), max(0, n - step)  # all texts together may be shorter than a window
        same[:left] = whole[step:] & (found.owner[step:] == found.owner[:left])
        other = np.roll(hashes, -step)
        better = same & (other <= best)
        best[better], place[better] = other[better], np.flatnonzero(better) + step
        full &= same
    first = np.ones(n, bool)
    first[1:] = found.owner[1:] != found.owner[:-1]
    return np.unique(place[full | (first & whole)])


def _distinct(found: Grams, hashes: Hashes, chosen: Places) -> Fingerprints:
    order = chosen[np.argsort(hashes[chosen], kind="stable")]
    again = np.zeros(len(order), bool)
    again[1:] = (hashes[order][1:] == hashes[order][:-1]) & (found.owner[order][1:] == found.owner[order][:-1])
    kept = order[~again]
    return Fingerprints(hashes[kept].view(np.int64), found.owner[kept], kept)


def widths(codes: Codes) -> Places:
    """[n] columns of each character: 2 for a Chinese, Japanese or Korean one, 1 for any other."""
    is_wide = np.zeros(len(codes), bool)
    for low, high in _WIDE:
        is_wide |= (codes >= low) & (codes <= high)
    return np.where(is_wide, 2, 1)


def _mixed(x: Hashes) -> Hashes:
    """Each bit of x in every bit of the answer; one to one. Source: Steele et al. 2014, SplitMix64."""
    x = (x + np.uint64(0x9E3779B97F4A7C15)).astype(np.uint64)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))
