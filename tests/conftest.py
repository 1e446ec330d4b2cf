"""One Spark session and one Ray for the whole run; a test that asks for them is marked `spark` or `ray`. No network."""

import os

# The hub's client reads these once, when it is imported: nothing may be imported before.
OFFLINE = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_DATASETS_OFFLINE", "HF_HUB_DISABLE_TELEMETRY", "DO_NOT_TRACK")
os.environ.update(dict.fromkeys(OFFLINE, "1"), TOKENIZERS_PARALLELISM="false")

import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from tests.support.chain import built, corpus, hard, judged, mined  # noqa: F401  fixtures of e2e, robustness and docs

hypothesis.settings.register_profile("ours", deadline=None)  # two cores that others use too: seconds say nothing
hypothesis.settings.register_profile("fuzz", max_examples=10_000, deadline=None)
hypothesis.settings.load_profile("ours")

ROOT = Path(__file__).resolve().parent.parent


def pytest_collection_modifyitems(items):
    for item in items:
        if (
            "spark" in getattr(item, "fixturenames", ())
            or "e2e" in item.path.parts
            or "mined" in getattr(item, "fixturenames", ())
        ):
            item.add_marker(pytest.mark.spark)
        if "ray_local" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.ray)


@pytest.fixture(scope="session")
def spark() -> Iterator[object]:
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    os.environ["PYSPARK_PYTHON"] = os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
    os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    from pyspark.sql import SparkSession

    logging.getLogger("DataFrameQueryContextLogger").setLevel(logging.CRITICAL)

    from pipelines.engines.spark_session import ALWAYS, IF_LOCAL

    flags = "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=256m -XX:+UseSerialGC"
    ours = {"spark.sql.shuffle.partitions": "4", "spark.driver.memory": "3g", "spark.driver.extraJavaOptions": flags}
    builder = SparkSession.builder
    for key, value in (IF_LOCAL | ALWAYS | ours).items():
        builder = builder.config(key, value)
    session = builder.master("local[2]").getOrCreate()
    yield session
    session.stop()


@pytest.fixture(scope="session")
def ray_local() -> Iterator[object]:
    """A local Ray with more processors on paper than there are, so that pools of any size fit."""
    from pipelines.engines.ray.cluster import Cluster, ray_session

    with ray_session(Cluster(address="local", readers=3, models=3, object_store_mb=512)) as machines:
        yield machines
