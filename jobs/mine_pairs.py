"""Mine training pairs from notes, pictures and clicks (Spark).

    ./spark-submit.sh jobs/mine_pairs.py [--notes URI] [--images URI] [--image-root URI] [--clicks URI]
        [--workspace URI] [--config FILE.toml] [--set section.key=value ...]

Without arguments it mines the sample corpus into out/. Settings: docs/reference/settings/mine_pairs.md.
"""

import sys
from pathlib import Path

if not any(
    path.endswith("uninote.zip") for path in sys.path
):  # not from spark-submit.sh: the packages are in the parent folder
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from schemas.start import starting

with starting("mining"):
    from pipelines.engines.spark_session import checkpoints, end_session, plan_for, spark_session
    from pipelines.flows.mine_pairs.flow import mine
    from pipelines.flows.mine_pairs.inputs import open_inputs
    from pipelines.flows.mine_pairs.picture_folder_input import with_picture_folder
    from pipelines.flows.mine_pairs.sample_input import truth_folder, with_sample
    from pipelines.flows.mine_pairs.settings import MinePairs
    from pipelines.flows.mine_pairs.summary import summary
    from pipelines.run_job import run_job
    from pipelines.workspace.lock import workspace_lock
    from pipelines.workspace.spark_stages import Stages
    from pipelines.workspace.workspace import Workspace

FLAGS = {
    "input.notes": ("--notes", "notes: Parquet, JSON or CSV, or a folder of pictures"),
    "input.images": ("--images", "table of pictures' bytes, as notes: with image_id, content"),
    "input.image_root": ("--image-root", "folder that relative picture uris refer to (default: the notes' folder)"),
    "input.clicks": ("--clicks", "clicks: as notes"),
    "workspace": ("--workspace", "folder to publish the datasets in (default: out)"),
}


def run(settings: MinePairs) -> None:
    """Run the job: datasets are published in the workspace."""
    workspace = Workspace(settings.workspace)
    with workspace_lock(workspace.folder, "mine_pairs"):
        folder_input = with_picture_folder(with_sample(settings))
        settings = folder_input.settings
        spark = spark_session("mine_pairs")
        stages = Stages(spark, workspace)
        with checkpoints(spark, workspace.folder):
            inputs = open_inputs(spark, settings.input, settings.read, folder_input.pictures_fingerprint)
            plan_for(spark, inputs.size_bytes)
            warnings = mine(stages, inputs, settings)
        sys.stdout.write(summary(stages, truth_folder(settings.input), warnings))
        end_session(spark)


if __name__ == "__main__":
    run_job(MinePairs, run, __doc__ or "", FLAGS)
