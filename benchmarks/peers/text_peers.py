"""Peers of partial text, called as documented: return pairs of note ids, or the cluster of each note."""

import re
import shutil
import tempfile
from pathlib import Path

import pyarrow.parquet as pq

from benchmarks.peers.measure import CORES
from benchmarks.peers.our_pictures import submit_arguments
from benchmarks.peers.planted import Pair
from benchmarks.watch import Watch

SHINGLE = 5


def texts_of(notes: Path) -> dict[str, str]:
    """Map note_id to title and body."""
    rows = pq.read_table(notes, columns=["note_id", "title", "body"]).to_pylist()
    return {row["note_id"]: f"{row['title'] or ''}\n{row['body'] or ''}".strip() for row in rows}


def in_datasketch(notes: Path, threshold: float, taken: Watch) -> list[Pair]:
    """MinHashLSH of 128 permutations over character shingles: a note asks before it goes in. One thread; it has no more."""
    from datasketch import MinHash, MinHashLSH

    with taken:
        index, pairs = MinHashLSH(threshold=threshold, num_perm=128), []
        for note_id, text in texts_of(notes).items():
            sketch = MinHash(num_perm=128)
            sketch.update_batch([g.encode() for g in {text[k : k + SHINGLE] for k in range(len(text) - SHINGLE + 1)}])
            pairs += [(note_id, other) for other in index.query(sketch)]
            index.insert(note_id, sketch)
    return pairs


def in_mllib(notes: Path, tables: int, distance: float, taken: Watch) -> list[Pair]:
    """Spark MLlib's MinHashLSH.approxSimilarityJoin of the notes with themselves, over hashed character shingles."""
    from pyspark.ml import Pipeline
    from pyspark.ml.feature import HashingTF, MinHashLSH, NGram, RegexTokenizer
    from pyspark.sql import functions as F

    from pipelines.engines.spark_session import spark_session

    submit_arguments("6g")
    spark = spark_session("peers")
    spark.range(10).groupBy("id").count().collect()
    with taken:
        read = spark.read.parquet(str(notes)).select("note_id", F.concat_ws("\n", "title", "body").alias("text"))
        steps = [
            RegexTokenizer(pattern="(?s).", gaps=False, inputCol="text", outputCol="letters"),
            NGram(n=SHINGLE, inputCol="letters", outputCol="grams"),
            HashingTF(inputCol="grams", outputCol="seen", binary=True),
        ]
        hashed = Pipeline(stages=steps).fit(read).transform(read).where(F.size("grams") > 0).select("note_id", "seen")
        model = MinHashLSH(inputCol="seen", outputCol="hashes", numHashTables=tables, seed=0).fit(hashed)
        joined = model.approxSimilarityJoin(hashed, hashed, distance).where("datasetA.note_id < datasetB.note_id")
        found = joined.select(F.col("datasetA.note_id").alias("a"), F.col("datasetB.note_id").alias("b")).toArrow()
    spark.stop()
    return list(zip(found["a"].to_pylist(), found["b"].to_pylist(), strict=True))


def in_text_dedup(notes: Path, threshold: float, spaced: bool, taken: Watch) -> dict[str, int]:
    """text-dedup's own minhash command (the package itself): the cluster of each note.

    It splits at what is no letter, so a Chinese sentence is one word to it; spaced: each character is a word.
    """
    import datasets
    from text_dedup import minhash

    scratch = Path(tempfile.mkdtemp(prefix="peers-text-dedup-"))
    texts = texts_of(notes)
    contents = [re.sub(r"(\w)", r"\1 ", text) for text in texts.values()] if spaced else list(texts.values())
    datasets.Dataset.from_dict({"text": contents}).save_to_disk(str(scratch / "in"))
    options = {"path": scratch / "in", "output": scratch / "out", "column": "text", "threshold": threshold, "num_proc": CORES}
    command = [f"--{key}={value}" for key, value in options.items()]
    with taken:
        minhash.main.main(["--local", "--no-clean_cache", f"--cache_dir={scratch}", *command], standalone_mode=False)
    clusters = {note_id: minhash.uf.find(n) for n, note_id in enumerate(texts)}
    shutil.rmtree(scratch)
    return clusters
