"""Keys of 256-bit hashes such that no pair within a radius is missed (pigeonhole). No engine.

A hash is cut into `count` bands. If two hashes differ in at most 2 * count - 1 bits, some
band differs in at most one bit. The index holds each band as it is and with every one of its
bits turned over; a query asks for its bands as they are. Then one of its keys is in the index.
Asking costs `count` keys, so all eight turns and flips can be asked for.

Source: Norouzi, Punjani, Fleet 2012, Fast search in Hamming space with multi-index hashing, section 2.
"""

import numpy as np
import numpy.typing as npt

BITS = 256
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


def index_keys(pdq: bytes, count: int) -> Keys:
    """[BITS + count] the keys under which a hash is found: its bands, and each with one bit turned over."""
    keys, ones = [], []
    for band, bits in enumerate(np.array_split(_bits(pdq), count)):
        own = _key(band, bits)
        keys.append(own)
        ones += [own ^ (np.int64(1) << np.int64(k)) for k in range(len(bits))]
    return np.array([*keys, *ones], dtype=np.int64)


def query_keys(pdq: bytes, count: int) -> Keys:
    """[count] the keys that a hash asks for."""
    return np.array([_key(band, bits) for band, bits in enumerate(np.array_split(_bits(pdq), count))], dtype=np.int64)


def _bits(pdq: bytes) -> npt.NDArray[np.uint8]:
    return np.unpackbits(np.frombuffer(pdq, np.uint8))


def _key(band: int, bits: npt.NDArray[np.uint8]) -> np.int64:
    value = np.int64(int.from_bytes(np.packbits(bits).tobytes(), "big") >> (-len(bits) % 8))
    return np.int64(_BAND_KEYS | (np.int64(band) << np.int64(_INDEX_BITS)) | value)
