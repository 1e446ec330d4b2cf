"""A small sample corpus, and the workspace that the job makes of it once."""

import pytest

from pipelines.sources.sample_corpus.build import Sample, make_sample
from tests.support.workspaces import given, run_job, told


@pytest.fixture(scope="session")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpus") / "sample"
    make_sample(folder, Sample(notes=100))
    return folder


@pytest.fixture(scope="session")
def mined(corpus, tmp_path_factory):
    """A workspace made by `./spark-submit.sh --master local[1]`, and what the job printed."""
    workspace = tmp_path_factory.mktemp("mined") / "w"
    done = run_job(*given(corpus, workspace), spark_options=("--master", "local[1]"))
    assert done.returncode == 0, done.stdout[-3000:]
    return workspace, told(done)
