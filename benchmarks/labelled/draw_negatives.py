"""Draw candidates of hard negatives to be labelled, by what the filter decided and by similarity, and write their sheets.

    .venv/bin/python -m benchmarks.labelled.draw_negatives --workspace W --root IMAGES --out FOLDER [--kept 120] [--each 26]

Every candidate that the search finds in the query's split is screened without a band; of the nearest that are left, those
that would be written go through the expensive checks. FOLDER/candidates.csv names what was decided; the sheets do not.
"""

import csv
import hashlib
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from benchmarks.false_negatives import DEPTH, FREE, BenchmarkItems, offered, opened
from benchmarks.labelled.sheets import Side, sheet_arguments, write_sheets
from pipelines.media.image_families import image_families
from pipelines.negatives import query_positives
from pipelines.negatives.filters import hash_distance, rare_grams, thumbnail_overlap
from pipelines.negatives.filters.compared_notes import ComparedNotes
from pipelines.negatives.filters.false_negative_filter import screen_candidates
from pipelines.negatives.filters.filter_block import late_filters
from pipelines.negatives.filters.mined_relations import mined_relations
from pipelines.negatives.filters.removal_reasons import KEPT, REASONS, SPLIT
from pipelines.negatives.filters.settings import Guard

COLUMNS = ["number", "query_id", "candidate_id", "task", "reason", "similarity", "quarter"]
SIMILARITY_QUARTERS = 4


def decided(bench: BenchmarkItems) -> pa.Table:
    """CANDIDATES with `reason`, the first check that removes each: "kept" for those that would be written."""
    candidates, scored = offered(bench)
    guard = Guard(margin=FREE)
    tables = bench.tables
    relations = mined_relations(tables["positives"], tables["components"], tables["items"])
    family = image_families(tables["images"], tables["mined/picture_pairs"])
    hashes = hash_distance.hash_index(tables["images"], tables["mined/pictures"], tables["mined/picture_doubts"], family)
    screen = screen_candidates(candidates, relations, scored, None, guard, hashes)
    reasons = screen.reasons.copy()
    nearest = _nearest(candidates, reasons == 0, guard.negatives)
    look = late_filters(
        ComparedNotes(screen, relations, scored),
        rare_grams.ngram_index(tables["notes"]),
        thumbnail_overlap.picture_index(tables["images"], tables["mined/pictures"], family),
        guard,
    )
    reasons[nearest] = look(nearest)
    used = np.flatnonzero((reasons > SPLIT) | np.isin(np.arange(len(reasons)), nearest))
    names = [REASONS[r].split(":")[0] for r in reasons[used].tolist()]
    return candidates.take(pa.array(used)).append_column("reason", pa.array(names))


def _nearest(candidates: pa.Table, is_left: np.ndarray, count: int) -> np.ndarray:
    """The `count` most similar rows that are left of each query and task."""
    unit = query_positives.units(candidates, query_positives.unit_names(candidates).unique())
    rows = np.flatnonzero(is_left)
    order = rows[np.lexsort((-np.asarray(candidates.column("similarity"), np.float64)[rows], unit[rows]))]
    starts = np.concatenate([[True], unit[order][1:] != unit[order][:-1]]) if len(order) else np.zeros(0, bool)
    first = np.maximum.accumulate(np.where(starts, np.arange(len(order)), 0))
    return order[np.arange(len(order)) - first < count]


def drawn(rows: pa.Table, kept: int, each: int) -> list[dict[str, Any]]:
    """`kept` of those that would be written and `each` of every reason, evenly over quarters of similarity, one a query."""
    chosen: list[dict[str, Any]] = []
    for reason in sorted(set(rows.column("reason").to_pylist())):
        mine = rows.filter(pc.equal(rows.column("reason"), reason))
        similarity = np.asarray(mine.column("similarity"), np.float64)
        limits = np.quantile(similarity, np.linspace(0, 1, SIMILARITY_QUARTERS + 1)[1:-1])
        quarters = np.searchsorted(limits, similarity)
        count = -(-(kept if reason == KEPT else each) // SIMILARITY_QUARTERS)
        queries: set[str] = set()
        listed = [row | {"quarter": int(q)} for row, q in zip(mine.to_pylist(), quarters, strict=True)]
        for quarter in range(SIMILARITY_QUARTERS):
            of_quarter = sorted((row for row in listed if row["quarter"] == quarter), key=_by_chance)
            taken = []
            for row in of_quarter:
                if row["query_id"] not in queries and len(taken) < count:
                    queries.add(row["query_id"])
                    taken.append(row)
            chosen += taken
    return sorted(chosen, key=_by_chance)


def _by_chance(row: dict[str, Any]) -> str:
    return hashlib.sha256(f"{row['query_id']} {row['candidate_id']} {row['task']}".encode()).hexdigest()


def side_of(item: dict[str, Any], uris: dict[str, str], root: Path) -> Side:
    """The first picture and the text of an item."""
    picture = next((root / uris[i] for i in item["image_ids"] or [] if i in uris), None)
    return Side(picture, item["text"] or "")


def main() -> None:
    """Draw, and write."""
    parser = sheet_arguments(__doc__)
    parser.add_argument("--kept", type=int, default=120)
    parser.add_argument("--each", type=int, default=26)
    given = parser.parse_args()
    bench = opened(SimpleNamespace(workspace=given.workspace, simple=False, bench=None))
    rows = decided(bench)
    print(f"{len(rows):,} of the nearest {DEPTH} of each query:", Counter(rows.column("reason").to_pylist()))
    chosen = drawn(rows, given.kept, given.each)
    items = {item["item_id"]: item for item in bench.items}
    images = bench.tables["images"]
    uris = dict(zip(images.column("image_id").to_pylist(), images.column("uri").to_pylist(), strict=True))
    sides = [tuple(side_of(items[row[name]], uris, given.root) for name in ("query_id", "candidate_id")) for row in chosen]
    print(len(write_sheets(given.out, sides)), "sheets,", len(chosen), "pairs")
    with (given.out / "candidates.csv").open("w", encoding="utf8", newline="") as stream:
        writer = csv.DictWriter(stream, COLUMNS, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(row | {"number": number} for number, row in enumerate(chosen))


if __name__ == "__main__":
    main()
