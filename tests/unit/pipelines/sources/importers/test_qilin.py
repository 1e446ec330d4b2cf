"""Qilin's layout becomes notes and clicks: NaN, missing pictures and rows of which nothing can be made are counted."""

import subprocess
import sys
from collections import Counter

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.sources.importers.parquet_parts import write_parts, write_tables
from pipelines.sources.importers.qilin_clicks import qilin_clicks
from pipelines.sources.importers.qilin_notes import Pictures, qilin_notes
from schemas.errors import DataError
from schemas.inputs import CLICKS_IN, NOTES_IN
from tests.conftest import ROOT
from tests.support.qilin_layout import MONDAY, NAN, note, write_notes, write_pictures, write_sessions

pytestmark = pytest.mark.slow


def notes_of(root, level=1):
    counts = Counter()
    tables = list(qilin_notes(root, Pictures(root), level, counts))
    return [row for table in tables for row in table.cast(NOTES_IN).to_pylist()], counts


def clicks_of(root, history="leave out"):
    counts = Counter()
    tables = list(qilin_clicks(root, history, counts))
    rows = [row for table in tables for row in table.cast(CLICKS_IN).to_pylist()]
    return [(r["user_id"], r["note_id"], int(r["clicked_at"].timestamp()), r["session_id"]) for r in rows], counts


def test_a_note_becomes_ours(tmp_path):
    row = note(12, likes=1234.0, title="标题", body="正文") | {"taxonomy2_id": 31.0, "share_num": NAN}
    write_notes(tmp_path, [row])
    write_pictures(tmp_path, [row])
    [made], _ = notes_of(tmp_path)
    assert made == {
        "note_id": "12",
        "title": "标题",
        "body": "正文",
        "topic": "7",
        "images": [{"image_id": p, "uri": p} for p in row["image_path"]],
        "like_count": 1234,
        "collect_count": 3,
        "comment_count": 3,
        "share_count": None,
        "author_id": None,
        "published_at": None,
        "note_type": "image",
    }
    assert notes_of(tmp_path, level=2)[0][0]["topic"] == "31"


def test_numbers_may_be_nan_and_pictures_missing(tmp_path):
    rows = [
        note(1, likes=NAN, kind=NAN, taxonomy=NAN),
        note(2, kind=2.0),
        note(3, images=[]),
        note(4, images=["image/part_1/4/40.jpg", None, "../../etc/passwd", "/etc/passwd"]),
        note(5) | {"image_path": None},
    ]
    write_notes(tmp_path, rows, files=1)
    write_pictures(tmp_path, [note(1), note(2), note(4)], parts=(1,))
    made, counts = notes_of(tmp_path)
    one, two, three, four, five = made
    assert (one["like_count"], one["note_type"], one["topic"]) == (0, None, None)
    assert [len(row["images"]) for row in (one, two, three, four, five)] == [2, 0, 0, 1, 0]
    assert two["note_type"] == "video"
    assert two["body"]
    assert counts["notes without a like count, taken for 0"] == 1
    assert (counts["pictures listed"], counts["pictures that are not on this disk"]) == (8, 5)


def test_a_note_without_a_number_of_its_own_is_dropped_and_counted(tmp_path):
    write_notes(tmp_path, [note(1), note(2) | {"note_idx": None}])
    made, counts = notes_of(tmp_path)
    assert [row["note_id"] for row in made] == ["1"]
    assert counts["notes read"] == len(made) + counts["dropped: notes without note_idx"] == 2


def test_a_click_is_a_result_that_was_clicked_at_its_time(tmp_path):
    shown = [(7, 1.0, MONDAY), (8, 0.0, MONDAY), (9, 1.0, MONDAY + 60), (9, NAN, MONDAY)]
    write_sessions(tmp_path, "search_train", [(5, 44, [1, 2], shown), (6, 44, [], [])])
    write_sessions(tmp_path, "recommendation_test", [(5, 44, None, [(3, 1.0, MONDAY + 0.9)])], pa.float64())
    rows, counts = clicks_of(tmp_path)
    assert rows == [("44", "7", MONDAY, "5"), ("44", "9", MONDAY + 60, "5"), ("44", "3", MONDAY, "5")]
    assert (counts["requests read"], counts["results shown"], counts["results not clicked"]) == (3, 5, 2)
    assert counts["clicks of a history, left out: they have no time"] == 2
    assert counts["folders that are not there: dqa"] == 1


