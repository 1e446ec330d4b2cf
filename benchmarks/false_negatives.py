"""The share of false negatives with and without each guard, against the planted truth of bench/build.py.

    python -m benchmarks.false_negatives --workspace W --bench BENCH [--simple] [--only NAME ...] [--json FILE]

Vectors are those that jobs/mine_hard_negatives.py has left in the workspace (--simple: simple features stand in, which say
nothing of a real encoder). The band is fitted on half of
the queries by the planted truth and measured on the other half. sentence-transformers' mine_hard_negatives
is run on the same vectors where the package is installed.
"""

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks import peer_miner
from benchmarks.simple_vectors import image_vectors, item_vectors
from pipelines.media.image_families import image_families
from pipelines.negatives import query_positives
from pipelines.negatives.calibration.fit_band import FitBand, FittedBand, LabelledCandidates, fit_band
from pipelines.negatives.calibration.similarity_histogram import histogram_text
from pipelines.negatives.counterfactuals import CounterfactualSettings, counterfactuals
from pipelines.negatives.filters import hash_distance, rare_grams, thumbnail_overlap
from pipelines.negatives.filters.compared_notes import ComparedNotes
from pipelines.negatives.filters.false_negative_filter import CANDIDATES, SCORED_POSITIVES, screen_candidates
from pipelines.negatives.filters.filter_block import late_filters
from pipelines.negatives.filters.mined_relations import MinedRelations, mined_relations
from pipelines.negatives.filters.score_margins import MarginSettings
from pipelines.negatives.filters.settings import Guard
from pipelines.negatives.search.exact_dot import dot_products
from pipelines.negatives.search.exact_search import Search, by_group
from pipelines.negatives.search.maxsim import best_notes_by_group, maxsim
from pipelines.negatives.select_negatives import RULE_NEGATIVES, SelectedNegatives, select_negatives
from pipelines.workspace.workspace import Workspace
from schemas.datasets import COMPONENTS, POSITIVES
from schemas.errors import DataError
from testkit.planted_truth import PlantedTruth

DEPTH = 100
FREE = MarginSettings(preset="free")
PERCPOS = MarginSettings(preset="nv-percpos-0.95")
OFF = 2.0
"""A standing that no passage reaches."""


@dataclass(frozen=True)
class BenchmarkItems:
    """A workspace with vectors."""

    tables: dict[str, pa.Table]
    items: list[dict[str, Any]]
    vectors: np.ndarray
    """[items, d]."""
    elements: np.ndarray
    """[elements, d] of the whole notes, those of a note side by side."""
    starts: np.ndarray
    """[items + 1] the elements of each item that is a note."""


def opened(given: argparse.Namespace) -> BenchmarkItems:
    """Read the workspace, and make or read its vectors."""
    workspace = Workspace(str(given.workspace))
    names = (
        "positives",
        "components",
        "items",
        "notes",
        "images",
        "mined/picture_pairs",
        "mined/pictures",
        "mined/picture_doubts",
    )
    tables = {name: pa.concat_tables([pq.read_table(f) for f in workspace.files(name)]) for name in names}
    items = tables["items"].column("item").to_pylist()
    if given.simple:
        vectors = item_vectors(items, image_vectors(tables["images"], given.bench / "images"))
    else:
        table = pa.concat_tables([pq.read_table(f, columns=["item_id", "vector"]) for f in workspace.files("embeddings")])
        of = dict(zip(table.column("item_id").to_pylist(), table.column("vector").to_pylist(), strict=True))
        dimensions = next(len(vector) for vector in of.values() if vector)
        vectors = np.array([of.get(i["item_id"]) or [0.0] * dimensions for i in items], np.float32)
    own = {i["image_ids"][0]: row for row, i in enumerate(items) if i["kind"] == "image"}
    shown = [
        [own[i] for i in item["image_ids"] if i in own] + [row] if item["kind"] == "note" else []
        for row, item in enumerate(items)
    ]
    rows = np.array([e for elements in shown for e in elements])
    return BenchmarkItems(tables, items, vectors, vectors[rows], np.concatenate([[0], np.cumsum([len(s) for s in shown])]))


