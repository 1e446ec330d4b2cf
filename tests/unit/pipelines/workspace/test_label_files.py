"""One set of labels, however the file spells it."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.workspace.label_files import read_labels
from schemas.errors import DataError
from schemas.inputs import LABELS_IN

ROWS = [
    {"query_id": "0123", "candidate_id": "b", "relevant": True},
    {"query_id": "0123", "candidate_id": "c", "relevant": False},
    {"query_id": "77", "candidate_id": "a", "relevant": True},
]


def written(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text, encoding="utf8")
    return str(path)


def test_csv_jsonl_and_parquet_are_read_alike_in_any_order_with_other_columns(tmp_path):
    csv = "task,relevant,query_id,candidate_id\nx,true,77,a\nx,0,0123,c\nx,YES,0123,b\nx,yes,0123,b\n"
    jsonl = "".join(json.dumps({"note": "其他", **row}) + "\n" for row in reversed(ROWS))
    pq.write_table(pa.Table.from_pylist(ROWS), tmp_path / "l.parquet")
    pq.write_table(pa.Table.from_pylist([{**r, "relevant": float(r["relevant"])} for r in ROWS]), tmp_path / "numbers.parquet")
    files = [written(tmp_path, "l.csv", csv), written(tmp_path, "l.jsonl", jsonl)]
    for file in [*files, str(tmp_path / "l.parquet"), str(tmp_path / "numbers.parquet")]:
        labels = read_labels(file)
        assert labels.to_pylist() == ROWS
        assert labels.schema == LABELS_IN


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("l.xlsx", "", ".csv, .jsonl or .parquet"),
        ("l.csv", "query_id,relevant\na,1\n", r"no column \['candidate_id'\]"),
        ("l.csv", "query_id,candidate_id,relevant\na,b,maybe\n", "first 'maybe'"),
        ("l.csv", "query_id,candidate_id,relevant\na,b,\n", "first 'nothing'"),
        ("l.csv", "query_id,candidate_id,relevant\n,b,1\n", "1 rows without query_id"),
        ("l.csv", "query_id,candidate_id,relevant\na,b,1\na,b,0\n", "query_id a, candidate_id b"),
        ("l.jsonl", "{not json", "cannot be read as .jsonl"),
        ("l.csv", "", "cannot be read as .csv"),
        ("l.parquet", "text", "cannot be read as .parquet"),
    ],
)
def test_an_invalid_file_is_named_with_its_fault(tmp_path, name, text, message):
    with pytest.raises(DataError, match=message) as raised:
        read_labels(written(tmp_path, name, text))
    assert str(tmp_path) in str(raised.value)


def test_a_file_that_is_not_there():
    with pytest.raises(DataError, match="no such file; download one"):
        read_labels("/nowhere/labels.csv")
