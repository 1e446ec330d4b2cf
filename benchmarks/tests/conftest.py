"""The Spark session of the benchmarks' tests, shared by the whole run."""

from collections.abc import Iterator

import pytest

from testkit.local_spark import local_spark


@pytest.fixture(scope="session")
def spark() -> Iterator[object]:
    with local_spark() as session:
        yield session
