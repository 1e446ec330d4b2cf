"""Inputs that people reported, each made here: what their reporter rightly expected is what is read.

The name of a case is its folder in the reports that this was built from.
"""

import datetime as dt
import decimal
import gzip
import json
import lzma
import time
import zipfile

import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq
import pytest

from pipelines.input_tables.column_check import check_columns
from pipelines.input_tables.open_table import open_table
from pipelines.input_tables.settings import ReadOptions
from schemas.datasets import IMAGE_REFERENCES
from schemas.errors import DataError
from schemas.inputs import CLICKS_IN, IMAGES_IN, NOTES_IN
from testkit.input_reading import PICTURES, Reading, clicks, note_table

NOON = dt.datetime(2026, 11, 1, 12, tzinfo=dt.UTC)
THREE = ["n0", "n1", "n2"]
CLICK_LINES = [f"u{k},n{k % 4},2026-11-2{k % 6}T10:0{k}:00Z" for k in range(10)]
HEADER = "user_id,note_id,clicked_at"
CLICKS = "\n".join([HEADER, *CLICK_LINES]) + "\n"
USERS = [f"u{k}" for k in range(10)]


def notes(tmp_path, name="notes.parquet", **columns):
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(note_table(**columns), tmp_path / name)
    return tmp_path / name


def note_lines(*more, count=3):
    rows = note_table(count).to_pylist()
    return "".join(
        json.dumps(row | extra, ensure_ascii=False) + "\n" for row, extra in zip(rows, more or [{}] * count, strict=True)
    )


# K1: a column that nobody asked for cannot make a file unreadable
@pytest.mark.parametrize(
    "extra",
    [
        {"t01": pa.array([NOON] * 3, pa.timestamp("ns"))},
        {"u22j": pa.array([0.5] * 3, pa.float16())},
        {
            "dur": pa.array([dt.timedelta(1)] * 3, pa.duration("us")),
            "tm": pa.array([dt.time(1)] * 3, pa.time64("ns")),
            "u": pa.array([1] * 3, pa.uint64()),
        },
        {"User": pa.array(["a"] * 3), "user": pa.array(["b"] * 3)},
        {"Topic": pa.array(["other"] * 3)},
        {"nothing": pa.array([[]] * 3, pa.list_(pa.null()))},
    ],
)
def test_columns_beside_ours_do_not_matter(tmp_path, extra):
    found = Reading(notes(tmp_path, **extra))
    assert found.column("note_id") == THREE
    assert found.column("topic") == ["food"] * 3
    assert found.faults == []


def test_t01_nanoseconds_of_pandas_are_times(tmp_path):
    found = Reading(notes(tmp_path, published_at=pa.array([NOON] * 3, pa.timestamp("ns"))))
    assert found.column("published_at") == [NOON] * 3


# K2: Arrow's null type
def test_t03_t04_columns_of_nothing_but_null(tmp_path):
    nothing = {name: pa.nulls(3) for name in ("topic", "author_id", "published_at", "collect_count")}
    found = Reading(notes(tmp_path, **nothing, images=pa.array([[], None, []], pa.list_(pa.null()))))
    assert found.column("topic") == [None] * 3
    assert found.column("images") == [[], None, []]
    assert found.messages == []


# K3: each part file by its own schema
def test_t15b_a_column_that_one_part_lacks_is_null_there_and_told(tmp_path):
    notes(tmp_path, "n/part-0.parquet", body=None)
    notes(tmp_path, "n/part-1.parquet", start=3)
    found = Reading(tmp_path / "n")
    assert sorted(map(str, found.column("body"))) == ["Body 3", "Body 4", "Body 5", "None", "None", "None"]
    assert found.messages == [f"body is null in 1 of 2 files that do not have it: {tmp_path}/n/part-0.parquet"]


def test_a_required_column_that_one_part_lacks_is_an_error_with_the_files(tmp_path):
    notes(tmp_path, "n/part-0.parquet", note_id=None)
    notes(tmp_path, "n/part-1.parquet")
    with pytest.raises(DataError, match=r"column 'note_id' is missing in .*part-0\.parquet; .*part-1\.parquet has it"):
        Reading(tmp_path / "n")


