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


JOBS = re.compile(r"def \w+\([^)]*\b(?:ray_local|mined|annotated|hard|judged|built|tutorial)\b")
"""A test or fixture that asks for Ray, or for what a job left."""
SPARK = re.compile(r"def \w+\([^)]*\bspark\b")


def pytest_collection_modifyitems(items):
    for item in items:
        names = getattr(item, "fixturenames", ())
        if "spark" in names or "mined" in names or "e2e" in item.path.parts:
            item.add_marker(pytest.mark.spark)
        if "ray_local" in names:
            item.add_marker(pytest.mark.ray)
    items.sort(key=lambda item: ("jobs", "spark", None).index(engine_of(item.nodeid.split("::")[0])))  # the longest first


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """One process has Ray and all that reads what jobs left, one has Spark's other tests; the rest goes to who is free.

    Each waits for its engine half of the time: three processes keep two cores busy.
    """
    from xdist.scheduler import LoadScopeScheduling

    config.option.loadscopereorder = False

    class EnginesTogether(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.split("::")[0]
            return engine_of(file) or file

    return EnginesTogether(config, log)


@cache
def engine_of(file: str) -> str | None:
    """The engine that a test file asks for: "jobs" (Ray, and what jobs left), "spark", or none."""
    path = ROOT / file
    text = path.read_text(encoding="utf8") if path.suffix == ".py" else ""
    if "/e2e/" in file or JOBS.search(text):
        return "jobs"
    return "spark" if SPARK.search(text) else None


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
