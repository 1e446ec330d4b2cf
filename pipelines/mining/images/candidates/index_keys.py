"""The keys of a picture: what it is found under, and what it asks for. No engine.

Words of its local features, and bands of its hashes.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from pipelines.engines.column_blocks import Ints
from pipelines.mining.images.candidates import hash_bands
from pipelines.mining.images.candidates.visual_words import index_words, probe_words
from pipelines.mining.images.fingerprint.feature_codec import unpack
from pipelines.mining.images.settings import Match

AMONG_FLAT = np.int64(1) << np.int64(60)
"""Set in the keys under which flat pictures wait for the one that they are an overexposed copy of."""
KEYED = ("sha256", "pdq", "pdq_turns", "pdq_exposed", "surface", "features")
"""Columns of PICTURES that keys are made of."""


def picture_number(sha256: str) -> int:
    """A picture as an integer, for joins: the first 60 bits of its sha256.

    Should two pictures have one number (a chance of 1 in 200 at 100 M pictures), their
    candidates are looked at for both of them.
    """
    return int(sha256[:15], 16)


def keys_of(row: Mapping[str, Any], settings: Match) -> tuple[hash_bands.Keys, hash_bands.Keys]:
    """What a picture is found under, and what it asks for.

    All flat pictures have much the same hash: among themselves only the very same one is worth a
    look, and they wait apart for the picture that they are an overexposed copy of.

    Args:
        row: KEYED columns.
        settings: which keys.

    Cost: 0.2 ms; about 370 keys and 550.
    """
    count = hash_bands.band_count(settings.hash_radius)
    features = unpack(row["features"])
    words = index_words(features, settings.words)
    probes = probe_words(features, settings.words, settings.flips).ravel()
    if row["surface"] == "flat":
        own = hash_bands.query_keys(row["pdq"], count).ravel()
        waiting = hash_bands.index_keys(row["pdq"], count).ravel() | AMONG_FLAT
        return np.concatenate([words, own, waiting]), np.concatenate([probes, own])
    exposed = hash_bands.query_keys(row["pdq_exposed"], count).ravel()
    asked = hash_bands.query_keys(row["pdq_turns"], count).ravel()
    indexed = hash_bands.index_keys(row["pdq_turns"][: hash_bands.HASH_BYTES], count).ravel()
    return np.concatenate([words, indexed]), np.concatenate([probes, exposed, exposed | AMONG_FLAT, asked])


def near_of(pdq: bytes) -> int:
    """A hash's first 64 bits: pictures that are alike have numbers near each other, most of the time."""
    return int.from_bytes(pdq[:8], "big", signed=True)


def end_to_end(keys: Sequence[hash_bands.Keys]) -> tuple[hash_bands.Keys, Ints]:
    """All keys of all pictures, and each one's picture's place in the list."""
    return np.concatenate([np.zeros(0, np.int64), *keys]), np.repeat(np.arange(len(keys)), [len(own) for own in keys])
