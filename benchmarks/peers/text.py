"""Partial text: the step of the job against datasketch, Spark MLlib and text-dedup, which compare whole texts.

    .venv-bench/bin/python -m benchmarks.peers.text [--bench BENCH]

Two sets of notes: the benchmark's own (real texts, 240 planted quotes), and made-up ones (benchmarks/text_scaling.py: one in
ten quotes another). On the real ones a pair is also right when both notes show a run of 20 letters that at most six notes have.
"""

import re
import tempfile
from collections import defaultdict
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from benchmarks.peers.bench import main_of
from benchmarks.peers.measure import Contender, Row, rows_of
from benchmarks.peers.our_pictures import submit_arguments
from benchmarks.peers.planted import Pair, counted_pairs, share
from benchmarks.peers.text_peers import in_datasketch, in_mllib, in_text_dedup, texts_of
from benchmarks.text_scaling import corpus
from benchmarks.watch import Watch

TITLE = "Partial text"
COLUMNS = ("notes", "recall", "precision", "right", "wrong")
SIZE = 5000
"""More make peers outlast their limit: what boilerplate ties grows with the square."""
NOISE = re.compile(r"[\W_]+")
RUN, FEW = 20, 6


def ours(notes: Path, taken: Watch) -> list[Pair]:
    """The step with its defaults."""
    from pipelines.engines.spark_session import spark_session
    from pipelines.mining.text.settings import PartialText
    from pipelines.mining.text.shared_passages_step import shared_passages

    submit_arguments()
    spark = spark_session("peers")
    columns = ("note_id", "title", "body")
    few = spark.read.parquet(str(notes)).select(*columns).limit(200)
    shared_passages(few, PartialText())[0].rows.count()  # starts the Python workers
    with taken:
        output = shared_passages(spark.read.parquet(str(notes)).select(*columns).repartition(8), PartialText())[0]
        found = output.rows.select("query.note_id", "target.note_id").toDF("a", "b").toArrow()
        output.dropped.collect()
    spark.stop()
    return list(zip(found["a"].to_pylist(), found["b"].to_pylist(), strict=True))


class Truth:
    """Pairs of notes that were planted, and those that are right as well."""

    def __init__(self, planted: set[Pair], tied: set[Pair], texts: dict[str, str] | None) -> None:
        """Take the pairs; with texts, shared rare runs are right as well."""
        self.planted, self.tied, self._runs = planted, tied, defaultdict(set)
        for note_id, text in (texts or {}).items():
            bare = NOISE.sub("", text).lower()
            for k in range(len(bare) - RUN + 1):
                self._runs[bare[k : k + RUN]].add(note_id)
        few = (notes for notes in self._runs.values() if 2 <= len(notes) <= FEW)
        self.tied |= {pair for notes in few for pair in combinations(sorted(notes), 2)}

    def counted(self, found: list[Pair] | dict[str, int], notes: int) -> dict[str, Any]:
        """Of pairs, or of clusters (every two of a cluster are a pair, too many to list)."""
        how = counted_clusters if isinstance(found, dict) else counted_pairs
        return {"notes": notes, **how(found, self.planted, self.tied)}  # type: ignore[operator]


def counted_clusters(clusters: dict[str, int], planted: set[Pair], tied: set[Pair]) -> dict[str, Any]:
    """As `counted_pairs`, of all pairs within clusters."""
    sizes: dict[int, int] = defaultdict(int)
    for cluster in clusters.values():
        sizes[cluster] += 1
    wanted, free = ({frozenset(p) for p in some} for some in (planted, tied))
    within = {p for p in wanted | free if len({clusters[n] for n in p}) == 1}
    pairs = sum(n * (n - 1) // 2 for n in sizes.values())
    right = len(within & wanted)
    return {
        "recall": share(right, len(wanted)),
        "precision": share(len(within), pairs),
        "right": right,
        "wrong": pairs - len(within),
    }


def of_bench(bench: Path) -> Truth:
    """The planted quotes of build.py, and what planting ties beside them, as score.py has it."""
    tied: dict[str, set[str]] = defaultdict(set)
    rows = pq.read_table(bench / "truth" / "passages.parquet").to_pylist()
    for passage in rows:
        for note in (passage["source_note"], passage["host_note"]):
            tied[note] |= {note, passage["target_note"]}
    also = {pair for group in tied.values() for pair in combinations(sorted(group), 2)}
    return Truth({(p["source_note"], p["target_note"]) for p in rows}, also, texts_of(bench / "notes.parquet"))


CONTENDERS: list[Contender] = [
    ("ours", "defaults", ours, ()),
    ("datasketch MinHashLSH", "shingles of 5 characters, Jaccard 0.5 as in its guide", in_datasketch, (0.5,)),
    ("datasketch MinHashLSH", "Jaccard 0.2: a quote is a small part", in_datasketch, (0.2,)),
    ("Spark MLlib MinHashLSH", "5 tables, distance 0.6 as in its guide", in_mllib, (5, 0.6)),
    ("Spark MLlib MinHashLSH", "5 tables, distance 0.8", in_mllib, (5, 0.8)),
    ("text-dedup minhash", "default: words, Jaccard 0.7", in_text_dedup, (0.7, False)),
    ("text-dedup minhash", "characters as words, Jaccard 0.2", in_text_dedup, (0.2, True)),
]


def run(bench: Path, size: int = SIZE) -> list[Row]:
    """Every contender's row on both sets."""
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="peers-text-") as scratch_folder:
        synthetic = Path(scratch_folder) / "notes.parquet"
        table, planted = corpus(size, seed=size)
        pq.write_table(table, synthetic)
        for notes, truth in ((bench / "notes.parquet", of_bench(bench)), (synthetic, Truth(planted, set(), None))):
            rows += rows_of(CONTENDERS, notes, numbers=partial(truth.counted, notes=pq.read_metadata(notes).num_rows))
    return rows


if __name__ == "__main__":
    main_of(__doc__, TITLE, COLUMNS, run)
