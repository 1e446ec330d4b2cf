"""The environment of a command that a user types: what a Spark of this process has set for itself is taken out."""

import os


def plain_environment() -> dict[str, str]:
    """The variables of this process but for Spark's and Python's path."""
    return {k: v for k, v in os.environ.items() if not k.startswith(("PYSPARK_", "SPARK_", "PYTHONPATH"))}
