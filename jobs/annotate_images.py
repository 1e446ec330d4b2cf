"""Annotate the pictures of a mined workspace: OCR, descriptions, and the positives that they give (Ray).

    python jobs/annotate_images.py [--workspace URI] [--config FILE.toml] [--set section.key=value ...]
    ray job submit --working-dir . -- python jobs/annotate_images.py --workspace URI

A local Ray is started and stopped unless a cluster is set (ray.address, RAY_ADDRESS).
Settings: docs/reference/settings/annotate_images.md.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from schemas.start import starting

with starting("models"):
    from pipelines.engines.ray.cluster import ray_session
    from pipelines.flows.annotate_images.flow import annotate
    from pipelines.flows.annotate_images.settings import AnnotateImages
    from pipelines.flows.annotate_images.summary import summary
    from pipelines.run_job import run_job
    from pipelines.workspace.arrow_stages import ArrowStages
    from pipelines.workspace.filesystem import absolute
    from pipelines.workspace.lock import workspace_lock
    from pipelines.workspace.workspace import Workspace
    from schemas.datasets import POSITIVES

FLAGS = {"workspace": ("--workspace", "the mined workspace; results are published there (out)")}


def run(settings: AnnotateImages) -> None:
    """Run the job and print its summary."""
    stages = ArrowStages(Workspace(absolute(settings.workspace)))
    stages.workspace.published(POSITIVES.name)
    with workspace_lock(stages.workspace.folder, "annotate_images"), ray_session(settings.ray) as machines:
        annotate(stages, settings, machines)
    sys.stdout.write(summary(stages))


if __name__ == "__main__":
    run_job(AnnotateImages, run, __doc__ or "", FLAGS, requirements="models")
