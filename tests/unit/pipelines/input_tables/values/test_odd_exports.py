"""Values as databases, spreadsheets and other programs export them, read by their own rules."""

import base64
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.input_tables.files.patterns import part_pattern
from pipelines.input_tables.values.image_lists import parse_images
from pipelines.sources.importers.column_mapping import Source, written_columns
from pipelines.sources.importers.mapped_table import import_mapped_table
from schemas.errors import DataError
from schemas.inputs import IMAGES_IN
from testkit.input_reading import Reading, note_table

TWO = [("a.jpg", "a.jpg"), ("b c.png", "b c.png")]
PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[a.jpg, b c.png]", TWO),  # DuckDB, Trino, Spark
        ('{a.jpg,"b c.png"}', TWO),  # Postgres
        ("['a.jpg' 'b c.png']", TWO),  # numpy: Python would take them for one text
        ("['a.jpg'\n 'b c.png']", TWO),
        ("['a.jpg', 'b c.png']", TWO),
        ("[{'image_id': p, 'uri': p.jpg}, {'image_id': q, 'uri': NULL}]", [("p", "p.jpg"), ("q", None)]),  # DuckDB
        ("https://x/a.jpg https://x/b!nd", [(u, u) for u in ("https://x/a.jpg", "https://x/b!nd")]),
        ("https://x/a b.jpg", [("https://x/a b.jpg",) * 2]),
        (json.dumps([{"url_default": "http://x/1!nd", "width": 3}]), [("http://x/1!nd",) * 2]),  # Xiaohongshu's API
        (json.dumps([{"thumb": "t", "large": "l.jpg", "hi_res": None}]), [("l.jpg",) * 2]),  # Amazon's reviews
        ("[]", []),
        ("{}", None),
        ("[just some words in brackets]", None),
        ("[{'bytes': 'x', 'path': 'a.jpg'}]", None),
        ("[a.jpg", None),
    ],
)
def test_lists_of_pictures_as_programs_print_them(text, expected):
    assert parse_images(text) == expected


def test_pictures_of_structs_with_other_names(tmp_path):
    pq.write_table(note_table(1, images=pa.array([[{"thumb": "t.jpg", "large": "l.jpg"}]])), tmp_path / "n.parquet")
    assert Reading(tmp_path / "n.parquet").column("images") == [[{"image_id": "l.jpg", "uri": "l.jpg"}]]


@pytest.mark.parametrize(
    "text",
    [r"\x" + PNG.hex(), "0x" + PNG.hex().upper(), PNG.hex(), repr(PNG), base64.b64encode(PNG).decode(), f" {PNG.hex()}\n"],
)
def test_bytes_of_pictures_as_databases_write_them(tmp_path, text):
    pq.write_table(pa.table({"image_id": ["a"], "content": [text]}), tmp_path / "i.parquet")
    assert Reading(tmp_path / "i.parquet", IMAGES_IN).column("content") == [PNG]


def test_bytes_that_cannot_be_read_are_null(tmp_path):
    pq.write_table(pa.table({"image_id": ["a"] * 4, "content": [r"\xzz", "b'x", "0x123", "b'' + c"]}), tmp_path / "i.parquet")
    found = Reading(tmp_path / "i.parquet", IMAGES_IN, required=())
    assert found.column("content") == [None] * 4
    assert len(found.faults) == 4


@pytest.mark.parametrize("by_import", [False, True])
def test_formulas_by_which_excel_keeps_zeros_are_their_text(tmp_path, by_import):
    lines = 'note_id;title;images\n="007";a "b" =";x\n"=""008""";="t";"{}"\n'
    (tmp_path / "n.csv").write_text(lines)
    if by_import:
        source = Source(read=str(tmp_path / "n.csv"), columns={"note_id": "note_id", "title": "title"})
        import_mapped_table(source, "notes", written_columns("notes", source), tmp_path / "out")
        rows = pq.read_table(tmp_path / "out").to_pylist()
        assert sorted((row["note_id"], row["title"]) for row in rows) == [("007", 'a "b" ="'), ("008", "t")]
        return
    found = Reading(tmp_path / "n.csv", required=())
    assert [found.column("note_id"), found.column("title")] == [["007", "008"], ['a "b" ="', "t"]]


def test_mongodbs_extended_json_is_the_values(tmp_path):
    row = {
        "_id": {"$oid": "65f0"},
        "n": {"$numberLong": "300"},
        "at": {"$date": {"$numberLong": "1795600000000"}},
        "t": {"$a": 1},
    }
    (tmp_path / "n.json").write_text(json.dumps(row) + "\n")
    source = Source(read=str(tmp_path / "n.json"), columns={"note_id": "_id", "like_count": "n", "published_at": "at"})
    import_mapped_table(source, "notes", written_columns("notes", source), tmp_path / "out")
    [made] = pq.read_table(tmp_path / "out").to_pylist()
    assert (made["note_id"], made["like_count"], made["published_at"].year) == ("65f0", 300, 2026)


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (
            pa.dictionary(pa.uint32(), pa.string_view()),
            pa.DictionaryArray.from_arrays(pa.array([1, 0, None], pa.uint32()), pa.array(["x", "y"], pa.string_view())),
        ),
        (
            pa.run_end_encoded(pa.int32(), pa.string_view()),
            pa.RunEndEncodedArray.from_arrays(pa.array([1, 2, 3], pa.int32()), pa.array(["y", "x", None], pa.string_view())),
        ),
    ],
)
@pytest.mark.parametrize("start", [0, 1])
def test_polars_categories_are_texts(tmp_path, kind, values, start):
    assert values.type == kind
    with pa.OSFile(str(tmp_path / "n.arrow"), "wb") as out:
        table = note_table(3, topic=values).slice(start)
        with pa.ipc.new_file(out, table.schema) as writer:
            writer.write_table(table)
    assert Reading(tmp_path / "n.arrow").column("topic") == ["y", "x", None][start:]


def test_a_range_in_braces_is_its_numbers():
    matched = [
        n for n in ("00000.tar", "00012.tar", "00013.tar", "0.tar", "12.tar") if part_pattern("{00000..00012}.tar").fullmatch(n)
    ]
    assert matched == ["00000.tar", "00012.tar"]
    assert part_pattern("{12..00}").fullmatch("07")
    with pytest.raises(DataError, match=r"\{0\.\.999999\}: 1,000,000 numbers; expected at most 100,000"):
        part_pattern("{0..999999}.tar")


def test_texts_in_other_encodings_name_the_setting(tmp_path):
    (tmp_path / "n.csv").write_bytes("note_id,title,images\nn,Café crème à São Paulo,a.jpg\n".encode("cp1252"))
    assert any("--set read.encoding=cp1252" in message for message in Reading(tmp_path / "n.csv").messages)