def test_dqa_is_read_as_a_search(tmp_path):
    write_sessions(tmp_path, "dqa", [(1, 2, [], [(3, 1.0, MONDAY)])])
    assert clicks_of(tmp_path)[0] == [("2", "3", MONDAY, "1")]


def test_a_click_without_a_time_is_dropped_and_counted(tmp_path):
    write_sessions(tmp_path, "search_test", [(1, 2, [], [(3, 1.0, NAN), (4, 1.0, MONDAY)])], pa.float64())
    rows, counts = clicks_of(tmp_path)
    assert rows == [("2", "4", MONDAY, "1")]
    assert counts["dropped: clicks without a user, a note or a time"] == 1


@pytest.mark.parametrize(("history", "times"), [("oldest first", [-3, -2, -1]), ("newest first", [-1, -2, -3])])
def test_a_history_is_put_before_the_request_in_the_order_that_is_said(tmp_path, history, times):
    write_sessions(tmp_path, "search_train", [(1, 2, [], []), (1, 2, [11, 12, 13], [(3, 0.0, MONDAY + 5), (3, 0.0, MONDAY)])])
    rows, _ = clicks_of(tmp_path, history)
    assert rows == [("2", str(n), MONDAY + t, "1") for n, t in zip((11, 12, 13), times, strict=True)]


def test_a_history_without_a_request_has_no_time(tmp_path):
    write_sessions(tmp_path, "search_train", [(1, 2, [11], [])])
    rows, counts = clicks_of(tmp_path, "oldest first")
    assert (rows, counts["dropped: clicks without a user, a note or a time"]) == ([], 1)


def test_more_rows_than_are_held_at_a_time_keep_their_order(tmp_path):
    write_notes(tmp_path, [note(k, images=[]) for k in range(9000)], files=1)
    made, _ = notes_of(tmp_path)
    assert [row["note_id"] for row in made] == [str(k) for k in range(9000)]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda root: None, r"notes: no \*.parquet there; wanted Qilin's folders notes, search_train"),
        (
            lambda root: (root / "notes").mkdir() or (root / "notes" / "a.parquet").write_bytes(b"PAR1"),
            "a.parquet: cannot be read",
        ),
        (lambda root: write_table(root, pa.table({"note_idx": [1]})), "missing columns .*'note_title'.*; found"),
        (lambda root: write_table(root, wrong()), "column 'accum_like_num' is string, wanted numbers"),
    ],
)
def test_what_is_not_qilin_is_told_in_one_line(tmp_path, change, message):
    change(tmp_path)
    with pytest.raises(DataError, match=message):
        notes_of(tmp_path)


def write_table(root, table):
    (root / "notes").mkdir()
    pq.write_table(table, root / "notes" / "a.parquet")


def wrong():
    return pa.Table.from_pylist([note(1) | {"accum_like_num": "many"}])


def test_a_file_stands_there_whole_or_not_at_all(tmp_path):
    def failing():
        yield pa.table({"a": [1]})
        raise DataError("the second batch is damaged")

    schema = pa.schema([("a", pa.int64())])
    folder = tmp_path / "t.parquet"
    write_parts(folder, lambda target: write_tables([pa.table({"a": [7]})], schema, target))
    with pytest.raises(DataError):
        write_parts(folder, lambda target: write_tables(failing(), schema, target))
    assert [p.name for p in tmp_path.iterdir()] == ["t.parquet"]
    assert pq.read_table(folder).to_pydict() == {"a": [7]}


def test_the_job_says_what_it_made_and_what_to_run_next(tmp_path):
    rows = [note(k) for k in range(6)]
    write_notes(tmp_path / "q", rows)
    write_pictures(tmp_path / "q", rows)
    write_sessions(tmp_path / "q", "search_train", [(1, 2, [], [(3, 1.0, MONDAY)])])
    job = [sys.executable, ROOT / "jobs/import_qilin.py", "--qilin", tmp_path / "q", "--out", tmp_path / "o"]
    done = subprocess.run(job, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Written to" in done.stdout
    assert "6 notes, 1 clicks" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("Next: ./spark-submit.sh jobs/mine_pairs.py --notes ")
    assert pq.read_table(tmp_path / "o" / "notes.parquet").column_names == NOTES_IN.names
    bad = subprocess.run([*job[:2], "--qilin", tmp_path / "nowhere"], capture_output=True, text=True, check=False)
    assert (bad.returncode, bad.stderr.count("\n")) == (2, 1)
