"""Rules of files, over the table `files`: each file's rows and checksum by its manifest and as read."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.inspect.audit.rule import Rule
from pipelines.workspace.duckdb.datasets import COLUMNS
from pipelines.workspace.duckdb.run_tables import published
from pipelines.workspace.filesystem import checksum, open_filesystem
from pipelines.workspace.manifest import DataFile, Manifest
from pipelines.workspace.workspace import Workspace
from schemas.errors import SchemaError

READERS = 8
PARQUET = ".parquet"
FILES = pa.schema(
    [
        ("dataset", pa.string()),
        ("path", pa.string()),
        ("rows", pa.int64()),
        ("sha256", pa.string()),
        ("found_rows", pa.int64()),
        ("found_sha256", pa.string()),
        ("columns", pa.list_(pa.string())),
        ("column_faults", pa.string()),
        ("fault", pa.string()),
    ]
)
"""`found_sha256` is null if checksums are off; `columns` are the names of all leaves; `fault`: why it cannot be read."""

RULES = (
    Rule(
        sentence="every file listed in a manifest exists and is readable",
        query="select dataset || '/' || path as id, fault as detail from files where fault is not null",
    ),
    Rule(
        sentence="every file has the checksum in its manifest",
        query="select dataset || '/' || path as id, found_sha256 || ', expected ' || sha256 as detail "
        "from files where found_sha256 <> sha256",
    ),
    Rule(
        sentence="every file has the number of rows in its manifest",
        query="select dataset || '/' || path as id, found_rows || ' rows, expected ' || rows as detail "
        "from files where found_rows <> rows",
    ),
    Rule(
        sentence="every file has the columns of its table",
        query="select dataset || '/' || path as id, column_faults as detail from files where column_faults is not null",
    ),
)


def list_files(connection: duckdb.DuckDBPyConnection, workspace: Workspace, *, checksums: bool) -> None:
    """Create the temporary table `files`. Cost: with checksums reads all bytes, on eight threads; else only footers."""
    listed = [(run, file) for _, run in published(workspace) for file in (*run.files, *run.beside)]
    with ThreadPoolExecutor(READERS) as readers:
        rows = list(readers.map(lambda pair: _file_row(workspace, *pair, checksums=checksums), listed))
    connection.register("file_rows", pa.Table.from_pylist(rows, FILES))
    connection.execute("create temp table files as from file_rows")
    connection.unregister("file_rows")


def _file_row(workspace: Workspace, run: Manifest, file: DataFile, *, checksums: bool) -> dict[str, object]:
    uri = workspace.uri(run, file)
    expected: dict[str, object] = {"dataset": run.dataset, "path": file.path, "rows": file.rows, "sha256": file.sha256}
    try:
        digest = checksum(uri)[1] if checksums else None
        return expected | {"found_sha256": digest} | (_footer(uri, run.dataset) if file.path.endswith(PARQUET) else {})
    except (OSError, pa.ArrowInvalid) as error:
        return expected | {"fault": f"{type(error).__name__}: {error}"[:300]}


def _footer(uri: str, dataset: str) -> dict[str, object]:
    system, path = open_filesystem(uri)
    with pq.ParquetFile(path, filesystem=system) as opened:
        schema, rows = opened.schema_arrow, opened.metadata.num_rows
    return {"found_rows": rows, "columns": sorted(set(_leaves(schema))), "column_faults": _faults(schema, dataset)}


def _faults(schema: pa.Schema, dataset: str) -> str | None:
    """Compare a file's columns with its table's, ignoring nullability and the name of a list's element, which Spark changes."""
    if dataset not in COLUMNS:
        return None
    table = COLUMNS[dataset]
    same = [
        table.columns.field(column.name) if _plain(column.type) == _plain(_type(table.columns, column)) else column
        for column in schema
    ]
    try:
        table.check(pa.schema(same))
    except SchemaError as error:
        return str(error)
    return None


def _type(columns: pa.Schema, column: pa.Field) -> pa.DataType:
    index = columns.get_field_index(column.name)
    return columns.field(index).type if index >= 0 else pa.null()


def _plain(kind: pa.DataType) -> str:
    if pa.types.is_struct(kind):
        return "{" + ", ".join(f"{f.name}: {_plain(f.type)}" for f in kind) + "}"
    if pa.types.is_map(kind):
        return f"map<{_plain(kind.key_type)}, {_plain(kind.item_type)}>"
    return f"[{_plain(kind.value_type)}]" if pa.types.is_list(kind) else str(kind)


def _leaves(fields: Iterable[pa.Field]) -> list[str]:
    names = []
    for field in fields:
        kind = field.type
        inner = [] if not pa.types.is_nested(kind) else [kind.field(k) for k in range(kind.num_fields)]
        names += [field.name, *_leaves(inner)]
    return names