@pytest.mark.parametrize(
    ("column", "first", "second", "values"),
    [
        ("author_id", pa.nulls(3), pa.array(["a"] * 3), [None] * 3 + ["a"] * 3),
        ("like_count", pa.array([1, 2, 3], pa.int64()), pa.array([4, 5, 6], pa.int32()), [1, 2, 3, 4, 5, 6]),
        ("like_count", pa.array([1, 2, 3], pa.int64()), pa.array(["4", "1.2万", "many"]), [1, 2, 3, 4, 12_000, None]),
        ("published_at", pa.array([NOON] * 3, pa.timestamp("us")), pa.array(["2026-11-01T12:00:00Z"] * 3), [NOON] * 6),
    ],
)
def test_t15_parts_of_other_types_are_widened(tmp_path, column, first, second, values):
    notes(tmp_path, "n/part-0.parquet", **{column: first})
    notes(tmp_path, "n/part-1.parquet", start=3, **{column: second})
    assert Reading(tmp_path / "n").column(column) == values


def test_t15_a_type_that_cannot_be_ours_names_file_column_found_and_expected_and_the_way_out(tmp_path):
    notes(tmp_path, "n/part-0.parquet")
    notes(tmp_path, "n/part-1.parquet", start=3, like_count=pa.array([[1]] * 3))
    with pytest.raises(DataError) as raised:
        Reading(tmp_path / "n")
    message = str(raised.value)
    assert f"column 'like_count' is list<element: int64>, expected whole numbers ({tmp_path}/n/part-1.parquet)" in message
    assert f"python jobs/import_table.py --set notes.read={tmp_path}/n --set notes.columns.note_id=note_id" in message


def test_k03_csv_columns_in_another_order_are_read_by_name(tmp_path):
    (tmp_path / "c").mkdir()
    (tmp_path / "c/a.csv").write_text(CLICKS)
    (tmp_path / "c/b.csv").write_text("event,note_id,user_id,clicked_at\nclick,n9,u99,2026-11-20T10:00:00Z\n")
    found = clicks(tmp_path / "c")
    assert found.column("user_id") == [*USERS, "u99"]
    assert found.column("note_id")[-1] == "n9"


def test_u27_parquet_columns_in_another_order(tmp_path):
    notes(tmp_path, "n/a.parquet")
    table = note_table(start=3)
    pq.write_table(table.select(table.column_names[::-1]), tmp_path / "n/b.parquet")
    assert Reading(tmp_path / "n").column("note_id") == [f"n{k}" for k in range(6)]


# K4, K8: formats
def test_u28_u29_a_folder_of_mixed_formats_is_refused_with_the_names(tmp_path):
    notes(tmp_path, "n/a.parquet")
    (tmp_path / "n/b.jsonl").write_text(note_lines())
    with pytest.raises(DataError, match=r"a\.parquet \(parquet\) and .*b\.jsonl \(json\) are of different formats"):
        Reading(tmp_path / "n")
    assert Reading(tmp_path / "n/*.parquet").column("note_id") == THREE


def test_t18c_j16_files_beside_the_data_are_left_out_and_told(tmp_path):
    notes(tmp_path, "n/data.parquet")
    for name in ("README.md", "Thumbs.db", "data.parquet.md5", "p0.jpg", "dataset_info.json"):
        (tmp_path / "n" / name).write_text("x")
    found = Reading(tmp_path / "n")
    assert found.column("note_id") == THREE
    assert [m.split(":")[0] for m in found.messages] == ["5 files left out, no tables"]


@pytest.mark.parametrize(
    "name",
    ["000000_0", "part-00000", "part-00000-0b1c.c000", "notes.pq", "NOTES.PARQUET", "a.snappy.parquet", "a.parquet.gzip"],
)
def test_t16_parquet_is_told_by_its_bytes(tmp_path, name):
    assert Reading(notes(tmp_path, f"n/{name}").parent).column("note_id") == THREE


def test_files_without_an_ending_are_told_by_their_text(tmp_path):
    (tmp_path / "part-00000").write_text(note_lines())
    assert Reading(tmp_path / "part-00000").table.format == "json"
    (tmp_path / "clicks").write_text(CLICKS)
    assert clicks(tmp_path / "clicks").column("user_id") == USERS
    (tmp_path / "unknown").write_text("one\ntwo\n")
    with pytest.raises(DataError, match="cannot tell the format"):
        clicks(tmp_path / "unknown")
    with pytest.raises(DataError, match="missing column 'user_id'"):
        clicks(tmp_path / "unknown", options=ReadOptions(format="csv"))


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"SQLite format 3\0" + b"x" * 600, "SQLite"),
        (b"ORC" + b"x" * 600, "ORC"),
        (b"Obj\x01" + b"x" * 600, "Avro"),
        (b"\x89PNG\r\n\x1a\n" + b"x" * 600, "PNG"),
        (b"x" * 257 + b"ustar" + b"x" * 300, "tar"),
        (b"\x01\x02\0\0" * 20, "no table"),
    ],
)
def test_what_is_no_table_is_told_without_control_characters(tmp_path, content, what):
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(DataError, match=what) as raised:
        clicks(tmp_path / "a.csv")
    assert str(raised.value).isprintable()


