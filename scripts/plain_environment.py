"""The environment of a command typed by a user: without variables that Spark has set in this process."""

import os


def plain_environment() -> dict[str, str]:
    """Return this process's variables without Spark's and PYTHONPATH."""
    return {k: v for k, v in os.environ.items() if not k.startswith(("PYSPARK_", "SPARK_", "PYTHONPATH"))}
