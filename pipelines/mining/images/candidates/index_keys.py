"""The keys of a picture: those it is indexed under, and those it is queried with. No engine.

Visual words of its local features, and bands of its hashes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple

import numpy as np
from pydantic import Field

from pipelines.engines.column_blocks import Ints
from pipelines.mining.images.candidates import hash_bands
from pipelines.mining.images.candidates.visual_words import index_words, probe_words
from pipelines.mining.images.fingerprint.feature_codec import unpack

FLAT_PICTURE_BIT = np.int64(1) << np.int64(60)
"""Set in the keys under which flat pictures are indexed for the picture that they are an overexposed copy of."""
KEY_COLUMNS = ("sha256", "pdq", "pdq_turns", "pdq_exposed", "surface", "features")
"""Columns of PICTURES that keys are computed from."""


@dataclass(frozen=True, kw_only=True)
class IndexKeys:
    """Settings of `picture_keys`."""

    indexed_features: Annotated[int, Field(ge=0, le=10_000)] = 128
    """Strongest local features per picture that are indexed and queried, one visual word each; 0 for hashes alone.
    Source: measured, dev/log.md: 128 with 2 probe bits have a higher recall than 64 with 3, and fewer false candidates."""
    probe_bits: Annotated[int, Field(ge=0, le=6)] = 2
    """Multi-probe: the n least certain bits of each visual word are also queried flipped, so 2**n keys a word."""
    hash_radius: Annotated[int, Field(ge=0, le=64)] = 21
    """Bits of the PDQ hash within which every pair of pictures is a candidate, in any turn or flip; a wider radius needs
    shorter keys, which more pictures share."""


class PictureKeys(NamedTuple):
    """The keys of one picture; a key may come twice."""

    indexed: hash_bands.Keys
    """[n] it is in the index under these."""
    queried: hash_bands.Keys
    """[m] it queries the index with these."""


def picture_number(sha256: str) -> int:
    """A picture as an integer, for joins: the first 60 bits of its sha256.

    Should two pictures have one number (a chance of 1 in 200 at 100 M pictures), their
    candidates are compared with both of them.
    """
    return int(sha256[:15], 16)


def picture_keys(row: Mapping[str, Any], settings: IndexKeys) -> PictureKeys:
    """The keys of a picture.

    All flat pictures have much the same hash: among themselves only equal hashes make a candidate,
    and they have keys of their own for the picture that they are an overexposed copy of.

    Args:
        row: KEY_COLUMNS.
        settings: which keys.

    Cost: 0.2 ms; about 370 indexed keys and 550 queried ones.
    """
    count = hash_bands.band_count(settings.hash_radius)
    features = unpack(row["features"])
    words = index_words(features, settings.indexed_features)
    probes = probe_words(features, settings.indexed_features, settings.probe_bits).ravel()
    if row["surface"] == "flat":
        own = hash_bands.query_keys(row["pdq"], count).ravel()
        flat = hash_bands.index_keys(row["pdq"], count).ravel() | FLAT_PICTURE_BIT
        return PictureKeys(np.concatenate([words, own, flat]), np.concatenate([probes, own]))
    exposed = hash_bands.query_keys(row["pdq_exposed"], count).ravel()
    turned = hash_bands.query_keys(row["pdq_turns"], count).ravel()
    indexed = hash_bands.index_keys(row["pdq_turns"][: hash_bands.HASH_BYTES], count).ravel()
    queried = np.concatenate([probes, exposed, exposed | FLAT_PICTURE_BIT, turned])
    return PictureKeys(np.concatenate([words, indexed]), queried)


def hash_order(pdq: bytes) -> int:
    """A hash's first 64 bits: similar pictures are mostly neighbours in the order of this number."""
    return int.from_bytes(pdq[:8], "big", signed=True)


def flattened(keys: Sequence[hash_bands.Keys]) -> tuple[hash_bands.Keys, Ints]:
    """[n] all keys of all pictures, and [n] the place in the list of the picture that each belongs to."""
    return np.concatenate([np.zeros(0, np.int64), *keys]), np.repeat(np.arange(len(keys)), [len(own) for own in keys])
