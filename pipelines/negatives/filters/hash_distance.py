"""Finds candidates with a copy, a crop or a picture similar to one of the query or a positive.

Mining must be right that two pictures show the same; the guard may be wrong now and then, since all it
costs is a candidate. So a far looser distance of the hashes that mining has made is enough here, or
that mining was in doubt: features or hashes agreed, and only the pixels did not.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

PDQ_BYTES = 32

Numbers = NDArray[np.int64]
Turns = tuple[int, ...]
"""The PDQ hash of a picture, then of its rotations and flips, as integers."""


class HashedPicture(NamedTuple):
    """A picture with its perceptual hashes."""

    sha256: str
    turns: Turns


class HashIndex(NamedTuple):
    """Perceptual hashes of the pictures of all notes."""

    by_note: Mapping[str, Sequence[HashedPicture]]
    """note_id -> its pictures."""
    doubts: frozenset[tuple[str, str]]
    """sha256_l, sha256_r of PICTURE_DOUBTS."""
    families: Mapping[str, frozenset[int]] = {}
    """note_id -> the families of its pictures: a copy of a copy, a crop of a copy, however many notes show it."""

    def is_similar(self, one: HashedPicture, other: HashedPicture, max_distance: int) -> bool:
        """Whether two pictures are within `max_distance` bits in any rotation or flip, or mining was in doubt about them."""
        pair = (one.sha256, other.sha256) if one.sha256 < other.sha256 else (other.sha256, one.sha256)
        return pair in self.doubts or pdq_distance(one.turns, other.turns) <= max_distance


def hash_index(images: pa.Table, pictures: pa.Table, doubts: pa.Table, family: Mapping[str, int]) -> HashIndex:
    """Index the pictures of all notes.

    Args:
        images: IMAGES (note_id, image_id, sha256).
        pictures: PICTURES (sha256, pdq, pdq_turns).
        doubts: PICTURE_DOUBTS (sha256_l, sha256_r).
        family: image_id -> family (`image_families`).
    """
    columns = (pictures.column(name).to_pylist() for name in ("sha256", "pdq", "pdq_turns"))
    turns = {
        sha256: (_number(pdq), *(_number(turned[k : k + PDQ_BYTES]) for k in range(0, len(turned), PDQ_BYTES)))
        for sha256, pdq, turned in zip(*columns, strict=True)
    }
    by_note: dict[str, list[HashedPicture]] = {}
    families: dict[str, set[int]] = {}
    for note_id, image_id, sha256 in zip(
        *(images.column(name).to_pylist() for name in ("note_id", "image_id", "sha256")), strict=True
    ):
        if sha256 in turns:
            by_note.setdefault(note_id, []).append(HashedPicture(sha256, turns[sha256]))
            families.setdefault(note_id, set()).add(family[image_id])
    pairs = zip(*(doubts.column(name).to_pylist() for name in ("sha256_l", "sha256_r")), strict=True)
    return HashIndex(by_note, frozenset(pairs), {note: frozenset(own) for note, own in families.items()})


def has_similar_picture(
    notes: pa.Array,
    queries: Numbers,
    candidates: Numbers,
    positives: Sequence[Sequence[int]],
    index: HashIndex,
    max_distance: int,
) -> NDArray[np.bool_]:
    """Whether the candidate's note has a copy or crop of, or a picture similar to, one of the query's or a positive's note.

    Notes and not items are compared, as components tie notes: a text of a note that copies the positive's picture is no
    clean negative either.

    Args:
        notes: [items] note_id.
        queries: [n] numbers of items.
        candidates: [n].
        positives: [n] the numbers of each row's positives.
        index: the notes' pictures; a note without pictures is similar to none.
        max_distance: PDQ bits of 256.

    Cost: two microseconds for each pair of pictures of two notes, each pair of notes once.
    """
    used = np.unique(np.concatenate([queries, candidates, np.array([p for row in positives for p in row], np.int64)]))
    note = dict(zip(used.tolist(), notes.take(pa.array(used)).to_pylist(), strict=True))

    @lru_cache(maxsize=1 << 18)
    def similar(one: str, other: str) -> bool:
        of_one_family = not index.families.get(one, frozenset()).isdisjoint(index.families.get(other, ()))
        return of_one_family or any(
            index.is_similar(a, b, max_distance) for a in index.by_note.get(one, ()) for b in index.by_note.get(other, ())
        )

    matches = np.zeros(len(queries), bool)
    for row, (query, candidate, mine) in enumerate(zip(queries.tolist(), candidates.tolist(), positives, strict=True)):
        matches[row] = any(similar(other, note[candidate]) for other in {note[i] for i in (query, *mine)})
    return matches


def pdq_distance(one: Turns, other: Turns) -> int:
    """The fewest bits in which two pictures differ, over all rotations and flips of either.

    >>> pdq_distance((0b1111, 0b1100), (0b1000, 0b0001))
    1
    >>> pdq_distance((0b1000, 0b0001), (0b1111, 0b1100))
    1
    """
    turned = [(turn ^ other[0]).bit_count() for turn in one] + [(turn ^ one[0]).bit_count() for turn in other]
    return min(turned)


def _number(pdq: bytes) -> int:
    return int.from_bytes(pdq, "big")