def test_a_damaged_parquet_file_is_named(tmp_path):
    path = notes(tmp_path)
    raw = path.read_bytes()
    for broken in (raw[:-20], raw[: len(raw) // 2], b"PAR1" + b"x" * 50, b"x" * 50):
        path.write_bytes(broken)
        with pytest.raises(DataError, match=r"notes\.parquet: (damaged|not a Parquet)"):
            Reading(path)
    middle = bytearray(raw)
    middle[4:200] = b"\xff" * 196
    path.write_bytes(middle)
    with pytest.raises(DataError, match=r"notes\.parquet: cannot be read"):
        Reading(path)


def test_t18b_a_part_without_rows_may_lack_columns(tmp_path):
    notes(tmp_path, "notes/part-1.parquet")
    pq.write_table(pa.table({"__index_level_0__": pa.nulls(0)}), tmp_path / "notes/part-0.parquet")
    assert Reading(tmp_path / "notes").column("note_id") == THREE


def test_a_header_of_21000_columns_is_read_in_a_moment(tmp_path):
    names = [f"c{k}" for k in range(21_000)]
    (tmp_path / "c.csv").write_text(",".join([*names, HEADER]) + "\n" + "," * 21_000 + "u0,n0,2026-11-20\n")
    begin = time.process_time()
    assert clicks(tmp_path / "c.csv").column("user_id") == ["u0"]
    assert time.process_time() - begin < 2  # quadratic: 5 s and more


def test_t18_empty_parts_are_told(tmp_path):
    notes(tmp_path, "n/a.parquet")
    (tmp_path / "n/b.parquet").write_bytes(b"")
    pq.write_table(pa.table({"note_id": pa.nulls(0)}), tmp_path / "n/c.parquet")
    found = Reading(tmp_path / "n", required=())
    assert found.column("note_id") == THREE
    assert found.messages[0] == f"1 file empty: {tmp_path}/n/b.parquet"


# K5, K6, K7: folders
def test_u31_nested_folders_are_read_whole(tmp_path):
    notes(tmp_path, "n/a.parquet")
    notes(tmp_path, "n/2026/11/b.parquet", start=3)
    notes(tmp_path, "n/_temporary/0/c.parquet", start=6)
    assert sorted(Reading(tmp_path / "n").column("note_id")) == [f"n{k}" for k in range(6)]


def test_t11_t12_partition_values_are_texts(tmp_path):
    for k, (folder, suffix) in enumerate(
        (("topic=007", "a.jsonl"), ("topic=%E7%BE%8E%E9%A3%9F", "b.jsonl.gz"), ("topic=__HIVE_DEFAULT_PARTITION__", "c.jsonl"))
    ):
        (tmp_path / "n" / folder).mkdir(parents=True)
        row = json.dumps({"note_id": f"n{k}", "images": [], "like_count": 1}).encode()
        (tmp_path / "n" / folder / suffix).write_bytes(gzip.compress(row) if suffix.endswith("gz") else row)
    found = Reading(tmp_path / "n")
    assert dict(zip(found.column("note_id"), found.column("topic"), strict=True)) == {"n0": "007", "n1": "美食", "n2": None}


def test_t11b_a_partition_of_days_is_a_time(tmp_path):
    notes(tmp_path, "n/published_at=2026-11-01/a.parquet")
    assert Reading(tmp_path / "n").column("published_at") == [NOON.replace(hour=0)] * 3


def test_u35_a_partition_stands_before_a_column_and_that_is_told(tmp_path):
    notes(tmp_path, "n/topic=outer/a.parquet")
    found = Reading(tmp_path / "n")
    assert found.column("topic") == ["outer"] * 3
    assert "topic is that of the partition folder" in found.messages[0]


def test_u32_partitions_of_different_columns_are_refused(tmp_path):
    notes(tmp_path, "n/dt=1/a.parquet")
    notes(tmp_path, "n/day=1/b.parquet")
    with pytest.raises(DataError, match=r"day=1/b\.parquet \(day\) and .*dt=1/a\.parquet \(dt\)"):
        Reading(tmp_path / "n")


# K9, K11: types and fields
@pytest.mark.parametrize(
    ("column", "values", "read"),
    [
        ("like_count", pa.array([201.0, float("nan"), 1.0]), [201, None, 1]),
        ("like_count", pa.array([1, 2, 2**64 - 1], pa.uint64()), [1, 2, None]),
        ("like_count", pa.array([decimal.Decimal(7)] * 3, pa.decimal128(20, 0)), [7] * 3),
        ("note_id", pa.array([1, 2, 3]), ["1", "2", "3"]),
        ("note_id", pa.array([b"a", b"b", b"c"]), ["a", "b", "c"]),
        ("published_at", pa.array([NOON.date()] * 3), [NOON.replace(hour=0)] * 3),
        ("published_at", pa.array([NOON] * 3, pa.timestamp("us", "Asia/Shanghai")), [NOON] * 3),
        ("topic", pa.array(["x", None, "x"]).dictionary_encode(), ["x", None, "x"]),
        ("title", pa.array(["a", "b", "c"], pa.string_view()), ["a", "b", "c"]),
        ("images", pa.array([[{"image_id": 7, "uri": "u", "w": 1}]] * 3), [[{"image_id": "7", "uri": "u"}]] * 3),
        ("images", pa.array([["u"]] * 3), [[{"image_id": "u", "uri": "u"}]] * 3),
        ("images", pa.array(['[{"image_id": "a", "uri": "b"}]'] * 3), [[{"image_id": "a", "uri": "b"}]] * 3),
    ],
)
def test_t06_to_t22_types_of_other_writers(tmp_path, column, values, read):
    assert Reading(notes(tmp_path, **{column: values})).column(column) == read


def test_t22d_int96(tmp_path):
    table = note_table(published_at=pa.array([NOON] * 3, pa.timestamp("ns")))
    pq.write_table(table, tmp_path / "a.parquet", use_deprecated_int96_timestamps=True)
    assert Reading(tmp_path / "a.parquet").column("published_at") == [NOON] * 3


@pytest.mark.parametrize(
    "values", [pa.array([1795687200000] * 2), pa.array(["2026-11-26T10:00:00Z"] * 2), pa.array([1795687200.0] * 2)]
)
def test_k41_k43_clicked_at_of_parquet_in_other_types(tmp_path, values):
    pq.write_table(pa.table({"user_id": [7, 8], "note_id": ["a", "b"], "clicked_at": values}), tmp_path / "c.parquet")
    found = clicks(tmp_path / "c.parquet")
    assert found.column("clicked_at") == [dt.datetime(2026, 11, 26, 10, tzinfo=dt.UTC)] * 2
    assert found.column("user_id") == ["7", "8"]


def test_t19_one_bad_field_is_null_and_told_and_the_row_is_read(tmp_path):
    (tmp_path / "n.jsonl").write_text(
        note_lines(
            {"like_count": "1.2万"}, {"like_count": 201.0, "published_at": "10:00"}, {"like_count": "many", "title": ["a", "b"]}
        )
    )
    found = Reading(tmp_path / "n.jsonl")
    assert found.column("note_id") == THREE
    assert found.column("like_count") == [12_000, 201, None]
    assert found.column("title") == ["Title 0", "Title 1", '["a", "b"]']
    assert found.faults == [("published_at", "10:00"), ("like_count", "many")]


def test_t19n_u39_numbers_of_json(tmp_path):
    (tmp_path / "n.jsonl").write_text(
        note_lines({"note_id": 10**20}, {"like_count": 2**70}, {"like_count": -1, "author_id": 1.5})
    )
    found = Reading(tmp_path / "n.jsonl")
    assert found.column("note_id")[0] == "1" + "0" * 20
    assert found.column("like_count") == [200, None, -1]
    assert found.column("author_id")[2] == "1.5"


def test_t19r_t19s_double_keys_and_nan(tmp_path):
    (tmp_path / "n.jsonl").write_text('{"note_id": "n0", "topic": NaN, "images": [], "like_count": 1, "like_count": 5}\n')
    found = Reading(tmp_path / "n.jsonl")
    assert (found.column("topic"), found.column("like_count")) == ([None], [5])


def test_t19u_zeros_at_the_end_are_no_row(tmp_path):
    (tmp_path / "n.jsonl").write_bytes(note_lines().encode() + b"\0" * 5000)
    found = Reading(tmp_path / "n.jsonl")
    assert (found.column("note_id"), found.broken) == (THREE, [])


@pytest.mark.parametrize(
    "text",
    [
        lambda rows: json.dumps(rows),
        lambda rows: json.dumps(rows, indent=2),
        lambda rows: "\n".join(json.dumps(r, indent=1) for r in rows),
    ],
)
def test_t19g_t19h_i02_arrays_and_objects_over_several_lines(tmp_path, text):
    (tmp_path / "n.json").write_text(text(note_table().to_pylist()))
    assert Reading(tmp_path / "n.json").column("note_id") == THREE


def test_a_column_of_json_of_which_no_value_fits_is_an_error(tmp_path):
    (tmp_path / "n.jsonl").write_text(
        note_lines({"images": 7}, {"images": 8}, {"images": 9}).replace('"images": ', '"images": {"x": 1}, "y": ')
    )
    with pytest.raises(DataError, match=r"column 'images' is like '\{\"x\": 1\}', expected a list of structs"):
        Reading(tmp_path / "n.jsonl")


def test_i09_i10_a_type_that_changes_and_a_column_that_comes_late_are_read(tmp_path):
    rows = [{"note_id": f"n{k}", "images": [], "like_count": k} for k in range(21_000)]
    late = {"note_id": "late", "images": [], "like_count": "1.2万", "body": "late"}
    (tmp_path / "n.jsonl").write_text("".join(json.dumps(row) + "\n" for row in [*rows, late]))
    found = Reading(tmp_path / "n.jsonl")
    assert found.column("like_count")[-1] == 12_000
    assert found.column("body")[-1] == "late"


# K10: encodings
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "gb18030"])
def test_t19e_t19f_k30_k31_encodings_are_recognised_and_told(tmp_path, encoding):
    (tmp_path / "n.jsonl").write_bytes(note_lines({"title": "笔记标题，很好"}, {}, {}).encode(encoding))
    found = Reading(tmp_path / "n.jsonl")
    assert found.column("title")[0] == "笔记标题，很好"
    assert bool(found.messages) == (encoding != "utf-8-sig")
    (tmp_path / "c.csv").write_bytes(f"{HEADER}\n用户,笔记,2026-11-20\n".encode(encoding))
    assert clicks(tmp_path / "c.csv").column("user_id") == ["用户"]


