"""Where a workspace's pictures were read from, for the jobs that read them again."""

from pipelines.workspace.workspace import Workspace
from schemas.datasets import IMAGES

IMAGE_ROOT = "image_root"
"""In the report of IMAGES, where the root says what no uri says: options for its store, or a user (`gs://anonymous@bucket`)."""


def image_root(workspace: Workspace) -> str | None:
    """The image root with the options of its store (endpoint, region); None where the environment says all."""
    run = workspace.manifest(IMAGES.name)
    return run.report.get(IMAGE_ROOT) if run else None