def offered(bench: BenchmarkItems) -> tuple[pa.Table, pa.Table]:
    """CANDIDATES and SCORED_POSITIVES of every query and task, each within its split."""
    number = {i["item_id"]: row for row, i in enumerate(bench.items)}
    split = np.asarray(bench.tables["items"].column("split").combine_chunks().dictionary_encode().indices)
    kind = np.array([i["kind"] for i in bench.items])
    pairs = query_positives.pairs(bench.tables["positives"])
    found, scores = [], np.full(len(pairs), np.nan, np.float32)
    tasks = np.array(pairs.column("task").to_pylist())
    query, target = (np.array([number[i] for i in pairs.column(c).to_pylist()]) for c in ("query_id", "positive_id"))
    for task in np.unique(tasks):
        mine, rows = np.flatnonzero(tasks == task), np.unique(query[tasks == task])
        asks, wanted = bench.vectors[rows], str(task).rsplit("_", 1)[-1]
        if wanted == "note":
            owners = np.repeat(np.arange(len(kind)), np.diff(bench.starts))
            best = best_notes_by_group(asks, split[rows], bench.elements, split[owners], owners, DEPTH, Search())
            scores[mine] = maxsim(
                bench.vectors[query[mine]], bench.elements, bench.starts[target[mine]], bench.starts[target[mine] + 1]
            )
        else:
            pool = np.flatnonzero(np.isin(kind, ["image", "crop"] if wanted == "image" else [wanted]))
            best = by_group(asks, split[rows], bench.vectors[pool], split[pool], DEPTH, Search())
            best = best._replace(rows=np.where(best.rows < 0, -1, pool[best.rows]))
            scores[mine] = dot_products(bench.vectors[query[mine]], bench.vectors[target[mine]])
        ids = np.array([i["item_id"] for i in bench.items])
        there = best.rows >= 0
        columns = [
            np.repeat(ids[rows], there.sum(axis=1)),
            np.full(there.sum(), task),
            ids[best.rows[there]],
            best.scores[there],
        ]
        found.append(pa.table([pa.array(c) for c in columns], names=CANDIDATES.names).cast(CANDIDATES))
    return pa.concat_tables(found), pairs.append_column("similarity", pa.array(scores)).cast(SCORED_POSITIVES)


def fitted(
    bench: BenchmarkItems, candidates: pa.Table, scored: pa.Table, relations: MinedRelations, truth: PlantedTruth
) -> tuple[FittedBand, pa.Table]:
    """The band for these vectors by the planted truth, of what the earlier guards leave (half of the queries)."""
    screen = screen_candidates(candidates, relations, scored, None, Guard(margin=FREE, max_ngram_overlap=OFF))
    note = {i["item_id"]: i["note_id"] for i in bench.items}
    left = np.flatnonzero((screen.reasons == 0) & _half(candidates, 0))
    rows, half = candidates.take(pa.array(left)), scored.filter(pa.array(_half(scored, 0)))
    names = query_positives.unit_names(half).unique()
    both = zip(rows.column("query_id").to_pylist(), rows.column("candidate_id").to_pylist(), strict=True)
    relevant = np.array([truth.related(note[q], note[c]) for q, c in both])
    labels = LabelledCandidates(
        query_positives.units(rows, names), np.asarray(rows.column("similarity"), np.float64), relevant,
        query_positives.units(half, names), np.asarray(half.column("similarity"), np.float64),
    )  # fmt: skip
    return fit_band(labels, "benchmark", FitBand())


def _half(rows: pa.Table, which: int) -> np.ndarray:
    """The queries of one half: by the last digit of their id."""
    return np.array([int(q[-1], 16) % 2 == which for q in rows.column("query_id").to_pylist()])