def test_a_replaced_byte_is_counted(tmp_path):
    (tmp_path / "n.jsonl").write_bytes(note_lines({"title": "caf\xe9"}, {}, {}).encode("latin-1"))
    found = Reading(tmp_path / "n.jsonl")
    assert found.column("title")[0] == "caf\ufffd"
    assert [column for column, _ in found.faults] == ["bytes that are not valid in the file's encoding"]
    assert Reading(tmp_path / "n.jsonl", options=ReadOptions(encoding="latin-1")).column("title")[0] == "café"


def test_broken_bytes_in_parquet_are_counted(tmp_path):
    raw = pa.array([b"ok", b"caf\xe9", None])
    title = pa.StringArray.from_buffers(3, raw.buffers()[1], raw.buffers()[2], raw.buffers()[0])
    found = Reading(notes(tmp_path, title=title))
    assert found.column("title") == ["ok", "caf\ufffd", None]
    assert found.faults == [("title: bytes that are not valid in the file's encoding", "caf\ufffd")]


# K12: times
def test_k17_times_that_would_have_to_be_guessed_are_none(tmp_path):
    texts = [
        "20261125",
        "20261125103000",
        "2026-11-25 10:00:00 Asia/Shanghai",
        "1795687200",
        "10:00",
        "2026",
        "0",
        "11/25/2026 10:00",
    ]
    (tmp_path / "c.csv").write_text(f"{HEADER}\n" + "".join(f"u,n,{text}\n" for text in texts))
    found = clicks(tmp_path / "c.csv")
    assert [time is None for time in found.column("clicked_at")] == [False] * 4 + [True] * 4
    assert found.column("clicked_at")[0] == dt.datetime(2026, 11, 25, tzinfo=dt.UTC)
    assert [example for _, example in found.faults] == texts[4:]


