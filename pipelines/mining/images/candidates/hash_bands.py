"""Keys of 256-bit hashes such that no pair within a radius is missed (pigeonhole). No engine.

A hash is cut into `count` bands. If two hashes differ in at most 2 * count - 1 bits, some
band differs in at most one bit. The index holds each band as it is and with every one of its
bits turned over; a query asks for its bands as they are. Then one of its keys is in the index.
Asking costs `count` keys, so all eight turns and flips can be asked for.

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
"""Sets the keys of bands apart from other keys of a picture."""
_INDEX_BITS = 48
MIN_COUNT = 6
"""A band has at most 43 bits, so that it and its number fit into a key."""


def band_count(radius: int) -> int:
    """The fewest bands that miss no pair within `radius` bits: the fewer, the longer, the rarer.

    >>> band_count(21)
    11
    """
    return max(MIN_COUNT, radius // 2 + 1)


def index_keys(hashes: bytes, count: int) -> Keys:
    """[n, BITS + count] the keys under which each of n hashes, end to end, is found: its bands, and each with one bit off."""
    own, layout = query_keys(hashes, count), _layout(count)
    ones = own[:, layout.band] ^ layout.weight
    return np.concatenate([own, ones], axis=1)


def query_keys(hashes: bytes, count: int) -> Keys:
    """[n, count] the keys that each of n hashes, end to end, asks for."""
    layout = _layout(count)
    bits = np.unpackbits(np.frombuffer(hashes, np.uint8).reshape(-1, HASH_BYTES), axis=1)
    return np.add.reduceat(bits * layout.weight, layout.start, axis=1) | layout.prefix


class _Layout(NamedTuple):
    """Where each bit goes."""

    band: npt.NDArray[np.int64]
    """[BITS] the band of each bit."""
    weight: Keys
    """[BITS] what each bit is worth in its band's key."""
    start: npt.NDArray[np.int64]
    """[count] each band's first bit."""
    prefix: Keys
    """[count] what keys of a band begin with."""


@lru_cache(maxsize=8)
def _layout(count: int) -> _Layout:
    parts = np.array_split(np.arange(BITS), count)
    weight = np.concatenate([np.int64(1) << np.arange(len(part) - 1, -1, -1, dtype=np.int64) for part in parts])
    band = np.repeat(np.arange(count, dtype=np.int64), [len(part) for part in parts])
    prefix = _BAND_KEYS | (np.arange(count, dtype=np.int64) << np.int64(_INDEX_BITS))
    return _Layout(band, weight, np.array([part[0] for part in parts]), prefix)
