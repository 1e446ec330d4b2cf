"""The root that a workspace's pictures were read from, for jobs that read them again."""

from pipelines.workspace.workspace import Workspace
from schemas.datasets import IMAGES

IMAGE_ROOT = "image_root"
"""Key in the report of IMAGES; set if the root has options for its store or a user (`gs://anonymous@bucket`)."""


def image_root(workspace: Workspace) -> str | None:
    """Return the image root with the options of its store (endpoint, region); None if the environment sets them all."""
    run = workspace.manifest(IMAGES.name)
    return run.report.get(IMAGE_ROOT) if run else None