# K13: CSV
@pytest.mark.parametrize(
    "text",
    [
        CLICKS,
        CLICKS.replace(",", ";"),
        CLICKS.replace(",", "\t"),
        CLICKS.replace("\n", "\r\n"),
        CLICKS.replace("\n", "\r"),
        CLICKS.replace(",", ", "),
        CLICKS.replace("\n", "\n\n"),
        "sep=,\n" + CLICKS,
        "# exported 2026-11-25\n" + CLICKS,
        "\n".join(",".join(f"'{f}'" for f in line.split(",")) for line in CLICKS.splitlines()) + "\n",
        "\n".join(",".join(f'"{f}"' for f in line.split(",")) for line in CLICKS.splitlines()) + "\n",
        f"comment,{HEADER}\n" + "".join(f'"one\ntwo ""quoted"", {k}",{line}\n' for k, line in enumerate(CLICK_LINES)),
        f"x,x,{HEADER}\n" + "".join(f"1,2,{line}\n" for line in CLICK_LINES),
    ],
)
def test_k00_to_k36_dialects(tmp_path, text):
    (tmp_path / "c.csv").write_bytes(text.encode())
    found = clicks(tmp_path / "c.csv")
    assert found.column("user_id") == USERS
    assert None not in found.column("clicked_at")
    assert (found.broken, found.faults) == ([], [])


