"""Visual words: a local feature as one integer, mostly equal for the same spot of two copies and rare elsewhere. No engine.

A word holds the sign of every coefficient of the descriptor: 36 nearly independent bits
that each differ between copies in 2 to 6 % of cases. It is canonical under a mirror: of the
word and its mirrored twin the smaller one is taken. The index has one word a feature; a
query also has the words with its least certain signs flipped (multi-probe).
"""

from itertools import product

import numpy as np
import numpy.typing as npt

from pipelines.mining.images.fingerprint.local_features import DIMENSION, ODD, Features

Words = npt.NDArray[np.int64]

MAX_PROBE_BITS = 6
"""Most bits of a word that a picture with few features flips, unless the settings say more."""

_BITS = np.int64(1) << np.arange(DIMENSION, dtype=np.int64)
_ODD_BITS = np.int64(_BITS[ODD].sum())


def index_words(features: Features, count: int) -> Words:
    """[n] the words of the first `count` features, in their order."""
    words = _words(features.descriptors[:count])
    return np.minimum(words, words ^ _ODD_BITS)


def probe_words(features: Features, count: int, probe_bits: int) -> Words:
    """[n, 2**k] for each of the first `count` features its word, then its likely variants.

    k is `probe_bits` for a picture with `count` features. One with half as many spends the same number
    of words on one more bit of each, up to MAX_PROBE_BITS: it has fewer words to match.
    """
    n = max(1, min(count, len(features.descriptors)))
    return _variants(features, count, max(probe_bits, min(MAX_PROBE_BITS, (count * 2**probe_bits // n).bit_length() - 1)))


def _words(descriptors: npt.NDArray[np.int8]) -> Words:
    words: Words = np.where(descriptors >= 0, _BITS, 0).sum(axis=1)
    return words


def _variants(features: Features, count: int, probe_bits: int) -> Words:
    descriptors = features.descriptors[:count]
    uncertain = _BITS[np.argsort(np.abs(descriptors), axis=1, kind="stable")[:, :probe_bits]]
    choices = np.array(list(product((0, 1), repeat=probe_bits)), dtype=np.int64).reshape(2**probe_bits, probe_bits)
    variants = _words(descriptors)[:, None] ^ (uncertain @ choices.T)
    return np.minimum(variants, variants ^ _ODD_BITS)
