"""Shards of which the labels teach wrong answers are refused, by their manifest or by their rows."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import DataError
from schemas.labels import positive_not_largest
from schemas.shards import SFT
from testkit.training_shards import candidate, item, sft_row, sft_shards
from uninote_train.data.label_check import refuse_wrong_labels, wrong_rows
from uninote_train.data.shard_reader import open_shards

LABEL = st.sampled_from([0.1, 0.2, 0.3])


def rows_of(*labels):
    """SFT rows of (positive, candidates); None: a row without labels."""
    rows = []
    for n, one in enumerate(labels):
        row = sft_row(n % 5, 9, n, labels=one is not None)
        if one is not None:
            row["positive"]["soft_label"] = one[0]
            row["candidates"] = [candidate(item("note", k, (0,)), label, "band") for k, label in enumerate(one[1])]
        rows.append(row)
    return pa.Table.from_pylist(rows, SFT.columns)


@given(st.lists(st.none() | st.tuples(LABEL, st.lists(LABEL, max_size=3)), max_size=6))
def test_the_rows_whose_positive_is_not_the_largest_are_counted(labels):
    wanted = sum(one is not None and max(one[1], default=-1.0) >= one[0] for one in labels)
    assert positive_not_largest(rows_of(*labels)) == wanted


@pytest.fixture
def shards(tmp_path):
    """A function of the number of wrong rows among 200: opened shards without a manifest."""

    def written(wrong):
        folder = sft_shards(tmp_path / f"wrong{wrong}", rows=200, shards=2)
        first = sorted((folder / "train").glob("*.parquet"))[0]
        rows = pq.read_table(first).to_pylist()
        for row in rows[:wrong]:
            row["candidates"][0]["soft_label"] = row["positive"]["soft_label"] = row["positive"]["soft_label"] or 0.5
            row["label_from"] = "similarity"
        pq.write_table(pa.Table.from_pylist(rows, SFT.columns), first)
        return open_shards(str(folder), "train", SFT, None)

    return written


def test_up_to_one_row_in_a_hundred_may_be_wrong(shards):
    refuse_wrong_labels(shards(2))
    message = (
        r"in 3 of 200 rows a candidate has at least the positive's soft label.*expected at most 1%: build the shards again"
    )
    with pytest.raises(DataError, match=message):
        refuse_wrong_labels(shards(3))


@pytest.mark.parametrize(("report", "count"), [({"positive_not_largest": 9}, 9), ({}, 3)])
def test_the_manifest_counts_and_where_it_is_older_the_rows(shards, report, count):
    wrong = shards(3)
    files = [{"path": name} for name in wrong.rows]
    with open(f"{wrong.folder}/_current.json", "w") as current:
        json.dump({"files": files, "report": report}, current)
    assert wrong_rows(wrong) == count


def test_shards_of_an_earlier_version_are_read(tmp_path):
    folder = sft_shards(tmp_path / "made", rows=9, shards=1)
    [file] = (folder / "train").glob("*.parquet")
    pq.write_table(pq.read_table(file).drop_columns(["label_temperature"]), file)
    shards = open_shards(str(folder), "train", SFT, None)
    assert shards.counts == (9,) and "label_temperature" not in shards.row(0, 0)