def test_k06_tsv_by_its_name(tmp_path):
    (tmp_path / "c.tsv").write_text(CLICKS.replace(",", "\t"))
    assert clicks(tmp_path / "c.tsv").column("user_id") == USERS


def test_k23_k37_ragged_and_unclosed_lines_cost_themselves(tmp_path):
    (tmp_path / "c.csv").write_text(
        "\n".join([HEADER, '"u98,n1,2026-11-25T10:00:00Z', CLICK_LINES[0], CLICK_LINES[1] + ",x,y", "u99,n1", *CLICK_LINES[2:]])
    )
    found = clicks(tmp_path / "c.csv")
    assert found.broken == ['"u98,n1,2026-11-25T10:00:00Z']
    assert sorted(u for u in found.column("user_id") if u) == sorted([*USERS, "u99"])
    assert sum(time is None for time in found.column("clicked_at")) == 2


def test_k38_null_words_are_null(tmp_path):
    words = ["NULL", "null", "None", "nan", "NaN", "N/A", r"\N", '""', '"  "', "undefined"]
    (tmp_path / "c.csv").write_text(f"{HEADER}\n" + "".join(f"{word},n1,2026-11-25T10:00:00Z\n" for word in words))
    assert clicks(tmp_path / "c.csv").column("user_id") == [None] * 10
    kept = clicks(tmp_path / "c.csv", options=ReadOptions(null_words=()))
    assert sum(user is not None for user in kept.column("user_id")) == 8


def test_u24_odd_ids_of_parquet_are_texts(tmp_path):
    ids = [" n1", "n1 ", "n1\u200b", "ｎ1", "nan", "None", "007", "TRUE"]
    found = Reading(notes(tmp_path, count=8, note_id=pa.array(ids)))
    assert found.column("note_id") == ids


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("USER_ID,NOTE_ID,CLICKED_AT", r"missing column 'user_id' \(text\) \('USER_ID' is there: names have to be equal\)"),
        (
            "u0,n0,2026-11-20T10:00:00Z",
            r"has no header: its first line is like \[a9, a9, 9999-99-99a99:99:99a\] .* --set 'read.names=\[\"user_id\", ",
        ),
        ("user_id,note_id,note_id,clicked_at", "column 'note_id' is there twice"),
        (
            "uid,post,ts",
            "--set clicks.columns.user_id=uid --set clicks.columns.note_id=post --set clicks.columns.clicked_at=ts",
        ),
        (",".join(f"c{k}" for k in range(21_000)), r"found \[c0, c1, .* c11\] and 20,988 more"),
    ],
)
def test_k08_k10_k24_k39_headers_that_are_not_ours(tmp_path, header, message):
    (tmp_path / "c.csv").write_text(f"{header}\nu0,n0,2026-11-20T10:00:00Z,x\n")
    with pytest.raises(DataError, match=message) as raised:
        clicks(tmp_path / "c.csv")
    assert len(str(raised.value)) < 2_000


@pytest.mark.parametrize("name", ["c.csv.gz", "c.csv.xz", "c.csv.zip", "c.csv", "plain.csv.gz"])
def test_k26_to_k29_compressions_are_told_by_their_bytes(tmp_path, name):
    raw = CLICKS.encode()
    if name == "c.csv.zip":
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            archive.writestr("c.csv", raw)
    else:
        (tmp_path / name).write_bytes(
            raw if name.startswith("plain") else lzma.compress(raw) if name.endswith("xz") else gzip.compress(raw)
        )
    assert clicks(tmp_path / name).column("user_id") == USERS


def test_k40_a_field_of_a_megabyte(tmp_path):
    (tmp_path / "c.csv").write_text(f'{HEADER},more\nu0,n0,2026-11-20,"{"x," * 600_000}"\nu1,n1,2026-11-20,x\n')
    assert clicks(tmp_path / "c.csv").column("user_id") == ["u0", "u1"]


def test_an_object_of_17_mb_is_one_row(tmp_path):
    (tmp_path / "n.jsonl").write_text(note_lines({"body": "x" * (17 << 20)}, {}, {}))
    assert next(len(body) for body in Reading(tmp_path / "n.jsonl").column("body")) == 17 << 20