def variants(
    bench: BenchmarkItems, candidates: pa.Table, scored: pa.Table, wanted: pa.Table, rules: pa.Table, band: MarginSettings
) -> dict[str, Callable[[], SelectedNegatives]]:
    """The guard with parts of it on and off, by name."""
    positives, components, items = (bench.tables[t] for t in ("positives", "components", "items"))
    own = ("component_id", "content_group")
    alone = pa.table({c: components.column("note_id" if c in own else c) for c in COMPONENTS.columns.names})
    none = POSITIVES.columns.empty_table()
    full, only_components = mined_relations(positives, components, items), mined_relations(none, components, items)
    only_pairs, nothing = mined_relations(positives, alone, items), mined_relations(none, alone, items)
    images, pictures, doubts = (bench.tables[t] for t in ("images", "mined/pictures", "mined/picture_doubts"))
    family = image_families(images, bench.tables["mined/picture_pairs"])
    seen, on = hash_distance.hash_index(images, pictures, doubts, family), Guard().max_ngram_overlap

    ngrams = rare_grams.ngram_index(bench.tables["notes"])
    small = thumbnail_overlap.picture_index(images, pictures, family)

    def run(
        relations: MinedRelations,
        margin: MarginSettings,
        standing: float,
        pictures: hash_distance.HashIndex | None = None,
        last: bool = False,
    ) -> Callable[[], SelectedNegatives]:
        settings = Guard(margin=margin, max_ngram_overlap=standing)

        def work() -> SelectedNegatives:
            screen = screen_candidates(candidates, relations, scored, None, settings, pictures)
            look = late_filters(ComparedNotes(screen, relations, scored), ngrams, small, settings) if last else None
            return select_negatives(screen, wanted, rules, None, settings, look)

        return work

    return {
        "no guard": run(nothing, FREE, OFF),
        "components alone": run(only_components, FREE, OFF),
        "mined pairs alone": run(only_pairs, FREE, OFF),
        "band alone": run(nothing, band, OFF),
        "percpos alone": run(nothing, PERCPOS, OFF),
        "texts alone": run(nothing, FREE, on),
        "looks alone": run(nothing, FREE, OFF, seen),
        "words and pixels alone": run(nothing, FREE, OFF, last=True),
        "all but components": run(only_pairs, band, on, seen, True),
        "all but mined pairs": run(only_components, band, on, seen, True),
        "all but the band": run(full, FREE, on, seen, True),
        "all but texts": run(full, band, OFF, seen, True),
        "all but looks": run(full, band, on, last=True),
        "all but words and pixels": run(full, band, on, seen),
        "all": run(full, band, on, seen, True),
        "all, uninote-band": run(full, MarginSettings(preset="uninote-band"), on, seen, True),
        "all, nv-percpos-0.95": run(full, PERCPOS, on, seen, True),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workspace", type=Path, required=True)
    parser.add_argument("--bench", type=Path, required=True)
    parser.add_argument("--simple", action="store_true")
    parser.add_argument(
        "--only", nargs="+", metavar="NAME", help="of the rows of the table; `all` alone stands beside the peer"
    )
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    bench, truth = opened(given), PlantedTruth(given.bench / "truth")
    begun = time.monotonic()
    candidates, scored = offered(bench)
    print(f"search {time.monotonic() - begun:.1f} s of all queries, {len(candidates)} candidates")
    band = _band(bench, candidates, scored, truth)
    tables = (bench.tables[t] for t in ("positives", "notes", "images", "mined/picture_pairs"))
    made = counterfactuals(*tables, CounterfactualSettings())
    print(f"rule-made {len(made.rows)}, not made {made.counts}")
    wanted = query_positives.pairs(bench.tables["positives"], Guard().positives_per_query)
    wanted, candidates = (rows.filter(pa.array(_half(rows, 1))) for rows in (wanted, candidates))
    shown = {i["item_id"]: i for i in [*bench.items, *made.rows.column("item").to_pylist()]}
    note = {item_id: i["note_id"] for item_id, i in shown.items()}
    print(f"{'guard':<24}{'negatives':>10}{'false':>7}{'share':>9}{'short':>7}{'seconds':>9}")
    results = {}
    every = variants(bench, candidates, scored, wanted, _rule_table(made.rows), band)
    if unknown := set(given.only or ()) - every.keys():
        parser.error(f"--only {sorted(unknown)}: rows are {list(every)}")
    for name, work in every.items():
        if given.only and name not in given.only:
            continue
        begun = time.monotonic()
        out = work()
        seconds, false = time.monotonic() - begun, truth.leaks(out.rows, shown, note)
        share = len(false) / max(1, len(out.rows))
        results[name] = {"negatives": len(out.rows), "false": len(false), "share": share, "short": len(out.shortfalls)}
        print(f"{name:<24}{len(out.rows):>10}{len(false):>7}{share:>9.5f}{len(out.shortfalls):>7}{seconds:>9.1f}")
        if name == "all":
            print("  candidates:", {k: v for k, v in out.counts.items() if v})
            for row in false[:20]:
                print(f"  false: {note[row['query_id']]} {row['task']} {note[row['candidate_id']]} {row['source']}")
    print(_peer(bench, wanted, truth, shown, note, results))
    if given.json:
        given.json.write_text(json.dumps(results))


def _peer(
    bench: BenchmarkItems,
    wanted: pa.Table,
    truth: PlantedTruth,
    shown: dict[str, Any],
    note: dict[str, str],
    results: dict[str, Any],
) -> str:
    """A line on sentence-transformers' miner with the same vectors."""
    if not peer_miner.INSTALLED:
        return "sentence-transformers is not installed: mine_hard_negatives was not run"
    rows, seconds = peer_miner.mined(bench.items, bench.vectors, wanted, **peer_miner.AS_OURS)
    false = len(truth.leaks(rows, shown, note))
    share = false / max(1, len(rows))
    results["mine_hard_negatives"] = {"negatives": len(rows), "false": false, "share": share, "seconds": seconds}
    return f"{'mine_hard_negatives':<24}{len(rows):>10}{false:>7}{share:>9.5f}{'':>7}{seconds:>9.1f} with its search"


def _band(bench: BenchmarkItems, candidates: pa.Table, scored: pa.Table, truth: PlantedTruth) -> MarginSettings:
    """The fitted band, printed; no band if none meets the target."""
    relations = mined_relations(*(bench.tables[t] for t in ("positives", "components", "items")))
    try:
        found, table = fitted(bench, candidates, scored, relations, truth)
    except DataError as error:
        print(error)
        return FREE
    print(histogram_text(table, {"tau_min": found.tau_min, "tau_max": found.tau_max}), found.to_json(), sep="\n")
    return MarginSettings(preset="free", floor=found.tau_min, ceiling=found.tau_max)


def _rule_table(rows: pa.Table) -> pa.Table:
    candidate = pc.struct_field(rows.column("item"), "item_id")
    columns = [rows.column("query_id"), rows.column("positive_id"), candidate, pa.nulls(len(rows), pa.float32())]
    return pa.table(columns, names=RULE_NEGATIVES.names).cast(RULE_NEGATIVES)


if __name__ == "__main__":
    main()
