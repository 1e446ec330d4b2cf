"""A table of a user's own -> ours, by a mapping. DuckDB reads, a few thousand rows at a time."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import fs

from pipelines.sources.importers import sql_casts
from pipelines.sources.importers.column_mapping import Expression, Source
from pipelines.workspace.duckdb import quoting
from pipelines.workspace.duckdb.connect import register_filesystem
from pipelines.workspace.filesystem import open_filesystem
from schemas.errors import DataError

READERS = {
    "parquet": "read_parquet({})",
    "csv": "read_csv({}, header = true, all_varchar = true)",
    "tsv": "read_csv({}, header = true, all_varchar = true, delim = '\t')",
    "json": "read_json({})",
    "jsonl": "read_json({}, format = 'newline_delimited')",
    "ndjson": "read_json({}, format = 'newline_delimited')",
}
"""By the ending of a file's name."""
ROWS = 4096
UNREAD = "?"
"""At the end of a column's name: whether theirs has a value of which ours could not be made."""
MEMORY = "2GB"


def mapped(source: Source, name: str, wanted: pa.Schema, counts: Counter[str]) -> Iterator[pa.Table]:
    """The wanted columns of a table of theirs, null where nothing is mapped or a value cannot be read.

    Every row of theirs is a row of ours; which of them can be used is for the mining job to say, and to count.

    Args:
        source: their table and the mapping.
        name: of our table.
        wanted: its columns.
        counts: rows read, and values that could not be, are added here.

    Raises:
        DataError: their table cannot be read, or a mapped column is not there or of a type of which ours cannot be made.
    """
    with (
        TemporaryDirectory() as scratch,  # DuckDB's own is .tmp in the working folder, for everybody to read
        duckdb.connect(config={"python_enable_replacements": False, "memory_limit": MEMORY}) as connection,
    ):
        connection.execute("set timezone = 'UTC'")
        connection.execute("set temp_directory = ?", [scratch])
        try:
            query = _query(connection, source, name, wanted)
            for batch in connection.sql(query).to_arrow_reader(ROWS):
                counts[f"{name} read"] += len(batch)
                for column in source.columns:
                    unread = pc.sum(batch.column(column + UNREAD)).as_py() or 0
                    counts[f"{name}: values of '{column}' that could not be read"] += unread
                yield pa.Table.from_batches([batch]).select(wanted.names)
        except duckdb.Error as error:
            raise DataError(f"{name}: {source.read}: {' '.join(str(error).split())[:400]}") from None


def _query(connection: duckdb.DuckDBPyConnection, source: Source, name: str, wanted: pa.Schema) -> str:
    """Theirs by our names in an inner select, made ours in an outer one."""
    table = _reader(connection, str(source.read))
    described = {column: kind for column, kind, *_ in connection.execute(f"describe from {table}").fetchall()}
    theirs = ", ".join(
        f"{_theirs(given, described, f'[{name}.columns] {ours}')} as {quoting.name(ours)}"
        for ours, given in source.columns.items()
    )
    inner = f"select {theirs} from {table}"
    kinds = {column: kind for column, kind, *_ in connection.execute(f"describe {inner}").fetchall()}
    made = {ours: sql_casts.convert(quoting.name(ours), kinds.get(ours), wanted.field(ours), name) for ours in wanted.names}
    columns = [f"{sql} as {quoting.name(ours)}" for ours, sql in made.items()]
    unread = [
        f"cast({sql_casts.said(quoting.name(ours), kinds[ours])} and {made[ours]} is null as bigint)"
        f" as {quoting.name(ours + UNREAD)}"
        for ours in source.columns
    ]
    return f"select {', '.join(columns + unread)} from ({inner})"


def _theirs(given: str | Expression, described: dict[str, str], where: str) -> str:
    if isinstance(given, Expression):
        return f"({given.sql})"
    parts = [given] if given in described else given.split(".")
    if parts[0] not in described:
        raise DataError(f"{where} = '{given}': no such column; found {list(described)}")
    return ".".join(quoting.name(part) for part in parts)


def _reader(connection: duckdb.DuckDBPyConnection, uri: str) -> str:
    """Their table as a table function of DuckDB.

    Raises:
        DataError: the ending of its name is of no format that we know.
    """
    system, path = open_filesystem(uri)
    if not isinstance(system, fs.LocalFileSystem):
        register_filesystem(connection, system, uri.split("://", 1)[0])
    elif Path(path).is_dir():
        first = min((p.name for p in Path(path).iterdir() if not p.name.startswith((".", "_"))), default="")
        uri = f"{path}/*.{_ending(first, uri)}*"
    return READERS[_ending(uri, uri)].format(quoting.text(uri))


def _ending(name: str, uri: str) -> str:
    for part in reversed(name.lower().rsplit("/", 1)[-1].rstrip("*").split(".")[1:]):
        if part in READERS:
            return part
    raise DataError(
        f"{uri}: cannot tell the format; wanted a name that ends with one of {sorted(READERS)}, or with .gz after it"
    )
