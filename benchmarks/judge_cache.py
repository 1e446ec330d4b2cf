"""What the judge's cache costs: answers on disk, and the time to look pairs up among them.

python -m benchmarks.judge_cache [answers] [pairs]
"""

import hashlib
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.judge.score_cache import ANSWERS, cache_of
from pipelines.workspace.filesystem import Folder

FILES = 8


def answers(first: int, count: int) -> pa.Table:
    """ANSWERS rows of generated pairs, a hundred candidates a query."""
    names = [hashlib.sha256(str(n).encode()).hexdigest()[:32] for n in range(first, first + count)]
    queries = [hashlib.sha256(f"q{n // 100}".encode()).hexdigest()[:32] for n in range(first, first + count)]
    columns = {
        "query_id": queries,
        "candidate_id": names,
        "task": ["image_to_note"] * count,
        "pictures": [f"{a[:16]}/{b[:16]}" for a, b in zip(queries, names, strict=True)],
        "score": np.random.default_rng(first).random(count),
    }
    whole = pa.table({name: columns.get(name, pa.nulls(count)) for name in ANSWERS.names})
    return whole.cast(ANSWERS)


def main() -> None:
    """Print bytes and seconds."""
    count, pairs = (int(sys.argv[k]) if len(sys.argv) > k else default for k, default in ((1, 1_000_000), (2, 100_000)))
    with tempfile.TemporaryDirectory() as folder:
        cache = cache_of(Folder(folder), "judge", "question", "workspace")
        for n in range(FILES):
            place = Path(cache.folder.uri) / f"rows-{n}.parquet"
            place.parent.mkdir(parents=True, exist_ok=True)
            pq.write_table(answers(n * (count // FILES), count // FILES), place, compression="zstd")
        size = sum(path.stat().st_size for path in Path(folder).rglob("*.parquet"))
        rows = answers(0, pairs)
        started = time.perf_counter()
        cached = cache.lookup(rows)
        seconds = time.perf_counter() - started
        print(f"{count:,} answers, {size / count:.0f} bytes each; {len(cached):,} of {pairs:,} found in {seconds:.2f} s")


if __name__ == "__main__":
    main()
