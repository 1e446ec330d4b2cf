"""Build training shards from a mined workspace (Spark).

    ./spark-submit.sh jobs/build_shards.py [--workspace URI] [--images URI] [--format shards|sentence-transformers]
        [--config FILE.toml] [--set section.key=value ...]

Writes training rows with soft labels, and ranking lists: per split, Parquet shards and a file of pictures for each. Settings:
docs/reference/settings/build_shards.md.
"""

import sys
from pathlib import Path

if not any(
    path.endswith("uninote.zip") for path in sys.path
):  # not from spark-submit.sh: the packages are in the parent folder
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from schemas.start import starting

with starting("mining"):
    from pipelines.engines.spark_session import end_session, spark_session
    from pipelines.flows.build_shards.flow import build_shards
    from pipelines.flows.build_shards.settings import BuildShards
    from pipelines.flows.build_shards.summary import summary
    from pipelines.run_job import run_job
    from pipelines.workspace.lock import workspace_lock
    from pipelines.workspace.spark_stages import Stages
    from pipelines.workspace.workspace import Workspace

FLAGS = {
    "workspace": ("--workspace", "the mined workspace; shards are published there (default: out)"),
    "images": ("--images", "table of pictures' bytes, the same as for mine_pairs.py"),
    "format": ("--format", "sentence-transformers: also write tuples for its trainer", "shards|sentence-transformers"),
}


def run(settings: BuildShards) -> None:
    """Run the job: shards are published in the workspace."""
    workspace = Workspace(settings.workspace)
    with workspace_lock(workspace.folder, "build_shards"):
        spark = spark_session("build_shards")
        build_shards(Stages(spark, workspace), settings)
        sys.stdout.write(summary(workspace))
        end_session(spark)


if __name__ == "__main__":
    run_job(BuildShards, run, __doc__ or "", FLAGS)
