"""Synthetic fingerprints with the distribution of real ones, and planted copies: PICTURES rows without pictures.

A synthetic picture is a real one with random bits flipped, in all its eight turns alike. A turn
permutes the 16 x 16 coefficients of a PDQ hash and negates some: measured on 987 real pictures, the four
turns with quarter turns in them transpose, the others leave every bit in its place. Flipping a bit
is the same in a negated one. So flips F of the picture are F or F transposed in each turn. A planted
copy is one of the eight turns with some bits, up to the radius, flipped.
"""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from pipelines.mining.images.candidates.candidate_step import picture_number
from pipelines.mining.images.fingerprint.feature_codec import pack, unpack
from pipelines.mining.images.fingerprint.local_features import DIMENSION, Features
from pipelines.mining.images.fingerprint.perceptual_hashes import TURNS
from schemas.intermediate import PICTURES

Bits = npt.NDArray[np.uint8]

FLIP_RATE = 0.15
"""Share of a hash's bits that are flipped. Unrelated pictures then differ in 127.8 +- 8.3 bits and share 1.4e-4 band
keys, like 930 unrelated real pictures (127.8 +- 8.3, 1.1e-4); 0.2 gives 0.5e-4, 0.1 gives 7e-4."""
SIGN_RATE = 0.03
"""Share of a word's signs that are flipped. 996 unrelated pictures then have 12.4 candidates each by visual words, 996 real
ones 11.5 (of 987 others: 24 at 0.02, 3.6 at 0.05, 12.2 real)."""
SAME_FLAT = 0.5
"""Share of flat pictures that keep the exact hash of a real flat picture."""
PLANTED = 0.05
"""Share of the pictures that are planted copies of another."""
CHUNK = 10_000
TRANSPOSED = np.array([abs(turn[0, 1]) > 0.5 for turn in TURNS])
"""[8] turns that swap the axes."""
COMPOSED = np.array([[next(k for k in range(8) if np.allclose(TURNS[k], s @ t)) for t in TURNS] for s in TURNS])
"""[8, 8]: turn s after turn t is turn COMPOSED[s, t]."""


@dataclass(frozen=True, slots=True)
class RealPictures:
    """n real pictures with different content."""

    turns: Bits
    """[n, 8, 256]"""
    exposed: Bits
    """[n, 256]"""
    flat: npt.NDArray[np.bool_]
    features: list[bytes]


def real_pictures(mined: Path) -> RealPictures:
    """Read one picture of each group with the same content from a workspace's `mined` folder."""
    names = ["sha256", "pdq_turns", "pdq_exposed", "surface", "features"]
    rows = pa.concat_tables([pq.read_table(f, columns=names) for f in sorted(mined.glob("pictures/*.parquet"))])
    rows = rows.sort_by("sha256")
    place = {sha256: n for n, sha256 in enumerate(rows["sha256"].to_pylist())}
    same = [pq.read_table(f, columns=["sha256_l", "sha256_r"]) for f in sorted(mined.glob("picture_pairs/*.parquet"))]
    l, r = ([place[s] for s in pa.concat_tables(same)[side].to_pylist()] for side in ("sha256_l", "sha256_r"))  # noqa: E741
    _, group = connected_components(coo_matrix((np.ones(len(l)), (l, r)), shape=(len(place), len(place))))
    kept = rows.take(pa.array(np.unique(group, return_index=True)[1]))
    return RealPictures(
        _bits(kept["pdq_turns"].to_pylist()).reshape(-1, 8, 256),
        _bits(kept["pdq_exposed"].to_pylist()).reshape(-1, 256),
        np.array([surface == "flat" for surface in kept["surface"].to_pylist()]),
        kept["features"].to_pylist(),
    )


def write_synthetic(real: RealPictures, size: int, radius: int, words: bool, folder: Path, seed: int) -> npt.NDArray[np.int64]:
    """Write `size` synthetic PICTURES to `folder`; returns [n, 2] picture numbers l < r of planted copies.

    Args:
        real: pictures to derive them from.
        size: number of pictures.
        radius: maximum number of bits in which planted copies differ.
        words: whether they have features (and random hashes, which never match), or only hashes.
        folder: for the Parquet files, CHUNK pictures each.
        seed: random seed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    pool = np.concatenate([unpack(content).descriptors for content in real.features])
    planted = []
    for start in range(0, size, CHUNK):
        rng = np.random.default_rng([seed, start])
        count = min(CHUNK, size - start)
        base = rng.integers(0, len(real.flat), count)
        columns, copies = _hashes(real, base, radius, rng) if not words else (_random_hashes(count, rng), np.zeros((0, 2), int))
        columns["features"] = [_features(real, n, pool, rng) if words else EMPTY for n in base]
        numbers = write_pictures(columns, start, folder / f"part-{start:09}.parquet")
        planted.append(np.sort(numbers[copies], axis=1))
    return np.concatenate(planted)


def write_hot_groups(
    real: RealPictures, copies: int, blanks: int, folder: Path
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Write `copies` of one meme (0 to 4 bits flipped, same words) and `blanks` of one flat frame; returns picture numbers."""
    folder.mkdir(parents=True, exist_ok=True)
    meme = next(n for n in np.flatnonzero(~real.flat) if len(unpack(real.features[n]).descriptors) > 150)
    blank = int(np.flatnonzero(real.flat)[0])
    numbers_of: list[npt.NDArray[np.int64]] = []
    for which, count, features in ((meme, copies, real.features[meme]), (blank, blanks, EMPTY)):
        numbers = []
        for start in range(0, count, CHUNK):
            n = min(CHUNK, count - start)
            rng = np.random.default_rng([which, start])
            off = _some_bits(rng.integers(0, 5, n) if which == meme else np.zeros(n, int), rng)
            base = np.full(n, which)
            columns = _packed(real.turns[base] ^ _in_turns(off), real.exposed[base] ^ off, real.flat[base])
            columns["features"] = [features] * n
            part = f"{'copy' if which == meme else 'blank'}-{start:09}"
            numbers.append(write_pictures(columns, 10**9 * (which == meme) + start, folder / f"{part}.parquet"))
        numbers_of.append(np.concatenate(numbers))
    return numbers_of[0], numbers_of[1]


