"""One Spark session and one Ray for the whole run; a test that asks for them is marked `spark` or `ray`. No network."""

import os
import re

# The hub's client reads these once, when it is imported: nothing may be imported before.
OFFLINE = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_DATASETS_OFFLINE", "HF_HUB_DISABLE_TELEMETRY", "DO_NOT_TRACK")
os.environ.update(dict.fromkeys(OFFLINE, "1"), TOKENIZERS_PARALLELISM="false")

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import hypothesis
import pytest

from testkit.local_spark import local_spark
from tests.support.chain import annotated, built, corpus, hard, judged, mined  # noqa: F401  fixtures of e2e, robustness and docs

hypothesis.settings.register_profile("ours", deadline=None)  # two cores that others use too: seconds say nothing
hypothesis.settings.register_profile("fuzz", max_examples=10_000, deadline=None)
hypothesis.settings.load_profile("ours")

ROOT = Path(__file__).resolve().parent.parent


SPARK = re.compile(r"def \w+\([^)]*\b(?:spark|mined|annotated|hard|judged|built|tutorial)\b")
RAY = re.compile(r"def \w+\([^)]*\bray_local\b")
"""A test or fixture that asks for an engine, or for what a job left."""


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


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """With `-n 2` one process has Spark, once, and the other Ray, once; the rest goes to who is free, file by file."""
    from xdist.scheduler import LoadScopeScheduling

    class EnginesTogether(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.split("::")[0]
            return engine_of(file) or file

    return EnginesTogether(config, log)


@cache
def engine_of(file: str) -> str | None:
    """The engine that a test file asks for; Spark, if for both."""
    text = (ROOT / file).read_text(encoding="utf8")
    if "/e2e/" in file or SPARK.search(text):
        return "spark"
    return "ray" if RAY.search(text) else None


@pytest.fixture(scope="session")
def spark() -> Iterator[object]:
    with local_spark() as session:
        yield session


@pytest.fixture(scope="session")
def ray_local() -> Iterator[object]:
    """A local Ray with more processors on paper than there are, so that pools of any size fit."""
    from pipelines.engines.ray.cluster import Cluster, ray_session

    with ray_session(Cluster(address="local", readers=3, models=3, object_store_mb=512)) as machines:
        yield machines
