"""What one hot note costs jobs/build_shards.py: rows and shards of an even corpus, and of one where a note is in every row.

    python -m benchmarks.shards_skew [--rows 100000] [--dimensions 256] [--scratch DIR]

Both corpora have as many pairs, negatives, items and pictures. In the hot one a single note is the positive of every pair,
another one the first negative, and their pictures are in every row, so in every shard. Prints seconds and the most memory
that a Python worker held. One run after the other in one Spark.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from benchmarks.watch import Watch
from pipelines.engines.java_options import java_options
from pipelines.engines.spark_session import spark_session
from pipelines.items import spark_columns as items
from pipelines.shards.files.assign_shards import PictureTables, assign_shards
from pipelines.shards.files.intermediate_tables import SFT_ROWS, TRAINING
from pipelines.shards.files.write_step import write_shards
from pipelines.shards.training_rows.select_pairs import Sft
from pipelines.shards.training_rows.soft_labels import SoftLabels
from pipelines.shards.training_rows.training_rows_step import Sources, training_rows
from pipelines.workspace.filesystem import Folder
from schemas.datasets import COMPONENTS, HARD_NEGATIVES, POSITIVES
from schemas.item import Kind

NEGATIVES = 8
PICTURE_BYTES = 30_000
WORDS = "一个红色的杯子放在桌上。" * 30


def main() -> None:
    """Even, then hot."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--dimensions", type=int, default=256)
    parser.add_argument("--scratch", type=Path, default=None)
    given = parser.parse_args()
    java = java_options()
    os.environ["PYSPARK_SUBMIT_ARGS"] = f"--master local[2] --driver-memory 3g --driver-java-options '{java}' pyspark-shell"
    os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    spark = spark_session("shards_skew")
    with tempfile.TemporaryDirectory(dir=given.scratch) as scratch:
        for hot in (False, True):
            folder = Path(scratch) / ("hot" if hot else "even")
            sources, pictures = corpus(spark, folder, given.rows, given.dimensions, hot)
            measure(f"{'hot ' if hot else 'even'}", sources, pictures, folder)
    spark.stop()


def measure(name: str, sources: Sources, pictures: PictureTables, folder: Path) -> None:
    """Rows, then shards."""
    with Watch() as taken:
        started = time.monotonic()
        made = training_rows(sources, Sft(per_task=1_000_000), SoftLabels(), 0)
        made.rows.select(*SFT_ROWS.columns.names).write.parquet(str(folder / "rows"))
        rows_s = time.monotonic() - started
        spark = sources.positives.sparkSession
        spark.catalog.clearCache()
        started = time.monotonic()
        table = TRAINING["sft"][0]
        shards = assign_shards(spark.read.parquet(str(folder / "rows")), pictures, "pair_id", table.columns.names, 64 << 20)
        written = write_shards(shards, table.columns, Folder(str(folder / "shards")), "run")
        shards_s = time.monotonic() - started
        spark.catalog.clearCache()
    rows = sum(file.rows for file in written.rows)
    size = sum(file.size_bytes for file in [*written.rows, *written.pictures]) / 1e6
    print(
        f"{name}: rows {rows_s:.1f} s, shards {shards_s:.1f} s, {rows:,} rows in {shards.number} shards, {size:,.0f} MB; ",
        end="",
    )
    print(f"the largest Python worker {taken.worker_mib:,.0f} MiB", flush=True)


def corpus(spark: SparkSession, folder: Path, rows: int, dimensions: int, hot: bool) -> tuple[Sources, PictureTables]:
    """Pairs of a picture and a note; every note has one picture and is a negative of its neighbours."""
    ids = spark.range(rows)
    target = F.lit(0).cast("bigint") if hot else F.col("id")
    positives = ids.select(*_pair(_item("image", F.col("id")), _item("note", target)))
    near = F.explode(F.sequence(F.lit(1), F.lit(NEGATIVES))).alias("rank")
    other = F.when((F.col("rank") == 1) & F.lit(hot), F.lit(1)).otherwise((F.col("id") + F.col("rank")) % rows)
    negatives = ids.select("id", near).select(
        _item("image", F.col("id"))["item_id"].alias("query_id"),
        _item("note", target)["item_id"].alias("positive_id"),
        _item("note", other)["item_id"].alias("candidate_id"),
        F.lit("image_to_note").alias("task"),
        F.col("rank").cast("int").alias("rank"),
        F.lit(0.5).alias("similarity"),
        F.lit(0.5).alias("soft_label"),
        F.lit("band").alias("source"),
        F.lit("similarity").alias("label_from"),
    )
    notes = ids.select(_note(F.col("id")).alias("note_id"))
    vectors = np.random.default_rng(0).normal(size=(64, dimensions)).astype(np.float32)
    known = spark.createDataFrame(pa.table({"k": range(64), "vector": list(vectors)}))
    items = ids.select(F.explode(F.array(_item("image", F.col("id")), _item("note", F.col("id")))).alias("item"))
    embeddings = items.select(F.col("item.item_id").alias("item_id")).withColumn("k", F.pmod(F.xxhash64("item_id"), F.lit(64)))
    nothing = spark.createDataFrame(pa.table({"query_id": ["-"], "candidate_id": ["-"], "judged": [0.0]}))
    frames = {
        "positives": positives.select(*POSITIVES.columns.names),
        "negatives": negatives.select(*HARD_NEGATIVES.columns.names),
        "items": items,
        "components": notes.select(
            "note_id",
            F.col("note_id").alias("component_id"),
            F.lit(1).cast("bigint").alias("size"),
            F.col("note_id").alias("content_group"),
            F.lit("train").alias("split"),
        ).select(*COMPONENTS.columns.names),
        "embeddings": embeddings.join(F.broadcast(known), on="k", how="inner").select("item_id", "vector"),
        "ocr": nothing.select(F.col("query_id").alias("image_id"), F.col("candidate_id").alias("words")),
        "judged": nothing,
        "files": ids.select(_image(F.col("id")).alias("image_id"), F.sha2(_image(F.col("id")), 256).alias("sha256")),
    }
    stored = {name: _stored(spark, frame, folder / name) for name, frame in frames.items()}
    noise = F.concat(*[F.sha2(F.concat("image_id", F.lit(f" {k}")), 512) for k in range(PICTURE_BYTES // 128)])
    contents = stored["files"].select(
        "sha256", noise.cast("binary").alias("content"), F.lit(None).cast("string").alias("reason")
    )
    pictures = PictureTables(stored.pop("files"), _stored(spark, contents, folder / "contents"))
    return Sources(**stored), pictures


def _stored(spark: SparkSession, frame: DataFrame, place: Path) -> DataFrame:
    frame.write.parquet(str(place))
    return spark.read.parquet(str(place))


def _pair(query: Column, target: Column) -> list[Column]:
    columns = items.pair("within_note", "image_to_note", query, target, F.lit(1.0), {})
    return [*columns, query["note_id"].alias("component_id"), F.lit("train").alias("split")]


def _item(kind: Kind, number: Column) -> Column:
    words = F.concat(_note(number), F.lit(WORDS)) if kind == "note" else None
    return items.item(kind, _note(number), F.array(_image(number)), text=words)


def _note(number: Column) -> Column:
    return F.concat(F.lit("n"), number.cast("string"))


def _image(number: Column) -> Column:
    return F.concat(F.lit("i"), number.cast("string"))


if __name__ == "__main__":
    main()
