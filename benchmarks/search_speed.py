"""Seconds of our exact search against bare faiss IndexFlatIP on the same vectors, in one run, at the same threads.

    python -m benchmarks.search_speed [--rows 100000] [--dimensions 256] [--queries 1000] [--k 100] [--threads 1]

Both are run in turn `--rounds` times and the medians are compared. The vectors are seeded: half of
the corpus in clusters, so that scores stand close, and one in ten rows twice. The search by cells is
measured_recall beside them, with its recall.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import faiss
import numpy as np

from pipelines.negatives.search.exact_search import Search, exact
from pipelines.negatives.search.ivf import IvfSettings, ivf_lookup, ivf_search, measured_recall, train_centres


def made(rows: int, dimensions: int, queries: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Queries near rows of the corpus, and the corpus; unit length."""
    rng = np.random.default_rng(seed)
    corpus = rng.standard_normal((rows, dimensions), dtype=np.float32)
    clustered = rows // 2
    middle = rng.standard_normal((clustered // 50 + 1, dimensions), dtype=np.float32)
    corpus[:clustered] = middle[np.arange(clustered) // 50] + 0.5 * corpus[:clustered]
    corpus[::10] = corpus[1::10][: len(corpus[::10])]
    asked = corpus[rng.integers(0, rows, queries)] + 0.5 * rng.standard_normal((queries, dimensions), dtype=np.float32)
    return tuple(v / np.linalg.norm(v, axis=1, keepdims=True) for v in (asked, corpus))  # type: ignore[return-value]


def seconds(work: Callable[[], object]) -> float:
    """Of one call."""
    started = time.monotonic()
    work()
    return time.monotonic() - started


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("rows", 100_000), ("dimensions", 256), ("queries", 1000), ("k", 100), ("threads", 1), ("rounds", 5)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    faiss.omp_set_num_threads(given.threads)
    queries, corpus = made(given.rows, given.dimensions, given.queries)
    index = faiss.IndexFlatIP(given.dimensions)
    index.add(corpus)
    bare, ours = [], []
    for _ in range(given.rounds):
        bare.append(seconds(lambda: index.search(queries, given.k)))
        ours.append(seconds(lambda: exact(queries, corpus, given.k, Search())))
    cells, sure = IvfSettings(), exact(queries, corpus, given.k, Search())
    begun = time.monotonic()
    look = ivf_lookup(corpus, train_centres(corpus, cells), Search(), cells)
    built = time.monotonic()
    found = ivf_search(look, queries, corpus, given.k, Search())
    result = {
        **{name: getattr(given, name) for name in ("rows", "dimensions", "queries", "k", "threads", "rounds")},
        "faiss_s": statistics.median(bare),
        "ours_s": statistics.median(ours),
        "ratio": statistics.median(ours) / statistics.median(bare),
        "cells_build_s": built - begun,
        "cells_s": time.monotonic() - built,
        "cells_recall": measured_recall(found, sure).recall,
    }
    print(json.dumps({k: round(v, 3) if isinstance(v, float) else v for k, v in result.items()}, indent=1))
    if given.json:
        given.json.write_text(json.dumps(result))


if __name__ == "__main__":
    main()
