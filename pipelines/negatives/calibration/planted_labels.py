"""Labels to calibrate with: which notes show the same, from a corpus in which copies and quotes were planted."""

from collections import defaultdict
from itertools import combinations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


class PlantedRelations:
    """The notes that planted copies, crops and quotes relate."""

    def __init__(self, images: pa.Table, passages: pa.Table) -> None:
        """Relate the notes.

        Args:
            images: note_id, family: pictures of one family are copies or crops of one picture.
            passages: source_note, target_note, host_note: the target quotes the source, and replaces the host.
        """
        families = defaultdict(set)
        for row in images.select(["note_id", "family"]).to_pylist():
            families[row["family"]].add(row["note_id"])
        pairs = {frozenset(pair) for notes in families.values() for pair in combinations(sorted(notes), 2)}
        for row in passages.select(["source_note", "target_note", "host_note"]).to_pylist():
            pairs |= {frozenset((row["target_note"], row[side])) for side in ("source_note", "host_note")}
        self._pairs = pairs

    def related(self, one: str, other: str) -> bool:
        """Whether one note has a copy, a crop or a quote of the other, or is the other."""
        return one == other or frozenset((one, other)) in self._pairs

    def labels(self, queries: list[str], candidates: list[str]) -> NDArray[np.bool_]:
        """[n] whether each candidate's note is related to its query's."""
        return np.array([self.related(a, b) for a, b in zip(queries, candidates, strict=True)], bool)
