"""Which files an input is, by Hadoop's file systems: what Spark can read can be listed."""

from typing import Any, NamedTuple

from py4j.protocol import Py4JJavaError
from pyspark.sql import SparkSession

from pipelines.workspace.manifest import fingerprint
from schemas.errors import DataError


class Listed(NamedTuple):
    """One file."""

    path: str
    size_bytes: int
    modified_ms: int


def list_files(spark: SparkSession, uri: str) -> list[Listed]:
    """The files at a path, below a folder or matched by a pattern; hidden ones (`_x`, `.x`) are left out.

    Raises:
        DataError: there is none, or the place cannot be reached.
    """
    place = spark._jvm.org.apache.hadoop.fs.Path(uri)  # type: ignore[union-attr]
    try:
        system = place.getFileSystem(spark._jsc.hadoopConfiguration())
        found = [file for status in system.globStatus(place) or [] for file in _below(system, status)]
    except Py4JJavaError as error:
        raise DataError(f"{uri}: cannot be reached: {error.java_exception.getMessage()}") from None
    if not found:
        raise DataError(f"{uri}: no file there")
    return sorted(found)


def files_fingerprint(spark: SparkSession, uri: str) -> str:
    """A hash of an input's file names, sizes and times of change: equal means not touched since."""
    return fingerprint(list_files(spark, uri))


def _below(system: Any, status: Any) -> list[Listed]:  # noqa: ANN401
    name = status.getPath().getName()
    if name.startswith(("_", ".")):
        return []
    if status.isDirectory():
        return [file for child in system.listStatus(status.getPath()) for file in _below(system, child)]
    return [Listed(status.getPath().toString(), status.getLen(), status.getModificationTime())]
