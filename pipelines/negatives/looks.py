"""Candidates whose picture looks like one of the query's or of a positive's, though mining could not verify it.

Mining must be right that two pictures show the same; the guard may be wrong now and then, since all
it costs is a candidate. So a far looser look at the hashes that mining has made is enough here.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

PDQ_BYTES = 32

Numbers = NDArray[np.int64]
Hashes = Mapping[str, tuple[int, ...]]
"""image_id -> the PDQ hash of the picture, then of its turns and flips, as integers."""


def hashes(images: pa.Table, pictures: pa.Table) -> Hashes:
    """The hashes of every picture: from IMAGES (image_id, sha256) and PICTURES (sha256, pdq, pdq_turns)."""
    turns = {
        sha256: (_number(pdq), *(_number(turned[k : k + PDQ_BYTES]) for k in range(0, len(turned), PDQ_BYTES)))
        for sha256, pdq, turned in zip(*(pictures.column(c).to_pylist() for c in ("sha256", "pdq", "pdq_turns")), strict=True)
    }
    both = zip(images.column("image_id").to_pylist(), images.column("sha256").to_pylist(), strict=True)
    return {image_id: turns[sha256] for image_id, sha256 in both if sha256 in turns}


def alike(
    items: pa.Array, queries: Numbers, candidates: Numbers, positives: Sequence[Sequence[int]], known: Hashes, most: int
) -> NDArray[np.bool_]:
    """Whether a picture of the candidate is within `most` bits of one of the query's or of a positive's, in any turn.

    Args:
        items: [items] ITEM.
        queries: [n] numbers of items.
        candidates: [n].
        positives: [n] the numbers of each row's positives.
        known: hashes of the pictures; one without is like none.
        most: PDQ bits of 256.

    Cost: two microseconds for each pair of pictures of a row.
    """
    shown: dict[int, list[Any]] = {}
    wanted = np.unique(np.concatenate([queries, candidates, np.array([p for row in positives for p in row], np.int64)]))
    for number, image_ids in zip(wanted.tolist(), items.take(pa.array(wanted)).field("image_ids").to_pylist(), strict=True):
        shown[number] = [known[i] for i in image_ids or () if i in known]

    @lru_cache(maxsize=1 << 18)
    def near(one: int, other: int) -> bool:
        return any(bits(a, b) <= most for a in shown[one] for b in shown[other])

    rows = zip(queries.tolist(), candidates.tolist(), positives, strict=True)
    return np.array([any(near(other, candidate) for other in (query, *answers)) for query, candidate, answers in rows], bool)


def bits(one: tuple[int, ...], other: tuple[int, ...]) -> int:
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
