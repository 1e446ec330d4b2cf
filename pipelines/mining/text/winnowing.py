"""Winnowing: selects a small share of a text's grams by content, the same wherever a passage is in its text. No engine."""

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
    """[n] hash of its characters."""
    ends: Places
    """[n] index at which it ends (exclusive)."""
    owner: Places
    """[n] its text."""
    whole: Flags
    """[n] whether it ends within its text."""


@dataclass(frozen=True, slots=True)
class Fingerprints:
    """The fingerprints of a batch of texts; each value at most once a text."""

    values: NDArray[np.int64]
    """[m] the hashes."""
    owner: Places
    """[m] the text."""
    at: Places
    """[m] index in the batch of the character at which it first begins in that text."""
    until: Places
    """[m] index at which it ends there (exclusive), with all that lies between its grams."""


def grams(codes: Codes, bounds: Bounds, columns: int) -> Grams:
    """For each character the shortest run that begins with it and is `columns` wide.

    A Chinese, Japanese or Korean character is two columns, as on a terminal: it carries about as
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


def winnowed(grams: Grams, window: int) -> Fingerprints:
    """The smallest gram of every `window` grams in a row.

    Two texts that share a run of characters holding `window` whole grams share one of these:
    any run that is columns + 2 * (window - 1) wide, or with letters alone columns + window - 1.

    Source: Schleimer, Wilkerson, Aiken 2003, "Winnowing", section 3 (the rightmost of equals).
    """
    return _distinct(grams, grams.hashes, grams.ends, _smallest(grams, grams.whole, window))


def linked(grams: Grams, reach: int, window: int) -> Fingerprints:
    """Pairs of short grams: the second is the one of the `reach` that follow the first with which the two hash lowest.

    An edit between the two does not change the pair, so a retyped passage keeps more of these
    than of grams as long as both. First grams are winnowed. Two texts that share a run of
    2 * columns + reach + window - 2 letters share one.

    Source: Sahlin 2021, "Effective sequence similarity detection with strobemers" (randstrobes),
    with winnowed first strobes.
    """
    n = len(grams.hashes)
    lowest, until = np.full(n, HIGHEST), grams.ends.copy()
    whole = np.zeros(n, bool)
    for step in range(reach if n else 0):
        second = np.minimum(grams.ends + step, n - 1)
        fits = (grams.ends + step < n) & grams.whole & grams.whole[second] & (grams.owner[second] == grams.owner)
        value = _mixed(grams.hashes ^ _mixed(grams.hashes[second]))
        better = fits & (value < lowest)
        lowest[better], until[better] = value[better], grams.ends[second[better]]
        whole |= fits
    return _distinct(grams, lowest, until, _smallest(grams, whole, window))


def _smallest(grams: Grams, whole: Flags, window: int) -> Places:
    """Indices of the smallest gram of each window of whole grams; a text with fewer grams is one window."""
    n = len(whole)
    hashes = np.where(whole, grams.hashes, HIGHEST)
    best, place = hashes.copy(), np.arange(n)
    full = whole.copy()
    for step in range(1, window):
        same, left = np.zeros(n, bool), max(0, n - step)  # all texts together may be shorter than a window
        same[:left] = whole[step:] & (grams.owner[step:] == grams.owner[:left])
        other = np.roll(hashes, -step)
        better = same & (other <= best)
        best[better], place[better] = other[better], np.flatnonzero(better) + step
        full &= same
    first = np.ones(n, bool)
    first[1:] = grams.owner[1:] != grams.owner[:-1]
    return np.unique(place[full | (first & whole)])


def _distinct(grams: Grams, hashes: Hashes, until: Places, selected: Places) -> Fingerprints:
    order = selected[np.argsort(hashes[selected], kind="stable")]
    repeated = np.zeros(len(order), bool)
    repeated[1:] = (hashes[order][1:] == hashes[order][:-1]) & (grams.owner[order][1:] == grams.owner[order][:-1])
    kept = order[~repeated]
    return Fingerprints(hashes[kept].view(np.int64), grams.owner[kept], kept, until[kept])


def widths(codes: Codes) -> Places:
    """[n] columns of each character: 2 for a Chinese, Japanese or Korean one, 1 for any other."""
    is_wide = np.zeros(len(codes), bool)
    for low, high in _WIDE:
        is_wide |= (codes >= low) & (codes <= high)
    return np.where(is_wide, 2, 1)


def _mixed(x: Hashes) -> Hashes:
    """A one-to-one mix of 64 bits: each bit of x affects every bit of the result. Source: Steele et al. 2014, SplitMix64."""
    x = (x + np.uint64(0x9E3779B97F4A7C15)).astype(np.uint64)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))
