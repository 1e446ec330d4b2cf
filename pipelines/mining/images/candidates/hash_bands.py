"""Band keys of 256-bit hashes that miss no pair within a radius (pigeonhole). No engine.

A hash is cut into `count` bands. If two hashes differ in at most 2 * count - 1 bits, some
band differs in at most one bit. The index has each band unchanged and with every single one of its
bits flipped; a query has its bands unchanged. Then one of its keys is in the index.
A query costs `count` keys, so all eight turns and flips can be queried.

Source: Norouzi, Punjani, Fleet 2012, Fast search in Hamming space with multi-index hashing, section 2.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

BITS = 256
HASH_BYTES = BITS // 8
Keys = npt.NDArray[np.int64]

_BAND_KEYS = np.int64(1) << np.int64(61)
"""Set in the keys of bands, so that they differ from all other keys of a picture."""
_INDEX_BITS = 48
MIN_COUNT = 6
"""A band has at most 43 bits, so that it and its number fit into a key."""


def band_count(radius: int) -> int:
    """The fewest bands that miss no pair within `radius` bits; fewer bands are longer and rarer.

    >>> band_count(21)
    11
    """
    return max(MIN_COUNT, radius // 2 + 1)


def index_keys(hashes: bytes, count: int) -> Keys:
    """[n, BITS + count] the index keys of n hashes, end to end: the bands of each, and each band with one bit flipped."""
    own, layout = query_keys(hashes, count), _layout(count)
    ones = own[:, layout.band] ^ layout.weight
    return np.concatenate([own, ones], axis=1)


def query_keys(hashes: bytes, count: int) -> Keys:
    """[n, count] the query keys of n hashes, end to end: the bands of each."""
    layout = _layout(count)
    bits = np.unpackbits(np.frombuffer(hashes, np.uint8).reshape(-1, HASH_BYTES), axis=1)
    return np.add.reduceat(bits * layout.weight, layout.start, axis=1) | layout.prefix


class _Layout(NamedTuple):
    """The place of each bit in the keys."""

    band: npt.NDArray[np.int64]
    """[BITS] the band of each bit."""
    weight: Keys
    """[BITS] value of each bit in the key of its band."""
    start: npt.NDArray[np.int64]
    """[count] each band's first bit."""
    prefix: Keys
    """[count] the upper bits of the keys of a band."""


@lru_cache(maxsize=8)
def _layout(count: int) -> _Layout:
    parts = np.array_split(np.arange(BITS), count)
    weight = np.concatenate([np.int64(1) << np.arange(len(part) - 1, -1, -1, dtype=np.int64) for part in parts])
    band = np.repeat(np.arange(count, dtype=np.int64), [len(part) for part in parts])
    prefix = _BAND_KEYS | (np.arange(count, dtype=np.int64) << np.int64(_INDEX_BITS))
    return _Layout(band, weight, np.array([part[0] for part in parts]), prefix)
