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
    "spark.executorEnv.OMP_NUM_THREADS": "1",  # Spark runs one task a core: a matrix product must not start threads
    "spark.executorEnv.OPENBLAS_NUM_THREADS": "1",
    # glibc returns each array of a picture to the kernel and requests it again: a third of the time went into page faults.
    "spark.executorEnv.MALLOC_MMAP_THRESHOLD_": str(32 << 20),
    "spark.executorEnv.MALLOC_TRIM_THRESHOLD_": str(256 << 20),
    # PySpark would record the source line of each column: a third of the time to build a plan.
    "spark.python.sql.dataFrameDebugging.enabled": "false",
}
IF_LOCAL = {
    "spark.master": "local[*]",
    "spark.ui.enabled": "false",
    "spark.log.level": "FATAL",  # errors reach the driver as exceptions; nobody reads an executor's log here
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.sql.shuffle.partitions": "8",  # Spark's 200 are for clusters
    "spark.python.unix.domain.socket.enabled": "true",  # starts Python tasks in two thirds of the time
    "spark.python.daemon.module": "pipelines.engines.python_daemon",  # prints no traceback for an idle worker
    "spark.executorEnv.PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
}
"""Defaults on one machine; settings of spark-submit take precedence."""

LONGEST_SOCKET_FOLDER = 60
"""Characters. A socket's path has at most 108 bytes on Linux and 104 on macOS; its name takes some 42."""
SMALL_BYTES = 8 << 20
"""Size of the input files up to which plans are kept simple. Measured, dev/log.md: code generation pays from a million clicks
(12 MB) on."""
IF_SMALL = {
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.adaptive.enabled": "false",
}
"""For a small input on one machine: compiling and adapting plans took up to a fifth of the job."""


def spark_session(name: str) -> SparkSession:
    """The session of spark-submit, or a local one; our packages are shipped to its executors."""
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    # PySpark logs each failed query as a page of JSON; errors that the user can fix are one line of ours.
    logging.getLogger("DataFrameQueryContextLogger").setLevel(logging.CRITICAL)
    # An interrupt that ends Java fails each call that waits for it; the job prints one line when it ends.
    logging.getLogger().addFilter(lambda record: not str(record.msg).endswith(" while sending command."))
    # SparkConf knows the settings of spark-submit only once its Java runs; else a cluster's job would run here.
    SparkContext._ensure_initialized()
    conf = SparkConf().setAppName(name)
    local = conf.get("spark.master", "local").startswith("local")
    defaults = UNLESS_SET | (IF_LOCAL | _private_folders() if local else {})
    for key, value in defaults.items():
        conf.setIfMissing(key, value)
    # We print our own progress lines. Without spark-submit PySpark counts as a shell, which switches Spark's bars on.
    for key, value in (ALWAYS | {"spark.ui.showConsoleProgress": "false"}).items():
        conf.set(key, value)
    spark = SparkSession.builder.config(conf=conf).getOrCreate()
    if not _was_shipped():
        spark.sparkContext.addPyFile(str(zip_project(private_folder() / "uninote.zip")))
    return spark


def end_session(spark: SparkSession) -> None:
    """Stop Spark after the job's last line, and print nothing more.

    When Java ends, an idle Python worker may see its socket closed before the signal to end, and PySpark's daemon prints a
    traceback (BrokenPipeError). It comes by Java's error stream, which is closed first.
    """
    jvm = spark.sparkContext._jvm
    if jvm is not None:
        jvm.System.err.close()
    spark.stop()


@cache
def private_folder() -> Path:
    """A folder of this process that only its user may enter; deleted when the process ends."""
    folder = Path(tempfile.mkdtemp(prefix="uninote-spark-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _private_folders() -> dict[str, str]:
    """Private folders for the data that Spark shuffles and spills on this machine (user ids and texts), unless configured.

    Spark's default is /tmp, where everybody may read it. Folders set by spark.local.dir or SPARK_LOCAL_DIRS, and those that a
    cluster gives its executors, stay. The warehouse is here because Spark makes its folder when it first looks for a table, by
    default in the folder where the user stands; no job writes a table.
    """
    folder = private_folder()
    folders = {"spark.sql.warehouse.dir": (folder / "warehouse").as_uri()}
    if len(str(folder)) <= LONGEST_SOCKET_FOLDER:
        folders["spark.python.unix.domain.socket.dir"] = str(folder)
    return folders if os.environ.get("SPARK_LOCAL_DIRS") else folders | {"spark.local.dir": str(folder)}


def plan_for(spark: SparkSession, input_bytes: int) -> None:
    """Use simple plans if the input is small and on one machine: the same rows in less time.

    Args:
        spark: the job's session; settings of spark-submit take precedence.
        input_bytes: size of the files that the job reads.
    """
    if input_bytes > SMALL_BYTES or not str(spark.sparkContext.master).startswith("local"):
        return
    conf = spark.sparkContext.getConf()
    cores = spark.sparkContext.defaultParallelism
    for key, value in (IF_SMALL | {"spark.sql.shuffle.partitions": str(cores)}).items():
        if conf.get(key) in (None, IF_LOCAL.get(key)):
            spark.conf.set(key, value)


@contextmanager
def checkpoints(spark: SparkSession, workspace: Folder) -> Iterator[None]:
    """On a cluster, store checkpoints of iterations in the workspace while the block runs: an executor may be lost.

    On one machine nothing outlives the driver anyway, and local blocks are faster. Each job has a folder of its own: a job that
    was replaced by another must not delete the checkpoints of that one.
    """
    folder = workspace / "_checkpoints" / uuid.uuid4().hex
    (workspace / "_checkpoints").delete()  # of jobs that were killed
    if not str(spark.sparkContext.master).startswith("local"):
        spark.sparkContext.setCheckpointDir(folder.uri)
    try:
        yield
    finally:
        folder.delete()


def zip_project(target: Path) -> Path:
    """Zip our packages for --py-files; equal sources give equal bytes."""
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
