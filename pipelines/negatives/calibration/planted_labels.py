"""Which notes show the same, by a corpus that says so: labels to calibrate with."""

from collections import defaultdict
from itertools import combinations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


class Planted:
    """Families of pictures and quoted passages, as they were planted."""

    def __init__(self, images: pa.Table, passages: pa.Table) -> None:
        """Tie the notes.

        Args:
            images: note_id, family: pictures of one family are copies or crops of one picture.
            passages: source_note, target_note, host_note: the target quotes the source, and stands in for the host.
        """
        families = defaultdict(set)
        for row in images.select(["note_id", "family"]).to_pylist():
            families[row["family"]].add(row["note_id"])
        ties = {frozenset(pair) for notes in families.values() for pair in combinations(sorted(notes), 2)}
        for row in passages.select(["source_note", "target_note", "host_note"]).to_pylist():
            ties |= {frozenset((row["target_note"], row[side])) for side in ("source_note", "host_note")}
        self._ties = ties

    def related(self, one: str, other: str) -> bool:
        """Whether one note holds a copy, a crop or a quote of the other, or is the other."""
        return one == other or frozenset((one, other)) in self._ties

    def labels(self, queries: list[str], candidates: list[str]) -> NDArray[np.bool_]:
        """[n] whether each candidate's note is related to its query's."""
        return np.array([self.related(a, b) for a, b in zip(queries, candidates, strict=True)], bool)