# K16, K18: text stays text
def test_j11_j12_j19_texts_that_look_like_something_else(tmp_path):
    ids = ["6F9619FF-8B86-D011-B42D-00C04FC964FF", "20-11-2025", "10:00:00"]
    (tmp_path / "n.jsonl").write_text(note_lines(*({"note_id": i, "title": i} for i in ids)))
    found = Reading(tmp_path / "n.jsonl")
    assert found.column("note_id") == found.column("title") == ids


@pytest.mark.parametrize(
    "value",
    [
        '["a.jpg", "b.jpg"]',
        "a.jpg,b.jpg",
        "['a.jpg', 'b.jpg']",
        '[{"image_id": "a.jpg", "uri": "a.jpg"}, {"image_id": "b.jpg", "uri": "b.jpg"}]',
    ],
)
def test_j05_i03_pictures_as_text(tmp_path, value):
    quoted = value.replace('"', '""')
    (tmp_path / "n.csv").write_text(f'note_id,images,like_count\nn0,"{quoted}",1千+\nn1,,10+\n')
    found = Reading(tmp_path / "n.csv")
    assert [[p["uri"] for p in row or []] for row in found.column("images")] == [["a.jpg", "b.jpg"], []]
    assert found.column("like_count") == [1_000, 10]


def test_m03_to_m14_bytes_of_pictures(tmp_path):
    import base64

    text = base64.b64encode(b"abc").decode()
    (tmp_path / "i.jsonl").write_text(
        "".join(
            json.dumps({"image_id": str(k), "content": c}) + "\n"
            for k, c in enumerate([text, f"data:image/png;base64,{text}", text[:2] + "\n" + text[2:], [97, 98, 99]])
        )
    )
    assert Reading(tmp_path / "i.jsonl", IMAGES_IN).column("content") == [b"abc"] * 4
    for values in (
        pa.array([{"bytes": b"abc", "path": "p"}]),
        pa.array([[97, 98, 99]], pa.list_(pa.uint8())),
        pa.array([b"abc"], pa.large_binary()),
        pa.array([text]),
    ):
        pq.write_table(pa.table({"image_id": ["a"], "content": values}), tmp_path / "i.parquet")
        assert Reading(tmp_path / "i.parquet", IMAGES_IN).column("content") == [b"abc"]


def test_m09_i04_hugging_faces_pictures_name_the_command_that_maps_them(tmp_path):
    struct = pa.array([{"bytes": b"x", "path": "a.jpg"}])
    pq.write_table(pa.table({"id": [1], "image": struct, "text": ["t"], "likes": [3]}), tmp_path / "t.parquet")
    table = open_table(str(tmp_path / "t.parquet"))
    for name, wanted, part in (
        ("images", IMAGES_IN, "images.columns.content=image.bytes"),
        ("notes", NOTES_IN, "notes.columns.images=image.path"),
    ):
        with pytest.raises(DataError, match=f"python jobs/import_table.py --set {name}.read=.* --set {part}"):
            check_columns(table, name, wanted, {f.name for f in wanted if not f.nullable}, ReadOptions())


def test_an_absent_column_of_likes_is_told_by_what_is_present(tmp_path):
    assert "like_count" not in Reading(notes(tmp_path, like_count=None)).present
    assert "like_count" in Reading(notes(tmp_path)).present
    (tmp_path / "n.jsonl").write_text('{"note_id": "n0", "images": []}\n')
    assert "like_count" not in Reading(tmp_path / "n.jsonl").present


# Arrow files, and large files in parts
@pytest.mark.parametrize("streaming", [True, False])
def test_arrow_files_of_datasets_and_feather(tmp_path, streaming):
    (tmp_path / "d").mkdir()
    table = note_table()
    writer = pa.ipc.new_stream if streaming else pa.ipc.new_file
    with writer(str(tmp_path / "d/data-00000-of-00001.arrow"), table.schema) as sink:
        sink.write_table(table)
    for name in ("state.json", "dataset_info.json"):
        (tmp_path / "d" / name).write_text("{}")
    assert Reading(tmp_path / "d").column("note_id") == THREE


