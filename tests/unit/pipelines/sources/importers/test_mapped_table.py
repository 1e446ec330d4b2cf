"""A user's own columns become ours by a mapping; every row of theirs is a row of ours, and what could not be read is counted."""

import gzip
import json
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.sources.importers.column_mapping import WANTED, Expression, ImportTable, Source, mapped_sources
from schemas.errors import DataError, SettingsError
from tests.conftest import ROOT
from tests.support.import_rows import imported, rows_of

pytestmark = pytest.mark.slow

NOTE = {"note_id": "id", "like_count": "likes"}
NAN = float("nan")


def values(table, folder, column, mapping_value, name="notes"):
    mapping = (NOTE if name == "notes" else {"user_id": "id", "note_id": "id"}) | {column: mapping_value}
    rows, counts = rows_of(table, folder, mapping, name)
    return [row[column] for row in rows], counts.invalid[column]


def theirs(**columns):
    count = len(next(iter(columns.values())))
    return pa.table({"id": [str(k) for k in range(count)], "likes": [1] * count} | columns)


def test_columns_by_name_by_path_and_by_expression(tmp_path):
    table = theirs(
        stats=[{"saved": 3}, {"saved": 4}], **{'odd name"; --': ["x", "y"], "a.b": ["dot", "dots"], "lang": ["zh", None]}
    )
    mapping = {
        "collect_count": "stats.saved",
        "title": 'odd name"; --',
        "body": "a.b",
        "topic": Expression(sql="coalesce(lang, 'en') || '!'"),
    }
    rows, counts = rows_of(table, tmp_path, NOTE | mapping)
    assert [(r["note_id"], r["collect_count"], r["title"], r["body"], r["topic"]) for r in rows] == [
        ("0", 3, "x", "dot", "zh!"),
        ("1", 4, "y", "dots", "en!"),
    ]
    assert rows[0]["images"] == []
    assert rows[0]["author_id"] is None
    assert counts.rows == 2


@pytest.mark.parametrize(
    ("found", "wanted", "unread"),
    [
        ([1, 2], [1, 2], 0),
        ([1.0, NAN], [1, None], 0),
        (["7", "many"], [7, None], 1),
        ([None, 5], [None, 5], 0),
        ([True, False], [1, 0], 0),
    ],
)
def test_counts(tmp_path, found, wanted, unread):
    assert values(theirs(n=found), tmp_path, "share_count", "n") == (wanted, unread)


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        ([12.0, NAN], ["12", None]),
        ([12, 13], ["12", "13"]),
        (["a", ""], ["a", ""]),
        ([12.5, 1e15], ["12.5", "1000000000000000"]),
    ],
)
def test_names(tmp_path, found, wanted):
    assert values(theirs(n=found), tmp_path, "author_id", "n")[0] == wanted


@pytest.mark.parametrize(
    "found",
    [
        1_722_852_000,
        1_722_852_000_000,
        1_722_852_000_000_000,
        1_722_852_000.0,
        "1722852000",
        "2024-08-05 10:00:00",
        "2024-08-05T12:00:00+02:00",
        datetime(2024, 8, 5, 10),
        datetime(2024, 8, 5, 10, tzinfo=UTC),
    ],
)
def test_times(tmp_path, found):
    wanted = [datetime(2024, 8, 5, 10, tzinfo=UTC), None]
    assert values(theirs(at=[found, None]), tmp_path, "clicked_at", "at", "clicks") == (wanted, 0)


def test_a_time_that_is_none_is_counted(tmp_path):
    assert values(theirs(at=["yesterday", "2024-08-05"]), tmp_path, "clicked_at", "at", "clicks")[1] == 1


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        (["a.jpg", None], [[("a.jpg", "a.jpg")], []]),
        ([["a.jpg", "", "b.jpg"], []], [[("a.jpg", "a.jpg"), ("b.jpg", "b.jpg")], []]),
        ([[{"uri": "a.jpg", "image_id": "1", "w": 3}], None], [[("1", "a.jpg")], []]),
    ],
)
def test_pictures(tmp_path, found, wanted):
    made, _ = values(theirs(pics=found), tmp_path, "images", "pics")
    assert [[(i["image_id"], i["uri"]) for i in images] for images in made] == wanted


