r"""Dumps of databases: MySQL's INTO OUTFILE, Postgres' COPY, Spark's CSV, and MovieLens' "::"; each read as it was meant."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.input_tables.formats.csv_batches import csv_batches, without_header
from pipelines.input_tables.formats.csv_dialect import dialect_of
from pipelines.input_tables.formats.text_blocks import TextBlock
from pipelines.input_tables.settings import ReadOptions
from schemas.inputs import NOTES_IN
from testkit.input_reading import Reading, clicks
from tests.support.import_rows import rows_of

NAMES = ("note_id", "title", "body")
TITLES = ['"Great" tabs\tand', "two\nlines", "C:\\new\\table", "\\N", 'ends with "', "\\", "笔记\\", "", None]
ROWS = [(f"n{k}", title, f"b{k}") for k, title in enumerate(TITLES)]


def mysql(field, enclosed=""):
    """INTO OUTFILE: a backslash before itself, the enclosing character, tabs and line ends, which stay what they are."""
    if field is None:
        return r"\N"
    special = re.escape("\\" + enclosed + ("" if enclosed else "\t\n"))
    return enclosed + re.sub(f"([{special}])", r"\\\1", field) + enclosed


def postgres(field):
    """COPY ... TO: line ends and tabs as letters."""
    return r"\N" if field is None else field.replace("\\", r"\\").replace("\n", r"\n").replace("\t", r"\t")


def dump(escaped, delimiter="\t", rows=ROWS):
    return "".join(delimiter.join(map(escaped, row)) + "\n" for row in rows)


def read(text, options, size=1000):
    dialect = dialect_of(text, NAMES, options)
    lines = text.splitlines(keepends=True)
    blocks = [TextBlock("".join(lines[k : k + size]), False) for k in range(0, len(lines), size)]
    batches = csv_batches(without_header(blocks, dialect.header_lines), dialect, NAMES, options)
    rows = [row for batch in batches for row in batch.to_pylist()]
    assert [row["_odd"] or row["_broken_line"] for row in rows] == [None] * len(rows)
    return [tuple(row[name] for name in NAMES) for row in rows]


@pytest.mark.parametrize("size", [1, 2, 1000])
@pytest.mark.parametrize(
    "text",
    [
        dump(mysql),
        dump(postgres),
        dump(lambda field: mysql(field, '"'), ","),
        "note_id\ttitle\tbody\n" + dump(postgres),
    ],
)
def test_dumps_of_databases(text, size):
    names = () if text.startswith("note_id") else NAMES
    found = read(text, ReadOptions(names=names, escape="backslash"), size)
    assert found == [tuple(field or None for field in row) for row in ROWS]


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=8), max_size=8), st.integers(1, 3))
def test_what_mysql_writes_is_read_the_same_in_blocks_of_any_size(titles, size):
    rows = [(f"n{k}", title.replace("\r", ""), "b") for k, title in enumerate(titles)]
    text = dump(mysql, rows=rows)
    if any(c in text for c in "\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"):  # splitlines() cuts there, the reader does not
        size = 1000
    found = read(text, ReadOptions(names=NAMES, escape="backslash"), size)
    assert found == [(note_id, title if title.strip() else None, body) for note_id, title, body in rows]


def test_sparks_and_hives_quotes_with_backslashes_are_read_and_told_where_nothing_is_set(tmp_path):
    (tmp_path / "n.csv").write_text('note_id,title,images\nn0,"say \\"hi\\", twice",a.jpg\nn1,plain,b.jpg\n')
    unset = Reading(tmp_path / "n.csv")
    assert unset.column("note_id")[0] == "n1" and len(unset.broken) == 1
    assert f"--set read.escape=backslash: {tmp_path}/n.csv" in unset.messages[-1]
    found = Reading(tmp_path / "n.csv", options=ReadOptions(escape="backslash"))
    assert (found.column("title"), found.messages) == (['say "hi", twice', "plain"], [])


def test_a_broken_line_is_shown_as_it_stands_in_the_file(tmp_path):
    (tmp_path / "n.csv").write_text('note_id,title,images\n"n0"x,"a\\"b\\\\c",\nn1,"ok\\"",\n')
    found = Reading(tmp_path / "n.csv", options=ReadOptions(escape="backslash"))
    assert (found.broken, found.column("title")[0]) == (['"n0"x,"a\\"b\\\\c",'], 'ok"')


MOVIELENS = 'u1::1193::5::978300760\nu2::"x"::3::978302109\n'
FOUR = ("user_id", "note_id", "stars", "clicked_at")


@pytest.mark.slow
@pytest.mark.parametrize("tasks", [1, 4])
def test_movielens_double_colons(tmp_path, tasks):
    (tmp_path / "ratings.dat").write_text(MOVIELENS * 400_000)
    found = clicks(tmp_path / "ratings.dat", options=ReadOptions(names=FOUR), tasks=tasks)
    assert found.rows.num_rows == 800_000
    assert found.rows.slice(799_998).select(["user_id", "note_id"]).to_pylist() == [
        {"user_id": "u1", "note_id": "1193"},
        {"user_id": "u2", "note_id": '"x"'},
    ]
    assert found.messages == [
        f"fields separated by '::': {tmp_path}/ratings.dat",
        f"no field is quoted: {tmp_path}/ratings.dat",
    ]


def test_the_delimiter_of_movielens_wins_over_the_bars_between_its_genres(tmp_path):
    (tmp_path / "movies.dat").write_text("1::Toy Story (1995)::Animation|Children's|Comedy\n2::Jumanji (1995)::Adventure\n")
    options = ReadOptions(names=("note_id", "title", "topic"))
    found = Reading(tmp_path / "movies.dat", NOTES_IN, options=options, required=("note_id",))
    assert found.column("topic") == ["Animation|Children's|Comedy", "Adventure"]


def test_any_delimiter_of_several_characters_can_be_set_with_quotes_and_without(tmp_path):
    (tmp_path / "c.csv").write_text('user_id|~|note_id|~|clicked_at\nu|~|"a|~|b"|~|2026-11-20\n')
    quoted = clicks(tmp_path / "c.csv", options=ReadOptions(delimiter="|~|", quote='"'))
    assert quoted.column("note_id") == ["a|~|b"]
    (tmp_path / "d.csv").write_text('user_id,note_id,clicked_at\n"u,"n,2026-11-20\n')
    plain = clicks(tmp_path / "d.csv", options=ReadOptions(quote="none"))
    assert (plain.column("user_id"), plain.column("note_id"), plain.broken) == (['"u'], ['"n'], [])


def test_imports_of_such_files(tmp_path):
    (tmp_path / "n.csv").write_text(dump(mysql))
    options = ReadOptions(names=("id", "t", "b"), escape="backslash")
    rows, _ = rows_of(None, tmp_path, {"note_id": "id", "title": "t"}, file="n.csv", options=options)
    assert sorted((row["note_id"], row["title"]) for row in rows[:-2]) == [row[:2] for row in ROWS[:-2]]
    (tmp_path / "c.csv").write_text(MOVIELENS)
    options = ReadOptions(names=("uid", "movie", "stars", "at"))
    columns = {"user_id": "uid", "note_id": "movie", "clicked_at": "at"}
    rows, _ = rows_of(None, tmp_path, columns, "clicks", "c.csv", options)
    assert sorted((row["user_id"], row["note_id"]) for row in rows) == [("u1", "1193"), ("u2", '"x"')]
