"""Databases and pickles are no tables here; the message has a command, and the command works."""

import shlex
import sqlite3
import subprocess
import sys

import duckdb
import pytest

from schemas.errors import DataError
from testkit.input_reading import Reading, note_table

ROWS = note_table(3).drop_columns("images").to_pandas()


def sqlite(path):
    with sqlite3.connect(path) as database:
        ROWS.assign(images="a.jpg").to_sql("notes", database)


def pickled(path):
    ROWS.assign(images="a.jpg").to_pickle(path)


@pytest.mark.slow
@pytest.mark.parametrize("write", [sqlite, pickled])
def test_the_command_of_the_message_writes_the_table(tmp_path, write):
    path = tmp_path / "it's.db"
    write(path)
    with pytest.raises(DataError, match=r"write it as Parquet: \.venv/bin/python") as raised:
        Reading(path)
    command = str(raised.value).partition("Parquet: ")[2].partition(" (a pickle")[0]
    subprocess.run(
        ["/bin/sh", "-c", command.replace(".venv/bin/python", shlex.quote(sys.executable))], check=True, cwd=tmp_path
    )
    assert Reading(tmp_path / "table.parquet").column("note_id") == list(ROWS["note_id"])


def test_several_tables_are_named(tmp_path):
    with sqlite3.connect(tmp_path / "a.db") as database:
        database.execute("create table notes (a)")
        database.execute("create table clicks (a)")
    with pytest.raises(DataError, match="with one of its tables clicks, notes: .*from TABLE"):
        Reading(tmp_path / "a.db")


def test_a_duckdb_file_names_the_command(tmp_path):
    duckdb.connect(str(tmp_path / "a.duckdb")).close()
    with pytest.raises(DataError, match="is a DuckDB database; write it as Parquet, with your table's name for TABLE"):
        Reading(tmp_path / "a.duckdb")
