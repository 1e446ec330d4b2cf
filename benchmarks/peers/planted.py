"""Scores pairs against planted truth: pictures by the rules of bench/score.py, texts and vectors by pairs."""

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

Pair = tuple[str, str]


class PlantedPictures:
    """Planted families of pictures, to score pairs of pictures."""

    def __init__(self, images: Iterable[dict[str, Any]], aliases: Iterable[dict[str, str]]) -> None:
        """Take the rows of truth/images.parquet and truth/aliases.parquet."""
        self.of = {row["image_id"]: row for row in images}
        self._aliases = {frozenset((row["a"], row["b"])) for row in aliases}
        self._members: dict[str, set[tuple[str, bool]]] = defaultdict(set)
        for row in self.of.values():
            self._members[row["family"]].add((row["note_id"], row["kind"] == "crop"))

    @classmethod
    def read(cls, bench: Path) -> "PlantedPictures":
        """Read the truth of a benchmark built by build.py."""
        return cls(*(pq.read_table(bench / "truth" / f"{name}.parquet").to_pylist() for name in ("images", "aliases")))

    def counted(self, pairs: Iterable[Pair]) -> dict[str, float | int]:
        """Compute recall of copies and of crops, and precision, for pairs of any kind and direction.

        A copy is found when a pair ties it to another of its family, a crop likewise. Pairs within a note do not count, nor do
        pairs of families that look alike on their own. Either is asked for where another note shows its picture whole.
        """
        right = wrong = 0
        tied: set[str] = set()
        for pair in {frozenset(p) for p in pairs}:
            if len(pair) < 2 or not pair <= self.of.keys():
                continue
            a, b = (self.of[i] for i in pair)
            if a["note_id"] == b["note_id"]:
                continue
            if a["family"] == b["family"]:
                right += 1
                tied |= pair
            elif frozenset((a["family"], b["family"])) not in self._aliases:
                wrong += 1
        return {
            "copies": self._recall("copy", tied),
            "crops": self._recall("crop", tied),
            "precision": share(right, right + wrong),
            "right": right,
            "wrong": wrong,
        }

    def _recall(self, kind: str, tied: set[str]) -> float:
        expected = [
            i
            for i, row in self.of.items()
            if row["kind"] == kind and any(n != row["note_id"] and not is_crop for n, is_crop in self._members[row["family"]])
        ]
        return share(sum(i in tied for i in expected), len(expected))


def counted_pairs(pairs: Iterable[Pair], planted: set[Pair], also: set[Pair] | None = None) -> dict[str, float | int]:
    """Compute recall and precision of pairs in either direction; pairs in `also` are true but not required."""
    expected, free = ({frozenset(p) for p in some} for some in (planted, also or ()))
    found = {frozenset(p) for p in pairs if p[0] != p[1]}
    right, more = len(found & expected), len((found & free) - expected)
    return {
        "recall": share(right, len(expected)),
        "precision": share(right + more, len(found)),
        "right": right,
        "wrong": len(found) - right - more,
    }


def share(part: int, whole: int) -> float:
    """Compute a share, rounded to four places; 0 if the whole is 0."""
    return round(part / whole, 4) if whole else 0.0
