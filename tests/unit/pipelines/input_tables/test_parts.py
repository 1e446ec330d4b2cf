"""Inputs in tasks: many small files are one task, a large file is several; nothing travels that reading does not need."""

import json
import pickle

from pipelines.input_tables.open_table import open_table
from pipelines.input_tables.parts import packed, parts_of, slim
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


def test_what_travels_is_small_and_reads_the_same(tmp_path):
    files(tmp_path, 3)
    parts = parts_of(open_table(str(tmp_path)), 1)
    small = [slim(part, ["note_id"]) for part in parts]
    assert len(pickle.dumps(small)) < 5_000 < len(pickle.dumps(parts))
    for part, other in zip(parts, small, strict=True):
        assert list(read_part(part, ["note_id"])) == list(read_part(other, ["note_id"]))
