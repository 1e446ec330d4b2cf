"""The Spark session of a job, and the project's code on its executors."""

import atexit
import logging
import os
import shutil
import sys
import tempfile
import uuid
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from pyspark import SparkConf, SparkContext
from pyspark.sql import SparkSession

from pipelines.engines.spark_result_settings import ALWAYS
from pipelines.workspace.filesystem import Folder

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("schemas", "pipelines")

UNLESS_SET = {
    "spark.executorEnv.OMP_NUM_THREADS": "1",  # Spark runs a task a core already: a matrix product must not start threads
    "spark.executorEnv.OPENBLAS_NUM_THREADS": "1",
    # glibc gives each array of a picture back to the kernel and asks for it again: a third of the time were page faults.
    "spark.executorEnv.MALLOC_MMAP_THRESHOLD_": str(32 << 20),
    "spark.executorEnv.MALLOC_TRIM_THRESHOLD_": str(256 << 20),
    # PySpark would note for each column in which line it was made: a third of the time that a plan takes to build.
    "spark.python.sql.dataFrameDebugging.enabled": "false",
    "spark.ui.showConsoleProgress": "false",  # progress is ours, line by line
}
IF_LOCAL = {
    "spark.master": "local[*]",
    "spark.ui.enabled": "false",
    "spark.log.level": "FATAL",  # errors reach the driver as exceptions; here nobody reads an executor's log
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.sql.shuffle.partitions": "8",  # Spark's 200 are made for clusters
    "spark.python.unix.domain.socket.enabled": "true",  # a Python task starts in two thirds of the time
}
"""Defaults on one machine; whatever spark-submit was given stays."""

LONGEST_SOCKET_FOLDER = 60
"""A socket's path has 108 bytes at most on Linux and 104 on macOS, its name some 42 of them."""
SMALL_BYTES = 8 << 20
"""Of input files. Source: measured, dev/log.md: code made for each plan pays from a million clicks (12 MB) on."""
IF_SMALL = {
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.adaptive.enabled": "false",
}
"""On one machine and for a small input, up to a fifth of the job went into compiling plans and changing them as they run."""


def spark_session(name: str) -> SparkSession:
    """The session that spark-submit asked for, or a local one; our packages are shipped to its executors."""
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    # PySpark logs each failed query as a page of JSON; what the user can mend we say in one line.
    logging.getLogger("DataFrameQueryContextLogger").setLevel(logging.CRITICAL)
    # An interrupt that ends Java fails each call that waits for it; the one line is said where the job ends.
    logging.getLogger().addFilter(lambda record: not str(record.msg).endswith(" while sending command."))
    # Only with its Java there does SparkConf know what spark-submit was given; else it is empty, and a cluster's job ran here.
    SparkContext._ensure_initialized()
    conf = SparkConf().setAppName(name)
    local = conf.get("spark.master", "local").startswith("local")
    defaults = UNLESS_SET | (IF_LOCAL | _private_places() if local else {})
    for key, value in defaults.items():
        conf.setIfMissing(key, value)
    for key, value in ALWAYS.items():
        conf.set(key, value)
    spark = SparkSession.builder.config(conf=conf).getOrCreate()
    if not _was_shipped():
        spark.sparkContext.addPyFile(str(zip_project(private_folder() / "uninote.zip")))
    return spark


@cache
def private_folder() -> Path:
    """A folder of this process that only its user may enter, gone when the process ends: other people use the machine."""
    folder = Path(tempfile.mkdtemp(prefix="uninote-spark-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _private_places() -> dict[str, str]:
    """Where Spark puts what it shuffles and spills on this machine, user ids and texts, unless it was told.

    By itself it puts all of it into /tmp, where everybody may read it. A place that was named, by spark.local.dir or
    SPARK_LOCAL_DIRS, and the folders that a cluster gives its executors are left as they are.
    """
    folder = private_folder()
    sockets = {"spark.python.unix.domain.socket.dir": str(folder)} if len(str(folder)) <= LONGEST_SOCKET_FOLDER else {}
    return sockets if os.environ.get("SPARK_LOCAL_DIRS") else sockets | {"spark.local.dir": str(folder)}


def plan_for(spark: SparkSession, input_bytes: int) -> None:
    """Plan simply where the input is small and all on one machine: the rows are the same, sooner.

    Args:
        spark: the job's session; whatever spark-submit was given stays.
        input_bytes: size of the files that the job reads.
    """
    if input_bytes > SMALL_BYTES or not str(spark.sparkContext.master).startswith("local"):
        return
    given = spark.sparkContext.getConf()
    cores = spark.sparkContext.defaultParallelism
    for key, value in (IF_SMALL | {"spark.sql.shuffle.partitions": str(cores)}).items():
        if given.get(key) in (None, IF_LOCAL.get(key)):
            spark.conf.set(key, value)


@contextmanager
def checkpoints(spark: SparkSession, workspace: Folder) -> Iterator[None]:
    """On a cluster, keep what an iteration has reached in the workspace while the block runs: an executor may be lost.

    On one machine nothing outlives the driver anyway, and local blocks are faster. The folder is the job's own: one that was
    replaced by another job must not remove what that has reached.
    """
    place = workspace / "_checkpoints" / uuid.uuid4().hex
    (workspace / "_checkpoints").delete()  # of jobs that were killed
    if not str(spark.sparkContext.master).startswith("local"):
        spark.sparkContext.setCheckpointDir(place.uri)
    try:
        yield
    finally:
        place.delete()


def zip_project(target: Path) -> Path:
    """Our packages as a zip for --py-files; equal sources give equal bytes."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for source in _sources():
            entry = zipfile.ZipInfo(str(source.relative_to(ROOT)))
            archive.writestr(entry, source.read_bytes())
    return target


def _sources() -> Iterable[Path]:
    return sorted(
        path for package in PACKAGES for path in (ROOT / package).rglob("*") if path.suffix in {".py", ".toml", ".sql"}
    )


def _was_shipped() -> bool:
    """Whether this very file came from a zip of --py-files."""
    return ".zip" in str(ROOT)


if __name__ == "__main__":
    zip_project(Path(sys.argv[1]))
