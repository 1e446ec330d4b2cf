"""Relations between notes, and of counterfactuals to the removed part, by the planted truth of bench/build.py."""

from collections import defaultdict
from itertools import combinations
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.media.passage_match import containment


class PlantedTruth:
    """Planted families of pictures and quoted passages."""

    def __init__(self, folder: Path) -> None:
        """Read truth/images.parquet, truth/passages.parquet and truth/aliases.parquet."""
        images = pq.read_table(folder / "images.parquet").to_pylist()
        self.family = {row["image_id"]: row["family"] for row in images}
        by_family = defaultdict(set)
        for row in images:
            by_family[row["family"]].add(row["note_id"])
        self._related = {frozenset(pair) for notes in by_family.values() for pair in combinations(sorted(notes), 2)}
        for row in pq.read_table(folder / "passages.parquet").to_pylist():
            self._related |= {frozenset((row["target_note"], row[side])) for side in ("source_note", "host_note")}

    def related(self, one: str, other: str) -> bool:
        """Whether one note contains a copy, a crop or a quote of the other, or is the same note."""
        return one == other or frozenset((one, other)) in self._related

    def leaks(self, rows: pa.Table, items: dict[str, dict[str, Any]], note: dict[str, str]) -> list[dict[str, Any]]:
        """List false HARD_NEGATIVES: retrieved ones related to the query or the positive, generated ones that contain the part.

        Args:
            rows: HARD_NEGATIVES.
            items: ITEM by item_id, of the generated negatives and their queries.
            note: note_id by item_id, of all items.
        """
        false = []
        for row in rows.to_pylist():
            if row["source"] == "rule":
                wrong = self._still_contains(items[row["candidate_id"]], items[row["query_id"]])
            else:
                here = note[row["candidate_id"]]
                wrong = self.related(note[row["query_id"]], here) or self.related(note[row["positive_id"]], here)
            if wrong:
                false.append(row)
        return false

    def _still_contains(self, left: dict[str, Any], part: dict[str, Any]) -> bool:
        families = {self.family.get(i, i) for i in part["image_ids"]}
        if any(self.family.get(i, i) in families for i in left["image_ids"]):
            return True
        return part["kind"] in ("text", "ocr") and containment(part["text"], left["text"] or "") >= 0.5
