"""jobs/annotate_images.py gives the same rows with more actors, and mining again keeps them."""

import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.workspace.workspace import Workspace
from tests.support.chain import copied
from tests.support.workspaces import mining_arguments, run_job

pytestmark = [pytest.mark.ray, pytest.mark.nightly]


def annotated(workspace, models=1):
    from pipelines.engines.ray.cluster import Cluster, ray_session
    from pipelines.flows.annotate_images.flow import annotate
    from pipelines.flows.annotate_images.settings import AnnotateImages
    from pipelines.flows.annotate_images.summary import summary
    from pipelines.workspace.arrow_stages import ArrowStages

    settings = AnnotateImages(workspace=str(workspace), ray=Cluster(models=models, readers=1))
    stages = ArrowStages(Workspace(str(workspace)))
    with ray_session(settings.ray) as machines:
        annotate(stages, settings, machines)
    return summary(stages)


def rows(workspace, name):
    return pa.concat_tables([pq.read_table(file) for file in Workspace(str(workspace)).files(name)])


@pytest.fixture(scope="module")
def said(ray_local, mined, tmp_path_factory):
    workspace = copied(mined.workspace, tmp_path_factory.mktemp("annotated") / "w")
    return workspace, annotated(workspace)


def test_three_actors_say_what_one_says(said, mined, tmp_path):
    workspace = copied(mined.workspace, tmp_path / "w")
    annotated(workspace, models=3)
    assert all(rows(said[0], name).equals(rows(workspace, name)) for name in ("annotations", "positives", "items"))


def test_mining_again_keeps_the_annotations(said, corpus, tmp_path):
    workspace = tmp_path / "w"
    shutil.copytree(said[0], workspace)
    before = rows(workspace, "positives")
    again = run_job(*mining_arguments(corpus, workspace))
    assert again.returncode == 0, again.stdout[-3000:]
    assert "positives: unchanged, skipped" in again.stdout
    assert rows(workspace, "positives").equals(before)
