"""The stages that publish the splits: rows with their places and pictures, in shards."""

from typing import Any

from pyspark.sql import functions as F

from pipelines.shards.place import LIST_LOST, QUERY_LOST, Shown, cut, showable
from pipelines.shards.tables import RL_ROWS, SFT_ROWS, SHOWN, TRAINING
from pipelines.shards.write import write_shards
from pipelines.shards_job.settings import BuildShards
from pipelines.workspace.output import Files
from pipelines.workspace.place import Run
from pipelines.workspace.stages import Stages
from schemas.table import Table
from schemas.tables import IMAGES

ROWS = {"sft": (SFT_ROWS, "pair_id", QUERY_LOST), "rl": (RL_ROWS, "list_id", LIST_LOST)}


def publish_splits(stages: Stages, settings: BuildShards) -> None:
    """SFT_ROWS, RL_ROWS and SHOWN -> sft/train to rl/test.

    All are published together: no training split stands beside a test split of another mining.
    """
    stages.run_files(
        [table for splits in TRAINING.values() for table in splits],
        lambda table, run: _written(stages, settings, table, run),
        inputs=stages.fingerprints(SFT_ROWS, RL_ROWS, SHOWN, IMAGES),
        settings={name: getattr(settings, name) for name in ("seed", "sft", "labels", "ranking", "pictures", "shard")},
        code=("pipelines.shards", "pipelines.shards_job.splits"),
    )


def _written(stages: Stages, settings: BuildShards, table: Table, run: Run) -> Files:
    kind, split = table.name.split("/")
    source, key, lost = ROWS[kind]
    rows = stages.read(source).where(F.col("split") == split)
    rows_in = rows.count()
    shown = Shown(stages.read(IMAGES).select("image_id", "sha256").dropDuplicates(["image_id"]), stages.read(SHOWN))
    whole, amiss = showable(rows, shown, key)
    shards = cut(whole.where(~amiss), shown, key, table.columns.names, settings.shard.shard_bytes)
    made = write_shards(shards, table.columns, run)
    kept = sum(file.rows for file in made.rows)
    report: dict[str, Any] = {"shards": shards.number, "counts": made.counts}
    return Files(made.rows, made.pictures, {lost: rows_in - kept}, rows_in, report)
