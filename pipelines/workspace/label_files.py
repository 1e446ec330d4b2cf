"""Reads people's labels from a CSV, JSONL or Parquet file, by its suffix. No engine."""

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.json
import pyarrow.parquet as pq

from pipelines.workspace.filesystem import open_filesystem
from schemas.errors import DataError
from schemas.inputs import LABELS_IN

SUFFIXES = (".csv", ".jsonl", ".parquet")
YES, NO = ("true", "1", "yes"), ("false", "0", "no")
NAMES = ("query_id", "candidate_id")


def read_labels(uri: str) -> pa.Table:
    """Read LABELS_IN, sorted by query and candidate, without duplicates. Other columns are ignored.

    Raises:
        DataError: no such file, an unsupported suffix, a missing column, a label that is neither yes nor no, or
            contradicting labels of one pair.

    Cost: holds the file in memory; people write thousands of labels, not millions.
    """
    table = _read(uri)
    missing = [name for name in LABELS_IN.names if name not in table.column_names]
    if missing:
        raise DataError(f"{uri}: no column {missing}; expected {LABELS_IN.names}, got {table.column_names}")
    ids = [table.column(name).cast(pa.string()) for name in NAMES]
    rows = pa.table([*ids, _booleans(table.column("relevant"), uri)], names=LABELS_IN.names)
    without_id = pc.or_(pc.is_null(rows.column("query_id")), pc.is_null(rows.column("candidate_id")))
    if pc.any(without_id).as_py():
        raise DataError(f"{uri}: {pc.sum(without_id).as_py()} rows without query_id or candidate_id; remove them")
    return _without_duplicates(rows, uri)


def _read(uri: str) -> pa.Table:
    readers: dict[str, Callable[[Any], pa.Table]] = {
        "csv": lambda source: pyarrow.csv.read_csv(source, convert_options=_AS_TEXT),
        "jsonl": pyarrow.json.read_json,
        "parquet": pq.read_table,
    }
    suffix = uri.rsplit(".", 1)[-1].lower()
    if suffix not in readers:
        raise DataError(f"{uri}: expected a .csv, .jsonl or .parquet file, got '.{suffix}'")
    system, path = open_filesystem(uri)
    try:
        with system.open_input_file(path) as source:
            return readers[suffix](source)
    except FileNotFoundError:
        raise DataError(f"{uri}: no such file; download one from the page of jobs/report_pairs.py") from None
    except (OSError, pa.ArrowInvalid) as error:
        raise DataError(f"{uri}: cannot be read as .{suffix} ({error})") from None


_AS_TEXT = pyarrow.csv.ConvertOptions(column_types={name: pa.string() for name in LABELS_IN.names}, strings_can_be_null=True)


def _booleans(labels: pa.ChunkedArray, uri: str) -> pa.ChunkedArray:
    """Parse [n] booleans from booleans, numbers and words."""
    words = pc.utf8_lower(labels.cast(pa.string()))
    yes, no = (pc.is_in(words, value_set=pa.array(spellings)) for spellings in (YES, NO))
    invalid = pc.filter(words.fill_null("nothing"), pc.invert(pc.or_(yes, no)))
    if len(invalid):
        raise DataError(
            f"{uri}: {len(invalid)} invalid values of 'relevant', first '{invalid[0].as_py()}'; expected one of {[*YES, *NO]}"
        )
    return yes


def _without_duplicates(rows: pa.Table, uri: str) -> pa.Table:
    pairs = rows.group_by(list(NAMES)).aggregate([("relevant", "min"), ("relevant", "max")])
    contradicting = pairs.filter(pc.not_equal(pairs.column("relevant_min"), pairs.column("relevant_max")))
    if len(contradicting):
        first = contradicting.slice(0, 1).to_pylist()[0]
        raise DataError(
            f"{uri}: {len(contradicting)} pairs are labelled relevant and irrelevant; first: query_id {first['query_id']}, "
            f"candidate_id {first['candidate_id']}; keep one of each"
        )
    order = [(name, "ascending") for name in NAMES]
    return pairs.select([*NAMES, "relevant_min"]).rename_columns(LABELS_IN.names).cast(LABELS_IN).sort_by(order)
