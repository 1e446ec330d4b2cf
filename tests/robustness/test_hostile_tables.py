"""Tables that are wrong in every way: each is told by one message that names the column, or each of its rows is accounted for."""

import json
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.mining.intake.picture_references import accept_contents
from pipelines.mining.intake.readers import read_input
from pipelines.mining.intake.validate_clicks import accept_clicks
from pipelines.mining.intake.validate_notes import Intake, accept_notes
from schemas.errors import DataError
from schemas.inputs import CLICKS_IN, IMAGES_IN, NOTES_IN

NOW = datetime(2026, 5, 1, tzinfo=UTC)
PICTURE = [{"image_id": "i", "uri": "i.jpg"}]
OF_TYPE = {"string": "x", "int64": 7, "timestamp[us, tz=UTC]": NOW, "binary": b"x", "list": PICTURE}
WRONG = {
    "int64": pa.array([7]),
    "uint64": pa.array([7], pa.uint64()),
    "string": pa.array(["x"]),
    "double": pa.array([0.5]),
    "bool": pa.array([True]),
    "binary": pa.array([b"x"]),
    "decimal": pa.array([7], pa.decimal128(20, 0)),
    "date": pa.array([NOW.date()]),
    "time": pa.array([NOW], pa.timestamp("us", tz="UTC")),
    "list of texts": pa.array([["x"]]),
    "list of structs": pa.array([[{"image_id": 7}]]),
    "struct": pa.array([{"image_id": "x"}]),
    "map": pa.array([[("a", "b")]], pa.map_(pa.string(), pa.string())),
    "nothing but null": pa.array([None]),
}
NESTED = {"list of texts", "list of structs", "struct", "map"}
NUMBERS = {"int64", "uint64", "double", "bool", "decimal", "date", "time"}
NEVER = {
    "string": NESTED,
    "int64": NESTED | {"bool", "date", "time"},
    "timestamp[us, tz=UTC]": NESTED | {"bool", "binary"},
    "binary": NESTED | NUMBERS,
    "list": NUMBERS | {"binary", "struct", "map"},
}
"""Types of which no value can be read as ours."""
TABLES = {
    "notes": (NOTES_IN, lambda read: accept_notes(read, Intake())),
    "images": (IMAGES_IN, accept_contents),
    "clicks": (CLICKS_IN, accept_clicks),
}


def row_of(schema, number):
    """A good row of a table."""
    row = {f.name: OF_TYPE["list" if pa.types.is_list(f.type) else str(f.type)] for f in schema}
    return row | {next(iter(row)): f"id {number}"}


def accounted(name, spark, file):
    """Rows read, rows that are good, reasons of the others; read to the last column, as a job does."""
    schema, accept = TABLES[name]
    good, refused = accept(read_input(spark, str(file), schema))
    reasons = [row["reason"] for row in refused.toArrow().to_pylist()]
    assert {"id", "source", "reason", "detail"} == set(refused.columns)
    return good.toArrow().to_pylist(), reasons


@pytest.mark.parametrize("name", TABLES)
def test_a_column_that_is_missing_or_of_a_wrong_type_is_named_and_any_other_is_read(spark, tmp_path, name):
    schema, _ = TABLES[name]
    for at, field in enumerate(schema):
        known = field.type in [before.type for before in schema][:at]
        kinds = ["missing", *(("double", "nothing but null") if known else WRONG)]  # columns of one type are read alike
        never = NEVER["list" if pa.types.is_list(field.type) else str(field.type)]
        parts = tmp_path / field.name
        parts.mkdir()
        for number, kind in enumerate(kinds):
            whole = pa.Table.from_pylist([row_of(schema, number)], schema)
            odd = whole.remove_column(at) if kind == "missing" else whole.set_column(at, field.name, WRONG[kind])
            is_refused = kind in never or (kind == "missing" and not field.nullable and field.name != "like_count")
            file = (tmp_path if is_refused else parts) / f"{field.name} {kind}.parquet"
            pq.write_table(odd, file)
            if is_refused:
                with pytest.raises(DataError) as fault:
                    accounted(name, spark, file)
                assert file.name in str(fault.value) and f"'{field.name}'" in str(fault.value)
        good, reasons = accounted(name, spark, parts)  # each part by its own types
        assert len(good) + len(reasons) == len(list(parts.iterdir())), field


@pytest.mark.parametrize("name", TABLES)
def test_a_null_in_each_place_is_read_or_refused_and_counted(spark, tmp_path, name):
    schema, _ = TABLES[name]
    rows = [row_of(schema, 0)]
    rows += [row_of(schema, n) | {field.name: None} for n, field in enumerate(schema, 1)]
    if name == "notes":
        inner = [[None], [{"image_id": None, "uri": "x"}], [{"image_id": "j", "uri": None}], []]
        rows += [row_of(schema, 90 + n) | {"images": images} for n, images in enumerate(inner)]
    pq.write_table(pa.Table.from_pylist(rows, pa.schema([f.with_nullable(True) for f in schema])), tmp_path / "t.parquet")
    good, reasons = accounted(name, spark, tmp_path / "t.parquet")
    assert len(good) + len(reasons) == len(rows)
    assert (
        sorted(reasons)
        == {
            "notes": ["a picture without image_id", "a picture without image_id", "no like_count", "no note_id"],
            "images": ["no content", "no image_id"],
            "clicks": ["no clicked_at, or not a time", "no note_id", "no user_id"],
        }[name]
    )


