"""A small local Spark session on two cores, for tests and benchmarks."""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@contextmanager
def local_spark() -> Iterator[object]:
    """Open the process's only session; a second call returns the same one."""
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    os.environ["PYSPARK_PYTHON"] = os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
    os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    from pyspark.sql import SparkSession

    from pipelines.engines.java_options import java_options
    from pipelines.engines.spark_session import ALWAYS, IF_LOCAL, UNLESS_SET, plan_for

    logging.getLogger("DataFrameQueryContextLogger").setLevel(logging.CRITICAL)
    ours = {
        "spark.sql.shuffle.partitions": "2",
        "spark.driver.memory": "3g",
        "spark.driver.extraJavaOptions": java_options(),
        "spark.ui.showConsoleProgress": "false",
    }
    builder = SparkSession.builder
    for key, value in (UNLESS_SET | IF_LOCAL | ALWAYS | ours).items():
        builder = builder.config(key, value)
    session = builder.master("local[2]").getOrCreate()
    plan_for(session, 0)
    yield session
    session.stop()
