"""Hard negatives: search, guard and choice of the job against mine_hard_negatives and FlagEmbedding's script.

    .venv-bench/bin/python -m benchmarks.peers.negatives [--size 100000] [--queries 2000]

100 k vectors (benchmarks/peers/vectors.py): topics, whose items are true negatives, and groups of 6 or 24 with one content.
A false negative shows the content of its query. All are given the vectors; all that can use them get the mined relations.
"""

import argparse
import random
from collections import defaultdict
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa

from benchmarks import peer_miner
from benchmarks.peers.measure import CORES, Contender, Row, rows_of
from benchmarks.peers.show import table
from benchmarks.peers.vectors import TASK, name, world
from benchmarks.watch import Watch

TITLE = "Hard negatives"
COLUMNS = ("group", "pairs", "negatives", "false", "false_share", "unlike")
GROUPS = (6, 24)
"""Items that show one content: what mining ties, and what went round. The smaller come with more queries: as many items."""
Found = dict[tuple[int, int], list[int]]
"""(query, positive) -> candidates, by number."""


def ours(size: int, queries: int, many: int, preset: str, taken: Watch) -> Found:
    """Exact search of 100, ties, guard and choice, as in jobs/mine_hard_negatives.py."""
    from pipelines.negatives import query_positives
    from pipelines.negatives.filters.false_negative_filter import CANDIDATES, SCORED_POSITIVES, screen_candidates
    from pipelines.negatives.filters.mined_relations import mined_relations
    from pipelines.negatives.filters.score_margins import MarginSettings
    from pipelines.negatives.filters.settings import Guard
    from pipelines.negatives.search.exact_dot import dot_products
    from pipelines.negatives.search.exact_search import Search, exact
    from pipelines.negatives.select_negatives import select_negatives

    given = world(size, queries, many)
    settings = Guard(margin=MarginSettings(preset=preset))
    rows = np.unique(given.pairs[:, 0])
    ids = np.array([name(n) for n in range(size)])
    with taken:
        relations = mined_relations(given.tables["positives"], given.tables["components"], given.tables["items"])
        wanted = query_positives.pairs(given.tables["positives"], settings.positives_per_query)
        wanted = wanted.filter(pa.compute.is_in(wanted.column("query_id"), pa.array(ids[rows])))
        scores = dot_products(given.vectors[_numbers(wanted, "query_id")], given.vectors[_numbers(wanted, "positive_id")])
        scored = wanted.append_column("similarity", pa.array(scores)).cast(SCORED_POSITIVES)
        best = exact(given.vectors[rows], given.vectors, 100, Search())
        columns = [np.repeat(ids[rows], 100), np.full(best.rows.size, TASK), ids[best.rows.ravel()], best.scores.ravel()]
        candidates = pa.table([pa.array(c) for c in columns], names=CANDIDATES.names).cast(CANDIDATES)
        made = select_negatives(screen_candidates(candidates, relations, scored, None, settings), wanted, None, None, settings)
    return _by_pair(made.rows)


def _numbers(rows: pa.Table, column: str) -> np.ndarray:
    return np.array([int(i[5:]) for i in rows.column(column).to_pylist()])


def _by_pair(rows: pa.Table) -> Found:
    found: Found = defaultdict(list)
    for q, p, c in zip(*(_numbers(rows, f"{side}_id") for side in ("query", "positive", "candidate")), strict=True):
        found[int(q), int(p)].append(int(c))
    return dict(found)


def in_sentence_transformers(size: int, queries: int, many: int, options: dict[str, Any], taken: Watch) -> Found:
    """mine_hard_negatives with vectors for a model; every mined positive of a query is a row of its dataset."""
    import datasets  # noqa: F401  # imports are in nobody's time
    import sentence_transformers.util  # noqa: F401

    given = world(size, queries, many)
    ids = [[name(n) for n in side] for side in given.pairs.T.tolist()]
    wanted = pa.table([*ids, [TASK] * len(given.pairs)], names=["query_id", "positive_id", "task"])
    items = given.tables["items"].column("item").to_pylist()
    with taken:
        rows, _ = peer_miner.mined(items, given.vectors, wanted, **options)
    return _by_pair(rows)


def in_flag_embedding(size: int, queries: int, many: int, taken: Watch) -> Found:
    """What its scripts/hn_mine.py does, in our words (the package has no miner): 15 at random of the 10th to 210th nearest.

    Equality with the query or a listed positive is all that is refused; what is short is filled with any item.
    """
    import faiss

    given, draw = world(size, queries, many), random.Random(0)
    positives: dict[int, set[int]] = defaultdict(set)
    for q, p in given.pairs.tolist():
        positives[q].add(p)
    with taken:
        index = faiss.IndexFlatIP(given.vectors.shape[1])
        index.add(given.vectors)
        asks, found = list(positives), {}
        for begin in range(0, len(asks), 64):
            part = asks[begin : begin + 64]
            _, near = index.search(given.vectors[part], 210)
            for q, row in zip(part, near.tolist(), strict=True):
                left = [c for c in row[10:] if c != q and c not in positives[q]]
                picked = draw.sample(left, 15) if len(left) > 15 else left
                picked += draw.sample(range(size), 15 - len(picked))
                found |= {(q, p): picked for p in positives[q]}
    return found


def counted(found: Found, size: int, queries: int, many: int) -> dict[str, Any]:
    """Negatives of all pairs; false ones; and those that are of another topic than their query: too easy to teach much."""
    given = world(size, queries, many)
    both = np.array([(q, c) for (q, _), candidates in found.items() for c in candidates])
    false = int((given.group[both[:, 0]] == given.group[both[:, 1]]).sum())
    far = (given.vectors[both[:, 0]] * given.vectors[both[:, 1]]).sum(axis=1) < 0.25
    share = round(false / len(both), 5)
    return {
        "group": many,
        "pairs": len(found),
        "negatives": len(both),
        "false": false,
        "false_share": share,
        "unlike": round(float(far.mean()), 4),
    }


def run(size: int = 100_000, queries: int = 2000) -> list[Row]:
    """Every contender's row."""
    example = {"range_min": 10, "range_max": 50, "max_score": 0.8, "relative_margin": 0.05, "num_negatives": 5}
    st = "sentence-transformers mine_hard_negatives"
    contenders: list[Contender] = [
        ("ours", "the paper's band, 0.5 to 0.7", ours, ("uninote-band",)),
        ("ours", "nv-percpos-0.95", ours, ("nv-percpos-0.95",)),
        ("ours", "no margin: ties alone", ours, ("free",)),
        (st, "defaults", in_sentence_transformers, ({},)),
        (st, "its guide's example", in_sentence_transformers, (example | {"sampling_strategy": "random", "use_faiss": True},)),
        (st, "as ours: relative margin 0.05, top 100, 8", in_sentence_transformers, (peer_miner.AS_OURS,)),
        ("FlagEmbedding hn_mine", "defaults: 10 to 210, 15", in_flag_embedding, ()),
    ]
    rows: list[Row] = []
    for many in GROUPS:
        given = (size, queries * GROUPS[0] // many, many)
        numbers = partial(counted, size=given[0], queries=given[1], many=many)
        rows += [row | {"group": many} for row in rows_of(contenders, *given, numbers=numbers)]
    return rows


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=100_000)
    parser.add_argument("--queries", type=int, default=2000)
    asked_for = parser.parse_args()
    print(f"{TITLE} on {CORES} cores\n\n{table(run(asked_for.size, asked_for.queries), COLUMNS)}")