@pytest.mark.parametrize("name", TABLES)
def test_lines_of_json_with_any_value_in_any_place_and_half_a_line(spark, tmp_path, name):
    schema, _ = TABLES[name]
    plain = {"int64": 7, "binary": "eA==", "timestamp[us, tz=UTC]": "2026-05-01T00:00:00Z", "string": "x"}

    def line(number):
        return {f.name: plain.get(str(f.type), PICTURE) for f in schema} | {schema[0].name: f"id {number}"}

    values = [None, True, 7, -0.5, 1e300, "x", "", [], ["x"], [None], [[{}]], {}, {"image_id": {"a": 1}}, [{"image_id": 1}]]
    texts = [json.dumps(line(n)) for n in range(3)]
    for field in schema:
        texts += [json.dumps(line(f"{field.name} {k}") | {field.name: value}) for k, value in enumerate(values)]
        texts.append(json.dumps({k: v for k, v in line(f"without {field.name}").items() if k != field.name}))
    texts += [json.dumps(line("twice"))] * 2
    texts += [
        "null",
        "[]",
        "7",
        '"',
        "{",
        "}{",
        "NaN",
        '{"a":',
        "[[[[[",
        "\x00",
        "\ufeff" + json.dumps(line("bom")),
        "{" * 2000,
    ]
    half = json.dumps(line("half"))
    texts.append(half[: len(half) // 2])
    (tmp_path / "t.jsonl").write_text("\n".join(texts))
    good, reasons = accounted(name, spark, tmp_path / "t.jsonl")
    assert len(good) + len(reasons) == len(texts) - 1  # a line of zeros is padding
    assert reasons.count("not a readable row") >= 10
    assert sum(str(row[schema[0].name]).startswith("id ") for row in good) >= 3


def test_bytes_that_are_no_text_become_a_sign_and_cost_no_row(spark, tmp_path):
    half, surrogate = "好".encode()[:2], b"\xed\xa0\xbd"
    broken = [b"title " + half, surrogate, b"\xff\xfe", "whole 好".encode(), b"nul \x00", "\u202eRTL\u200f".encode()]
    table = pa.Table.from_pylist([row_of(NOTES_IN, n) for n in range(len(broken))], NOTES_IN)
    bad = _unsafe(broken)
    pictures = pa.ListArray.from_arrays(
        pa.array(range(len(broken) + 1), pa.int32()), pa.StructArray.from_arrays([bad, bad], ["image_id", "uri"])
    )
    table = table.set_column(1, "title", bad).set_column(2, "body", bad).set_column(4, "images", pictures)
    pq.write_table(table, tmp_path / "t.parquet")
    good, reasons = accounted("notes", spark, tmp_path / "t.parquet")
    assert (len(good), reasons) == (len(broken), [])
    titles = sorted(row["title"] for row in good)
    assert [t for t in titles if "\ufffd" not in t] == ["nul \x00", "whole 好", "\u202eRTL\u200f"]
    assert all(row["title"] == row["images"][0]["uri"] for row in good)
    lines = b"\n".join(
        json.dumps(row_of(NOTES_IN, n) | {"published_at": None, "title": "@"}).encode().replace(b"@", b)
        for n, b in enumerate(broken)
    )
    (tmp_path / "t.jsonl").write_bytes(lines)
    good, reasons = accounted("notes", spark, tmp_path / "t.jsonl")
    assert (len(good), reasons) == (len(broken), [])


def _unsafe(values):
    """A column of texts whose bytes nobody has looked at, as other writers make it."""
    found = pa.array(values, pa.binary())
    return pa.StringArray.from_buffers(len(found), found.buffers()[1], found.buffers()[2])


def test_a_text_that_is_no_post_is_refused_and_named(spark, tmp_path):
    rows = [row_of(NOTES_IN, 0) | {"body": "长" * 50_000_000}, row_of(NOTES_IN, 1) | {"body": "👍" * 10_000}]
    pq.write_table(pa.Table.from_pylist(rows, NOTES_IN), tmp_path / "t.parquet")
    good, reasons = accounted("notes", spark, tmp_path / "t.parquet")
    assert ([row["note_id"] for row in good], reasons) == (["id 1"], ["text too long"])


def test_a_csv_of_notes_is_read(spark, tmp_path):
    (tmp_path / "notes.csv").write_text('note_id,images,like_count\na,"[""x.jpg""]",1.2万\nb,,3\n')
    good, reasons = accounted("notes", spark, tmp_path / "notes.csv")
    found = {row["note_id"]: (row["like_count"], [picture["uri"] for picture in row["images"]]) for row in good}
    assert (found, reasons) == ({"a": (12_000, ["x.jpg"]), "b": (3, [])}, [])


def test_every_line_of_a_csv_of_clicks_is_counted(spark, tmp_path):
    lines = [
        "u,n,1291265077",
        "u,n",
        "u",
        "",
        ",,,",
        "u,n,soon,more",
        '"u,n,1291265077',
        'u,"n,',
        "\x00,n,1",
        "u,n,9e99",
        "u,n,NaN",
    ]
    (tmp_path / "c.csv").write_bytes(
        ("\ufeffuser_id,note_id,clicked_at\n" + "\n".join(lines)).encode() + b"\n\xff\xfe,n,1291265077"
    )
    good, reasons = accounted("clicks", spark, tmp_path / "c.csv")
    assert len(good) + len(reasons) == len(lines)  # an empty line is no row; one more is no UTF-8
    assert len(good) == 1  # an id of replaced bytes may be several
