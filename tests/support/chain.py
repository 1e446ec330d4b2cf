"""Fixtures that run one corpus of 100 notes through all jobs once; each is a workspace that tests only read.

A test that writes needs a copy: `copied(workspace, tmp_path / "w")` (hard links: published files never change in place).
"""

import os
import shutil
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.support.workspaces import closing_summary, mining_arguments, run_job


class JobRun(NamedTuple):
    """A workspace and the closing summary of the job."""

    workspace: Path
    summary: str


def copied(workspace, folder):
    """Copy a workspace with hard links, except files that are rewritten in place: locks and the judge's cache."""
    return Path(shutil.copytree(workspace, folder, copy_function=_linked, dirs_exist_ok=True))


def _linked(source, target):
    if source.endswith((".parquet", ".arrow")):
        os.link(source, target)
    else:
        shutil.copy2(source, target)
    return target


@pytest.fixture(scope="session")
def corpus(tmp_path_factory):
    from pipelines.sources.sample_corpus.build import Sample, make_sample

    folder = tmp_path_factory.mktemp("corpus") / "sample"
    make_sample(folder, Sample(notes=100))
    return folder


@pytest.fixture(scope="session")
def mined(corpus, tmp_path_factory):
    """Run `./spark-submit.sh --master local[1] jobs/mine_pairs.py`."""
    workspace = tmp_path_factory.mktemp("mined") / "w"
    done = run_job(*mining_arguments(corpus, workspace), spark_options=("--master", "local[1]"))
    assert done.returncode == 0, done.stdout[-3000:]
    return JobRun(workspace, closing_summary(done))


@pytest.fixture(scope="session")
def annotated(ray_local, mined, tmp_path_factory):
    """With annotations and their pairs, by one actor."""
    workspace = copied(mined.workspace, tmp_path_factory.mktemp("annotated") / "w")
    return JobRun(workspace, annotate(workspace))


@pytest.fixture(scope="session")
def hard(ray_local, mined, tmp_path_factory):
    """Add hard negatives, with one actor and small chunks."""
    workspace = copied(mined.workspace, tmp_path_factory.mktemp("hard") / "w")
    return JobRun(workspace, mine_negatives(workspace))


@pytest.fixture(scope="session")
def judged(hard, corpus, tmp_path_factory):
    """Judged by `overlap` and calibrated on the truth of the corpus; what the job returned, and what it printed."""
    from pipelines.flows.judge_relevance.settings import CalibrationLabels

    workspace = copied(hard.workspace, tmp_path_factory.mktemp("judged") / "w")
    return workspace, *judge(workspace, labels=CalibrationLabels(calibrate=str(corpus / "truth")))


@pytest.fixture(scope="session")
def built(spark, hard, tmp_path_factory):
    """Build shards with one partition, and tuples."""
    workspace = copied(hard.workspace, tmp_path_factory.mktemp("built") / "w")
    return JobRun(workspace, build(spark, workspace, partitions=1, format="sentence-transformers"))


def annotate(workspace, models=1):
    """jobs/annotate_images.py on the Ray of the test run: its closing summary."""
    from pipelines.engines.ray.cluster import Cluster, ray_session
    from pipelines.flows.annotate_images import flow
    from pipelines.flows.annotate_images.settings import AnnotateImages
    from pipelines.flows.annotate_images.summary import summary
    from pipelines.workspace.arrow_stages import ArrowStages
    from pipelines.workspace.workspace import Workspace

    settings = AnnotateImages(workspace=str(workspace), ray=Cluster(models=models, readers=1))
    stages = ArrowStages(Workspace(str(workspace)))
    with ray_session(settings.ray) as machines:
        flow.annotate(stages, settings, machines)
    return summary(stages)


def mine_negatives(workspace, models=1, readers=1, **sections: Any):
    """Run jobs/mine_hard_negatives.py on the test run's Ray; returns its closing summary."""
    from pipelines.engines.ray.cluster import Cluster, ray_session
    from pipelines.flows.mine_hard_negatives.flow import mine_hard_negatives
    from pipelines.flows.mine_hard_negatives.settings import EmbedSettings, MineHardNegatives
    from pipelines.flows.mine_hard_negatives.summary import summary
    from pipelines.workspace.arrow_stages import ArrowStages
    from pipelines.workspace.workspace import Workspace

    small_chunks = EmbedSettings(chunk_items=64, chunk_pictures=24)  # a kill falls between them
    settings = MineHardNegatives(
        workspace=str(workspace), ray=Cluster(models=models, readers=readers), **({"encoder": small_chunks} | sections)
    )
    stages = ArrowStages(Workspace(str(workspace)))
    with ray_session(settings.ray) as machines:
        return summary(stages, mine_hard_negatives(stages, settings, machines))


def judge(workspace, models=1, **sections: Any):
    """Run jobs/judge_relevance.py on the test run's Ray; returns its result and its closing summary."""
    from pipelines.engines.ray.cluster import Cluster, ray_session
    from pipelines.flows.judge_relevance.flow import JudgePlan, judge_relevance
    from pipelines.flows.judge_relevance.settings import JudgeRelevance
    from pipelines.flows.judge_relevance.summary import plan, summary
    from pipelines.workspace.arrow_stages import ArrowStages
    from pipelines.workspace.workspace import Workspace

    settings = JudgeRelevance(workspace=str(workspace), ray=Cluster(models=models, readers=1), **sections)
    stages = ArrowStages(Workspace(str(workspace)))
    with ray_session(settings.ray) as machines:
        done = judge_relevance(stages, settings, machines)
    return done, plan(done, settings) if isinstance(done, JudgePlan) else summary(stages, done)


def build(spark, workspace, partitions=2, **sections: Any):
    """Run jobs/build_shards.py on the test run's Spark; returns its closing summary."""
    from pipelines.flows.build_shards.flow import build_shards
    from pipelines.flows.build_shards.settings import BuildShards, Shard
    from pipelines.flows.build_shards.summary import summary
    from pipelines.workspace.spark_stages import Stages
    from pipelines.workspace.workspace import Workspace

    several_shards = Shard(shard_bytes=4 << 20)
    spark.conf.set("spark.sql.shuffle.partitions", str(partitions))
    stages = Stages(spark, Workspace(str(workspace)))
    build_shards(stages, BuildShards(workspace=str(workspace), **({"shard": several_shards} | sections)))
    return summary(stages.workspace)
