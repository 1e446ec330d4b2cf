"""A local feature as one integer: equal for the same spot of two copies, rare elsewhere.

A word holds the sign of every coefficient of the descriptor: 36 nearly independent bits
that each differ between copies in 2 to 6 % of cases. It is canonical under a mirror: of the
word and its mirrored twin the smaller one is taken. The index holds one word a feature; the
query also asks for the words in which its least certain signs are the other way.
"""

from itertools import product

import numpy as np
import numpy.typing as npt

from pipelines.mining.images.fingerprint.local_features import DIMENSION, ODD, Features

Words = npt.NDArray[np.int64]

MAX_FLIPS = 6
"""Signs of a word that are tried both ways at most, unless more are asked for."""

_BITS = np.int64(1) << np.arange(DIMENSION, dtype=np.int64)
_ODD_BITS = np.int64(_BITS[ODD].sum())


def index_words(features: Features, count: int) -> Words:
    """[n] the words of the first `count` features, in their order."""
    words = _words(features.descriptors[:count])
    return np.minimum(words, words ^ _ODD_BITS)


def probe_words(features: Features, count: int, flips: int) -> Words:
    """[n, 2**k] for each of the first `count` features its word, then its likely variants.

    k is `flips` for a picture with `count` features. One with half as many spends the same number
    of words on one more flip of each, up to MAX_FLIPS: it has fewer chances to be found.
    """
    n = max(1, min(count, len(features.descriptors)))
    return _variants(features, count, max(flips, min(MAX_FLIPS, (count * 2**flips // n).bit_length() - 1)))


def _words(descriptors: npt.NDArray[np.int8]) -> Words:
    words: Words = np.where(descriptors >= 0, _BITS, 0).sum(axis=1)
    return words


def _variants(features: Features, count: int, flips: int) -> Words:
    descriptors = features.descriptors[:count]
    uncertain = _BITS[np.argsort(np.abs(descriptors), axis=1, kind="stable")[:, :flips]]
    choices = np.array(list(product((0, 1), repeat=flips)), dtype=np.int64).reshape(2**flips, flips)
    variants = _words(descriptors)[:, None] ^ (uncertain @ choices.T)
    return np.minimum(variants, variants ^ _ODD_BITS)
