"""Step: rows with their places and pictures -> the shards of a split."""

from typing import Any, NamedTuple

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.shards.files.assign_shards import LIST_LOST, QUERY_LOST, Shown, cut, showable
from pipelines.shards.files.write_step import write_shards
from pipelines.workspace.run_folder import Run
from pipelines.workspace.stage_output import StageFiles
from schemas.table import Table

KEYS = {"sft": ("pair_id", QUERY_LOST), "rl": ("list_id", LIST_LOST)}
"""Of each kind of rows: its key, and why one is lost."""


class SplitTables(NamedTuple):
    """What the shards are cut from."""

    sft: DataFrame
    """SFT_ROWS."""
    rl: DataFrame
    """RL_ROWS."""
    shown: DataFrame
    """SHOWN."""
    images: DataFrame
    """IMAGES."""


def written_split(tables: SplitTables, table: Table, run: Run, shard_bytes: int) -> StageFiles:
    """The shards of a split of a kind.

    Args:
        tables: of the workspace.
        table: of TRAINING, such as sft/train.
        run: the folder to write to.
        shard_bytes: of a shard, about.
    """
    kind, split = table.name.split("/")
    key, lost = KEYS[kind]
    rows = getattr(tables, kind).where(F.col("split") == split)
    rows_in = rows.count()
    shown = Shown(tables.images.select("image_id", "sha256").dropDuplicates(["image_id"]), tables.shown)
    whole, amiss = showable(rows, shown, key)
    shards = cut(whole.where(~amiss), shown, key, table.columns.names, shard_bytes)
    made = write_shards(shards, table.columns, run)
    kept = sum(file.rows for file in made.rows)
    report: dict[str, Any] = {"shards": shards.number, "counts": made.counts}
    return StageFiles(made.rows, made.pictures, {lost: rows_in - kept}, rows_in, report)
