"""Refuses training rows of which too many teach a wrong answer: a candidate has at least the positive's label."""

import json
import posixpath

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq

from schemas.errors import DataError
from schemas.labels import MAX_SHARE, POSITIVE_NOT_LARGEST, positive_not_largest
from schemas.shards import CURRENT
from uninote_train.data.shard_reader import Shards

LABELS = ("label_from", "positive.soft_label", "candidates.list.element.soft_label")
"""The columns that are read, by their Parquet paths."""


def refuse_wrong_labels(shards: Shards) -> None:
    """Check that the positive has the largest label of nearly every row.

    Cost: reads the split's manifest; where it has no such count, the labels of all rows.

    Raises:
        DataError: more than MAX_SHARE of the rows are labelled wrongly.
    """
    wrong, rows = wrong_rows(shards), sum(shards.counts)
    if wrong > MAX_SHARE * rows:
        raise DataError(
            f"{shards.folder}: in {wrong} of {rows} rows a candidate has at least the positive's soft label, which teaches "
            f"wrong answers; expected at most {MAX_SHARE:.0%}: build the shards again with jobs/build_shards.py"
        )


def wrong_rows(shards: Shards) -> int:
    """The number of rows of which a candidate has at least the positive's label: the manifest's, or counted."""
    system, root = fsspec.core.url_to_fs(shards.folder)
    current = posixpath.join(root, CURRENT)
    report = json.loads(system.cat_file(current)).get("report") or {} if system.exists(current) else {}
    if POSITIVE_NOT_LARGEST in report:
        return int(report[POSITIVE_NOT_LARGEST])
    return sum(_counted(system, posixpath.normpath(posixpath.join(root, name))) for name in shards.rows)


def _counted(system: fsspec.AbstractFileSystem, path: str) -> int:
    with system.open(path, "rb") as opened:
        batches = pq.ParquetFile(opened).iter_batches(columns=list(LABELS))
        return sum(positive_not_largest(pa.Table.from_batches([batch])) for batch in batches)
