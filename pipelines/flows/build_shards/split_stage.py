"""Step: rows and pictures -> the shards of a split."""

from typing import Any, NamedTuple

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.shards.files.assign_shards import (
    LIST_LOST,
    QUERY_LOST,
    PictureTables,
    assign_shards,
    without_missing_pictures,
)
from pipelines.shards.files.write_step import write_shards
from pipelines.workspace.run_folder import Run
from pipelines.workspace.stage_output import StageFiles
from schemas.labels import POSITIVE_NOT_LARGEST
from schemas.table import Table

KEYS = {"sft": ("pair_id", QUERY_LOST), "rl": ("list_id", LIST_LOST)}
"""For each kind of row: its key, and the reason why a row is dropped."""


class SplitTables(NamedTuple):
    """Input tables of the shards."""

    sft: DataFrame
    """SFT_ROWS."""
    rl: DataFrame
    """RL_ROWS."""
    pictures: DataFrame
    """SHARD_PICTURES."""
    images: DataFrame
    """IMAGES."""


def write_split(tables: SplitTables, table: Table, run: Run, shard_bytes: int) -> StageFiles:
    """Write the shards of one split of one kind of rows.

    Args:
        tables: of the workspace.
        table: of TRAINING, such as sft/train.
        run: the folder to write to.
        shard_bytes: approximate size of a shard.
    """
    kind, split = table.name.split("/")
    key, lost = KEYS[kind]
    rows = getattr(tables, kind).where(F.col("split") == split)
    rows_in = rows.count()
    files = tables.images.select("image_id", "sha256").dropDuplicates(["image_id"])
    pictures = PictureTables(files, tables.pictures)
    complete, is_lost = without_missing_pictures(rows, pictures, key)
    shards = assign_shards(complete.where(~is_lost), pictures, key, table.columns.names, shard_bytes)
    output = write_shards(shards, table.columns, run)
    rows_out = sum(file.rows for file in output.rows)
    report: dict[str, Any] = {"shards": shards.number, "counts": output.counts}
    if kind == "sft":
        report[POSITIVE_NOT_LARGEST] = output.counts.get("rows", {}).get(POSITIVE_NOT_LARGEST, 0)
    return StageFiles(output.rows, output.pictures, {lost: rows_in - rows_out}, rows_in, report)