@pytest.mark.parametrize("kind", ["csv", "quoted csv", "jsonl", "parquet"])
def test_a_large_file_is_read_in_parts_to_the_same_rows(tmp_path, monkeypatch, kind):
    monkeypatch.setattr("pipelines.input_tables.parts.LEAST_BYTES", 1000)
    table = pa.table(
        {
            "user_id": [f"u{k}" for k in range(500)],
            "note_id": [f"n{k % 7}" for k in range(500)],
            "clicked_at": ["2026-11-20T10:00:00Z"] * 500,
        }
    )
    path = tmp_path / f"c.{kind.rpartition(' ')[2]}"
    if kind == "parquet":
        pq.write_table(table, path, row_group_size=50)
    elif kind == "jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in table.to_pylist()))
    else:
        arrow_csv.write_csv(table, path, arrow_csv.WriteOptions(quoting_style="all_valid" if kind == "quoted csv" else "none"))
    found = clicks(path, tasks=100)
    assert found.column("user_id") == table.column("user_id").to_pylist()
    assert found.broken == []


def test_images_type_is_ours():
    assert pa.array([PICTURES], IMAGE_REFERENCES).type == NOTES_IN.field("images").type
    assert set(CLICKS_IN.names) >= {"user_id", "note_id", "clicked_at"}


# Inputs of the same kinds that no case has
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_the_header_again_in_the_middle_is_a_broken_line_and_no_note(tmp_path, mark):
    part = "note_id,title,images\nn{},A,x.jpg\n"
    (tmp_path / "n.csv").write_text(part.format(1) + mark + part.format(2) + part.format(3).replace("A", '"A"'))
    found = Reading(tmp_path / "n.csv")
    assert [one for one in found.column("note_id") if one] == ["n1", "n2", "n3"]
    assert [line.strip("\ufeff") for line in found.broken] == ["note_id,title,images"] * 2


def test_lines_of_a_reports_title_before_the_header_are_left_out_and_named(tmp_path):
    (tmp_path / "n.csv").write_text("最多导出排序后前1000条笔记\nSource: app, web\n\nnote_id,title,images\nn1,A,x.jpg\n")
    found = Reading(tmp_path / "n.csv")
    assert (found.column("note_id"), found.column("title")) == (["n1"], ["A"])
    assert found.messages == [f"the lines before the header are left out: {tmp_path}/n.csv"]


@pytest.mark.parametrize(
    ("delimiter", "setting"),
    [("^", "--set 'read.delimiter=^'"), ("\x1f", r"--set $'read.delimiter=\x1f'"), ("  ", "'read.delimiter=  '")],
)
def test_a_delimiter_that_nobody_expects_is_named_with_its_setting(tmp_path, delimiter, setting):
    (tmp_path / "c.csv").write_text(CLICKS.replace(",", delimiter))
    with pytest.raises(DataError) as raised:
        clicks(tmp_path / "c.csv")
    assert setting in str(raised.value)
    assert clicks(tmp_path / "c.csv", options=ReadOptions(delimiter=delimiter)).column("user_id") == USERS


def test_a_column_of_a_similar_name_is_named_where_ours_is_null(tmp_path):
    found = Reading(notes(tmp_path, topic=None, Topic=pa.array(["food"] * 3), like_count=None, likeCount=pa.array([5] * 3)))
    assert found.messages == [
        "topic is null everywhere ('Topic' is there: names have to be equal)",
        "like_count is null everywhere ('likeCount' is there: names have to be equal)",
    ]


def test_a_pointer_of_git_lfs_says_how_the_file_is_fetched(tmp_path):
    (tmp_path / "n.parquet").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n")
    with pytest.raises(DataError, match=r"is a pointer of Git LFS, not the file; fetch the files with: git lfs pull"):
        Reading(tmp_path / "n.parquet")


def test_records_that_begin_with_a_separator_and_arrays_without_any(tmp_path):
    (tmp_path / "n").mkdir()
    (tmp_path / "n/a.jsonl").write_text("".join(f"\x1e{line}\n" for line in note_lines().splitlines()))
    (tmp_path / "n/b.json").write_text("[]\n")
    found = Reading(tmp_path / "n")
    assert (found.column("note_id"), found.broken) == (THREE, [])
    assert found.messages == [f"1 file empty: {tmp_path}/n/b.json"]


@pytest.mark.parametrize("text", ["<!DOCTYPE html>", "// export\n[1]", '[["note_id"], ["n1"]]', '{"note_id": ObjectId("6")}'])
def test_a_file_of_no_json_objects_says_so(tmp_path, text):
    (tmp_path / "n.jsonl").write_text(text)
    with pytest.raises(DataError, match="has no JSON object in its first lines; expected one a line, or an array of them"):
        Reading(tmp_path / "n.jsonl")


def test_the_value_of_a_partition_folder_may_be_empty(tmp_path):
    notes(tmp_path, "n/topic=/a.parquet", topic=None)
    assert Reading(tmp_path / "n").column("topic") == [None] * 3
