"""Writes the archive of Spark's loaded classes, so that every later Spark on this machine starts in half of the time.

    python -m scripts.java_class_archive

Java's own class data sharing: a small job touches what jobs need (Parquet, joins, windows, Python tasks), and at its end Java
writes the classes that it loaded. Where Java cannot, there is no archive, and jobs start as without one.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa

from pipelines.engines.java_options import CLASS_ARCHIVE, PLAIN

TIMEOUT_S = 300


def write(archive: Path = CLASS_ARCHIVE) -> bool:
    """Run the small job in a process of its own and put its archive in place; returns whether there is one now."""
    if any(letter.isspace() for letter in str(archive)):  # Spark splits Java's options at spaces
        return False
    with tempfile.TemporaryDirectory(dir=archive.parent) as folder:
        new = Path(folder) / archive.name
        options = f"{PLAIN} -XX:ArchiveClassesAtExit={new} -Xlog:disable"
        environment = os.environ | {
            "PYSPARK_SUBMIT_ARGS": f"--driver-memory 1g --driver-java-options '{options}' pyspark-shell",
            "PYSPARK_PYTHON": sys.executable,
            "SPARK_LOCAL_IP": "127.0.0.1",
        }
        job = [sys.executable, "-m", "scripts.java_class_archive", "--touch", folder]
        try:
            subprocess.run(job, env=environment, check=True, capture_output=True, timeout=TIMEOUT_S)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
            return False
        if not new.is_file():
            return False
        new.replace(archive)  # whole or not at all: Java crashes on half an archive
    return True


def touch(folder: Path) -> None:
    """Run what jobs run on a few rows, for the classes that it loads."""
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    from pipelines.engines.spark_session import end_session, spark_session

    def same(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        yield from batches

    spark = spark_session("class_archive")
    numbers = list(range(64))
    table = pa.table(
        {"id": pa.array(numbers, pa.int64()), "name": [str(k % 8) for k in numbers], "list": [[k] for k in numbers]}
    )
    spark.createDataFrame(table).write.parquet(str(folder / "rows"))
    rows = spark.read.parquet(str(folder / "rows"))
    counts = rows.groupBy("name").agg(F.count("*").alias("n"), F.collect_list("id").alias("ids"), F.max("list"))
    ranked = rows.withColumn("rank", F.row_number().over(Window.partitionBy("name").orderBy("id")))
    joined = ranked.join(counts, "name").unionByName(ranked, allowMissingColumns=True)
    for join in (joined, ranked.join(F.broadcast(counts), "name", "left_anti"), ranked.join(counts.hint("merge"), "name")):
        sorted_rows = join.select("id", "name").repartition(2, "name").sortWithinPartitions("id")
        in_python = sorted_rows.mapInArrow(same, "id long, name string").persist()
        in_python.withColumn("digest", F.sha2("name", 256)).select(F.struct("id", "digest"), F.explode(F.array("id"))).toArrow()
    end_session(spark)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--touch"]:
        touch(Path(sys.argv[2]))
    elif not write():
        sys.stderr.write("no archive of Spark's classes: this Java writes none; jobs start as without it\n")