def write_pictures(columns: dict[str, Any], first: int, path: Path) -> npt.NDArray[np.int64]:
    """Write PICTURES rows, with columns missing in `columns` empty; returns picture numbers."""
    count = len(columns["features"])
    sha256 = [hashlib.sha256(str(first + n).encode()).hexdigest() for n in range(count)]
    zeros = {
        "width": 288,
        "height": 216,
        "phash": 0,
        "quality": 100,
        "thumbnail": b"",
        "working_picture": b"",
        "feature_count": 0,
    }
    filled = columns | {"sha256": sha256} | {name: [value] * count for name, value in zeros.items()}
    pq.write_table(pa.table({name: filled[name] for name in PICTURES.columns.names}, schema=PICTURES.columns), path)
    return np.array([picture_number(s) for s in sha256])


def _hashes(
    real: RealPictures, base: npt.NDArray[np.int64], radius: int, rng: np.random.Generator
) -> tuple[dict[str, Any], Any]:
    """Derive hashes, the last PLANTED of the photos being copies of the first; also returns [n, 2] pairs of copies."""
    flat = real.flat[base]
    off = (rng.random((len(base), 256), dtype=np.float32) < FLIP_RATE).astype(np.uint8)
    off[flat & (rng.random(len(base)) < SAME_FLAT)] = 0
    turns = real.turns[base] ^ _in_turns(off)
    exposed = real.exposed[base] ^ off
    photos = np.flatnonzero(~flat)
    n = max(1, int(len(base) * PLANTED))
    donor, copy = photos[:n], photos[-n:]
    turn = rng.integers(0, 8, n)
    edits = _some_bits(rng.integers(0, radius + 1, n), rng)
    turns[copy] = turns[donor[:, None], COMPOSED[:, turn].T] ^ _in_turns(edits)
    exposed[copy] = exposed[donor] ^ edits
    return _packed(turns, exposed, flat), np.stack([donor, copy], axis=1)


def _random_hashes(count: int, rng: np.random.Generator) -> dict[str, Any]:
    return _packed(*(rng.integers(0, 2, s, np.uint8) for s in ((count, 8, 256), (count, 256))), np.zeros(count, bool))


def _features(real: RealPictures, like: int, pool: npt.NDArray[np.int8], rng: np.random.Generator) -> bytes:
    """Draw as many features as picture `like` has, from any pictures, with some signs flipped."""
    features = unpack(real.features[like])
    drawn = pool[rng.integers(0, len(pool), len(features.descriptors))]
    return pack(replace(features, descriptors=np.where(rng.random(drawn.shape) < SIGN_RATE, -drawn, drawn).astype(np.int8)))


def _some_bits(counts: npt.NDArray[np.int64], rng: np.random.Generator) -> Bits:
    """Draw [n, 256] bits with the given number of ones per row."""
    order = np.argsort(rng.random((len(counts), 256), dtype=np.float32), axis=1)
    return (np.argsort(order, axis=1) < counts[:, None]).astype(np.uint8)


def _in_turns(off: Bits) -> Bits:
    """Expand [n, 256] bit flips to [n, 8, 256], the same flips in each turn."""
    across = off.reshape(-1, 16, 16).transpose(0, 2, 1).reshape(-1, 256)
    return np.where(TRANSPOSED[:, None], across[:, None], off[:, None])


def _packed(turns: Bits, exposed: Bits, flat: npt.NDArray[np.bool_]) -> dict[str, Any]:
    packed = np.packbits(turns, axis=2)
    return {
        "pdq": [row.tobytes() for row in packed[:, 0]],
        "pdq_turns": [row.tobytes() for row in packed],
        "pdq_exposed": [row.tobytes() for row in np.packbits(exposed, axis=1)],
        "surface": np.where(flat, "flat", "photo").tolist(),
    }


def _bits(hashes: list[bytes]) -> Bits:
    return np.unpackbits(np.frombuffer(b"".join(hashes), np.uint8))


EMPTY = pack(Features(np.zeros((0, 2), np.float32), np.zeros(0, np.float32), np.zeros((0, DIMENSION), np.int8), (1, 1)))
"""A picture without features."""
