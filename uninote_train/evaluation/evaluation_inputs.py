"""The rows of a split's shards -> what is evaluated, for `evaluate` and for validation during training."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import pyarrow.parquet as pq

from schemas.shards import RL, SFT, ShardFiles
from schemas.table import Table
from uninote_train.evaluation.list_task import ListTask, read_lists
from uninote_train.evaluation.split_items import EvaluationSplit, read_split
from uninote_train.evaluation.split_pictures import PictureFiles


@dataclass(frozen=True, slots=True)
class EvaluationInputs:
    """Pairs, ranking lists and pictures of a split."""

    split: EvaluationSplit
    lists: ListTask | None
    pictures: PictureFiles


def read_inputs(
    sft: Sequence[ShardFiles], lists: Sequence[ShardFiles], rows: int | None = None, list_rows: int | None = None
) -> EvaluationInputs:
    """Read the shards.

    Args:
        sft: shards of SFT rows; may be none.
        lists: shards of ranking lists; may be none.
        rows: SFT rows that are read, at most: the first, whose order is seeded; None: all.
        list_rows: lists, in the same way.
    """
    ranked = read_lists(islice(_rows(lists, RL), list_rows))
    pictures = PictureFiles([file.pictures for file in (*sft, *lists)])
    return EvaluationInputs(read_split(islice(_rows(sft, SFT), rows)), ranked if ranked.ranked else None, pictures)


def _rows(files: Sequence[ShardFiles], table: Table) -> Iterator[dict[str, Any]]:
    for file in files:
        opened = pq.ParquetFile(file.rows)
        table.check(opened.schema_arrow)
        for batch in opened.iter_batches(1024):
            yield from batch.to_pylist()
