"""Inputs in tasks: many small files are one task, a large file is several; nothing travels that reading does not need."""

import gzip
import json
import pickle
import time

import pytest

from pipelines.input_tables import parts as module
from pipelines.input_tables.files.listing import InputFile
from pipelines.input_tables.files.places import parse_place
from pipelines.input_tables.open_table import _chosen, open_table
from pipelines.input_tables.parts import packed, parts_of, read_by_one_task, slim
from pipelines.input_tables.read_part import read_part


def files(folder, count):
    for k in range(count):
        rows = [{"note_id": f"n{k}", "body": "x" * 1500, "more": k} for _ in range(20)]
        (folder / f"{k:04}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_many_small_files_are_a_few_tasks_and_each_is_read_once(tmp_path):
    files(tmp_path, 200)
    parts = parts_of(open_table(str(tmp_path)), 2)
    tasks = packed(parts, 2)
    assert len(parts) == 200
    assert len(tasks) < 80
    assert [part for task in tasks for part in task] == parts
    assert packed([], 2) == []


def test_the_cost_of_opening_counts_where_files_are_small(tmp_path):
    files(tmp_path, 30)
    parts = parts_of(open_table(str(tmp_path)), 2)
    many = [part for part in parts for _ in range(200)]
    assert [len(task) for task in packed(many, 2)] == [124] * 48 + [48]  # 128 MB, of which opening a file costs one


def test_thousands_of_files_are_chosen_at_once():
    """A comparison of each file with each took eight seconds of CPU time for 5,000 files."""
    places = [parse_place(f"/data/{k:05}.{'jsonl' if k % 2 else 'md'}") for k in range(5_000)]
    began = time.process_time()
    chosen, left_out = _chosen([InputFile(place, 1, 0, ()) for place in places])
    assert time.process_time() - began < 2
    assert (len(chosen), len(left_out)) == (2_500, 2_500)


def test_a_second_look_reads_no_file(tmp_path, monkeypatch):
    files(tmp_path, 3)
    first = open_table(str(tmp_path), ["note_id"])
    monkeypatch.setattr("pipelines.input_tables.open_table.look_at", None)
    assert open_table(str(tmp_path), ["note_id"]) == first
    monkeypatch.undo()
    (tmp_path / "0001.jsonl").write_text('{"note_id": "other", "late": 1}\n')
    assert "late" in open_table(str(tmp_path), ["note_id"]).columns


def test_what_travels_is_small_and_reads_the_same(tmp_path):
    files(tmp_path, 3)
    parts = parts_of(open_table(str(tmp_path)), 1)
    small = [slim(part, ["note_id"]) for part in parts]
    assert len(pickle.dumps(small)) < 5_000 < len(pickle.dumps(parts))
    for part, other in zip(parts, small, strict=True):
        assert list(read_part(part, ["note_id"])) == list(read_part(other, ["note_id"]))


@pytest.mark.parametrize(
    ("name", "pack", "reason"),
    [
        ("c.csv.gz", gzip.compress, "gzip data cannot be read from the middle"),
        ("c.csv", lambda raw: raw.decode().encode("utf-16"), "its bytes do not tell where a record begins"),
    ],
)
def test_a_large_file_of_one_task_is_named_with_the_way_out(tmp_path, monkeypatch, name, pack, reason):
    (tmp_path / name).write_bytes(pack(b"note_id,images\n" + b"n,a.jpg\n" * 50))
    table = open_table(str(tmp_path / name), ["note_id"])
    assert read_by_one_task(parts_of(table, 4)) == []
    monkeypatch.setattr(module, "ALONE_BYTES", 10)
    [message] = read_by_one_task(parts_of(table, 4))
    assert reason in message and "jobs/import_table.py" in message and str(tmp_path / name) in message