def test_csv_and_json_lines_are_read_compressed_too(tmp_path):
    with gzip.open(tmp_path / "t.csv.gz", "wt") as file:
        file.write("id,likes,words\n007,12,hello\n8,,\n")
    rows, _ = rows_of(None, tmp_path, NOTE | {"title": "words"}, file="t.csv.gz")
    assert [(r["note_id"], r["like_count"], r["title"]) for r in rows] == [("007", 12, "hello"), ("8", None, None)]
    (tmp_path / "t.jsonl").write_text("\n".join(json.dumps({"id": k, "likes": k * 2, "pics": ["a.jpg"]}) for k in range(3)))
    rows, _ = rows_of(None, tmp_path, NOTE | {"images": "pics"}, file="t.jsonl")
    assert [(r["note_id"], r["like_count"], len(r["images"])) for r in rows] == [("0", 0, 1), ("1", 2, 1), ("2", 4, 1)]


def test_a_folder_and_a_pattern_are_all_their_files(tmp_path):
    (tmp_path / "it's").mkdir()
    for k in range(3):
        pq.write_table(theirs(k=[k]), tmp_path / "it's" / f"part-{k}.parquet")
    for read in ("it's", "it's/part-*.parquet"):
        assert len(rows_of(None, tmp_path, NOTE, file=read)[0]) == 3


def test_more_rows_than_are_held_at_a_time(tmp_path):
    rows, counts = rows_of(theirs(n=list(range(20_000))), tmp_path, NOTE | {"share_count": "n"})
    assert [row["share_count"] for row in rows] == list(range(20_000))
    assert counts.rows == 20_000


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"title": "nowhere"}, r"\[notes.columns\] title = 'nowhere': no such column; found \['id', 'likes', 'deep'\]"),
        ({"title": "deep"}, r"\[notes.columns\] title = 'deep': it is struct.*, expected text; write { sql"),
        ({"images": "deep"}, "expected a uri, a list of uris, or a list of structs with image_id and uri"),
        ({"title": Expression(sql="no_such_function(id)")}, "notes: .*no_such_function"),
    ],
)
def test_a_mapping_that_does_not_fit_says_where(tmp_path, columns, message):
    with pytest.raises(DataError, match=message):
        rows_of(theirs(deep=[{"x": 1}]), tmp_path, NOTE | columns)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (ImportTable(), "no table is mapped; expected --from TABLE, or --config FILE.toml"),
        (ImportTable(notes=Source(read="x.parquet", columns={"titel": "a"})), r"unknown \['titel'\]; known are .*'title'"),
        (
            ImportTable(clicks=Source(columns={"user_id": "a"})),
            r"\[clicks\] read is missing.*nothing for \['note_id', 'clicked_at'\]",
        ),
    ],
)
def test_a_mapping_that_cannot_be_says_all_faults(settings, message):
    with pytest.raises(SettingsError, match=message):
        mapped_sources(settings)


def test_files_that_cannot_be_read_are_told(tmp_path):
    (tmp_path / "t.xls").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    for name, message in (("t.xls", "is an old Excel or Office file; save it as CSV"), ("t.parquet", "no file there")):
        with pytest.raises(DataError, match=message):
            rows_of(None, tmp_path, NOTE, file=name)


def test_the_job_reads_its_mapping_from_toml_and_its_files_are_what_mining_wants(tmp_path):
    pq.write_table(theirs(at=[5.0]), tmp_path / "t.parquet")
    (tmp_path / "m.toml").write_text(
        f"""
        [notes]
        read = "{tmp_path}/t.parquet"
        [notes.columns]
        note_id = "id"
        like_count = {{ sql = "likes * 100" }}
        [clicks]
        read = "{tmp_path}/t.parquet"
        columns = {{ user_id = "id", note_id = "id", clicked_at = "at" }}
        """
    )
    job = [sys.executable, ROOT / "jobs/import_table.py", "--config", tmp_path / "m.toml", "--out", tmp_path / "o"]
    done = subprocess.run(job, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "1 notes, 1 clicks" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("Next: ./spark-submit.sh jobs/mine_pairs.py --notes ")
    for name in ("notes", "clicks"):
        [part] = (tmp_path / "o" / f"{name}.parquet").iterdir()
        written = pq.read_schema(part)
        assert [(field.name, field.type) for field in written] == [(field.name, field.type) for field in WANTED[name]]
    bad = subprocess.run([*job[:4], "--set", "notes.raed=1"], capture_output=True, text=True, check=False)
    assert bad.returncode == 2
    assert "unknown ['raed']" in bad.stderr


def test_what_does_not_fit_into_memory_is_put_where_nobody_else_may_look(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pq.write_table(theirs(n=[1]), tmp_path / "t.parquet")
    columns = NOTE | {"title": Expression(sql="current_setting('temp_directory')")}
    [row], _ = imported(Source(read=str(tmp_path / "t.parquet"), columns=columns), "notes", tmp_path / "notes", None)
    assert Path(row["title"]).parent == Path(tempfile.gettempdir())
    assert not Path(row["title"]).exists()
    assert not (tmp_path / ".tmp").exists()
