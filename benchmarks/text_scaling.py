"""Scaling of the partial text step: similar notes, 1, 4 and 16 times as many, in one local session.

    python benchmarks/text_scaling.py                       12,500, 50,000 and 200,000 notes
    python benchmarks/text_scaling.py --sizes 1000 4000     a small form

Prints for each size the seconds, notes per second, the recall of planted quotes, the pairs that
were not planted, and at the end the exponent of the fitted power law. The texts are made here: words drawn
with Zipf's frequencies (exponent 1) from a lexicon of Chinese-like words (1 to 3 characters of 3,500) or
English-like ones (2 to 10 letters), 20 to 200 words a note, half the notes with a line of boilerplate, one
note in ten with a quote from another note, a third of them verbatim, a third with 3 % and a third with 8 %
of the characters edited.
"""

import argparse
import os
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyspark.sql import SparkSession

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from pipelines.mining.text.settings import PartialText
from pipelines.mining.text.shared_passages_step import shared_passages

RATES = (0.0, 0.03, 0.08)
LEXICON = 60_000


def lexicons(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Generate Chinese-like and English-like words, the most frequent first."""
    letters = list("etaoinshrdlucmfwypvbgkjqxz")
    weights = 1 / np.arange(1, 27)
    spelled = rng.choice(letters, size=(LEXICON, 10), p=weights / weights.sum())
    lengths = np.clip(rng.poisson(5.0, LEXICON), 2, 10)
    english = np.array(["".join(w[:n]) for w, n in zip(spelled, lengths, strict=True)])
    ranks = 1 / np.arange(1, 3501)
    characters = 0x4E00 + rng.choice(3500, size=(LEXICON, 3), p=ranks / ranks.sum())
    sizes = rng.choice([1, 2, 3], LEXICON, p=[0.1, 0.7, 0.2])
    chinese = np.array(["".join(map(chr, w[:n])) for w, n in zip(characters, sizes, strict=True)])
    return chinese, english


def retyped(passage: str, rate: float, rng: np.random.Generator) -> str:
    """Delete, double or replace a share of the passage's characters."""
    fate = rng.random(len(passage))
    swaps = rng.choice(list("的了是一eaosn"), len(passage))
    edits = ("", None, "swap")
    kinds = rng.integers(0, len(edits), len(passage))
    out = []
    for char, chance, kind, swap in zip(passage, fate, kinds, swaps, strict=True):
        out.append(char if chance >= rate else ("", char + char, str(swap))[kind])
    return "".join(out)


def corpus(size: int, seed: int) -> tuple[pa.Table, set[tuple[str, str]]]:
    """Generate notes, and the pairs of notes that share a planted quote."""
    rng = np.random.default_rng(seed)
    words = lexicons(np.random.default_rng(0))
    zipf = 1 / np.arange(1, LEXICON + 1)
    cumulative = np.cumsum(zipf / zipf.sum())
    boilerplate = [" ".join(words[k % 2][rng.integers(0, 3000, 8)]) for k in range(20)]
    counts = np.clip(rng.lognormal(4.0, 0.6, size).astype(int), 20, 200)
    draws = np.searchsorted(cumulative, rng.random(int(counts.sum()))).clip(0, LEXICON - 1)
    ends = np.cumsum(counts)
    texts = []
    for n in range(size):
        picked = words[n % 2][draws[ends[n] - counts[n] : ends[n]]]
        texts.append((" " if n % 2 else "").join(picked))
        if rng.random() < 0.5:
            texts[-1] += "\n" + boilerplate[rng.integers(20)]
    ids = [f"note_{n:08}" for n in range(size)]
    planted = set()
    for n, host in enumerate(rng.choice(size // 2, size // 10, replace=False)):
        donor = size // 2 + n
        length = int(rng.integers(40, 161))
        begin = int(rng.integers(0, max(1, len(texts[donor]) - length)))
        texts[host] = f"{texts[host]}\n{retyped(texts[donor][begin : begin + length], RATES[n % 3], rng)}"
        planted.add((ids[host], ids[donor]))
    table = pa.table({"note_id": ids, "title": pa.nulls(size, pa.string()), "body": texts})
    return table, planted


def session() -> SparkSession:
    """Start a local session on two cores."""
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    os.environ["PYSPARK_PYTHON"] = sys.executable
    os.environ["PYTHONPATH"] = str(Path(__file__).resolve().parent.parent)
    return (
        SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.driver.memory", "4g")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.sql.shuffle.partitions", "8")
        .config("spark.log.level", "ERROR")
        .getOrCreate()
    )


def measure(spark: SparkSession, size: int, folder: Path) -> float:
    """Run the step on `size` notes, print results, and return the seconds."""
    table, planted = corpus(size, seed=size)
    path = folder / f"notes_{size}"
    spark.createDataFrame(table).repartition(8).write.mode("overwrite").parquet(str(path))
    characters = sum(map(len, table["body"].to_pylist()))
    begin = time.monotonic()
    output = shared_passages(spark.read.parquet(str(path)), PartialText())[0]
    pairs = output.rows.select("query.note_id", "target.note_id", "score").toDF("query", "target", "score").toArrow()
    seconds = time.monotonic() - begin
    found = set(zip(pairs["query"].to_pylist(), pairs["target"].to_pylist(), strict=True))
    print(
        f"{size:>9,} notes {characters:>12,} characters {seconds:>8.1f} s {size / seconds:>8,.0f} notes/s   "
        f"planted {len(planted):,}, found {len(found & planted) / len(planted):.3f}; other pairs {len(found - planted):,}",
        flush=True,
    )
    spark.catalog.clearCache()
    return seconds


def main() -> None:
    """Measure each size, after a small run that warms the session up, and fit the exponent."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[12_500, 50_000, 200_000])
    parser.add_argument("--folder", type=Path, default=Path("/tmp/text_scaling"), help="where the notes are written")
    args = parser.parse_args()
    spark = session()
    measure(spark, 500, args.folder)
    seconds = [measure(spark, size, args.folder) for size in args.sizes]
    if len(args.sizes) > 1:
        exponent = np.polyfit(np.log(args.sizes), np.log(seconds), 1)[0]
        print(f"seconds grow with the notes to the power {exponent:.2f}")
    spark.stop()


if __name__ == "__main__":
    main()
