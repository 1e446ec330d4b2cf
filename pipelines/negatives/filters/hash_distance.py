"""Candidates whose picture looks like one of the query's or of a positive's, though mining could not verify it.

Mining must be right that two pictures show the same; the guard may be wrong now and then, since all
it costs is a candidate. So a far looser look at the hashes that mining has made is enough here, or that
mining was in doubt: features or hashes agreed, and only the pixels did not.
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
"""The PDQ hash of a picture, then of its turns and flips, as integers."""


class Look(NamedTuple):
    """A picture."""

    sha256: str
    turns: Turns


class Looks(NamedTuple):
    """What is known of all pictures."""

    shown: Mapping[str, Sequence[Look]]
    """note_id -> its pictures."""
    doubts: frozenset[tuple[str, str]]
    """sha256_l, sha256_r of PICTURE_DOUBTS."""

    def alike(self, one: Look, other: Look, most: int) -> bool:
        """Whether their hashes are within `most` bits in any turn, or mining was in doubt."""
        pair = (one.sha256, other.sha256) if one.sha256 < other.sha256 else (other.sha256, one.sha256)
        return pair in self.doubts or bits(one.turns, other.turns) <= most


def looks(images: pa.Table, pictures: pa.Table, doubts: pa.Table) -> Looks:
    """Of IMAGES (note_id, sha256), PICTURES (sha256, pdq, pdq_turns) and PICTURE_DOUBTS (sha256_l, sha256_r)."""
    turns = {
        sha256: (_number(pdq), *(_number(turned[k : k + PDQ_BYTES]) for k in range(0, len(turned), PDQ_BYTES)))
        for sha256, pdq, turned in zip(*(pictures.column(c).to_pylist() for c in ("sha256", "pdq", "pdq_turns")), strict=True)
    }
    shown: dict[str, list[Look]] = {}
    for note_id, sha256 in zip(images.column("note_id").to_pylist(), images.column("sha256").to_pylist(), strict=True):
        if sha256 in turns:
            shown.setdefault(note_id, []).append(Look(sha256, turns[sha256]))
    both = zip(*(doubts.column(name).to_pylist() for name in ("sha256_l", "sha256_r")), strict=True)
    return Looks(shown, frozenset(both))


def alike(
    notes: pa.Array, queries: Numbers, candidates: Numbers, positives: Sequence[Sequence[int]], known: Looks, most: int
) -> NDArray[np.bool_]:
    """Whether a picture of the candidate's note looks like one of the query's or a positive's note (`Looks.alike`).

    Notes and not items are compared, as components tie notes: a text of a note that copies the positive's
    picture is no clean negative either.

    Args:
        notes: [items] note_id.
        queries: [n] numbers of items.
        candidates: [n].
        positives: [n] the numbers of each row's positives.
        known: the notes' pictures; a note without is like none.
        most: PDQ bits of 256.

    Cost: two microseconds for each pair of pictures of two notes, each pair of notes once.
    """
    wanted = np.unique(np.concatenate([queries, candidates, np.array([p for row in positives for p in row], np.int64)]))
    note = dict(zip(wanted.tolist(), notes.take(pa.array(wanted)).to_pylist(), strict=True))

    @lru_cache(maxsize=1 << 18)
    def near(one: str, other: str) -> bool:
        return any(known.alike(a, b, most) for a in known.shown.get(one, ()) for b in known.shown.get(other, ()))

    found = np.zeros(len(queries), bool)
    for row, (query, candidate, answers) in enumerate(zip(queries.tolist(), candidates.tolist(), positives, strict=True)):
        found[row] = any(near(other, note[candidate]) for other in {note[i] for i in (query, *answers)})
    return found


def bits(one: Turns, other: Turns) -> int:
    """The fewest bits in which two pictures differ, at the best turn or flip of either: turns are of the straightened picture.

    >>> bits((0b1111, 0b1100), (0b1000, 0b0001))
    1
    >>> bits((0b1000, 0b0001), (0b1111, 0b1100))
    1
    """
    turned = [(turn ^ other[0]).bit_count() for turn in one] + [(turn ^ one[0]).bit_count() for turn in other]
    return min(turned)


def _number(pdq: bytes) -> int:
    return int.from_bytes(pdq, "big")
