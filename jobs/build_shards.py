"""Build the shards that a trainer reads from a mined workspace (Spark).

    ./spark-submit.sh jobs/build_shards.py [--workspace URI] [--images URI] [--format shards|sentence-transformers]
        [--config FILE.toml] [--set section.key=value ...]

Training rows with soft labels and ranking lists, each split in shards of Parquet with their pictures beside. Settings:
docs/reference/settings/build_shards.md.
"""

import sys
from pathlib import Path

if not any(path.endswith("uninote.zip") for path in sys.path):  # not from spark-submit.sh: the packages are beside us
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from schemas.start import starting

with starting("mining"):
    from pipelines.engines.spark_session import spark_session
    from pipelines.flows.build_shards.flow import build_shards
    from pipelines.flows.build_shards.settings import BuildShards
    from pipelines.flows.build_shards.summary import summary
    from pipelines.run_job import run_job
    from pipelines.workspace.lock import alone
    from pipelines.workspace.spark_stages import Stages
    from pipelines.workspace.workspace import Workspace

FLAGS = {
    "workspace": ("--workspace", "the mined workspace; shards are published there (out)"),
    "images": ("--images", "pictures' bytes, as mine_pairs.py was given them"),
    "format": ("--format", "sentence-transformers: tuples for its trainer beside the shards", "shards|sentence-transformers"),
}


def run(settings: BuildShards) -> None:
    """Settings in, shards out."""
    workspace = Workspace(settings.workspace)
    with alone(workspace.folder, "build_shards"):
        spark = spark_session("build_shards")
        build_shards(Stages(spark, workspace), settings)
        sys.stdout.write(summary(workspace))
        spark.stop()


if __name__ == "__main__":
    run_job(BuildShards, run, __doc__ or "", FLAGS)
