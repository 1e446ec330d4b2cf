"""The table `files`: what the manifests say of each file, and what the file itself says."""

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
"""`found_sha256` is null where checksums are not asked for; `columns` are the names of all leaves; `fault`: cannot be read."""

RULES = (
    Rule(
        sentence="every file that a manifest names is there and can be read",
        broken="select dataset || '/' || path as id, fault as detail from files where fault is not null",
    ),
    Rule(
        sentence="every file has the checksum that its manifest says",
        broken="select dataset || '/' || path as id, found_sha256 || ', wanted ' || sha256 as detail "
        "from files where found_sha256 <> sha256",
    ),
    Rule(
        sentence="every file has as many rows as its manifest says",
        broken="select dataset || '/' || path as id, found_rows || ' rows, wanted ' || rows as detail "
        "from files where found_rows <> rows",
    ),
    Rule(
        sentence="every file has the columns of its table",
        broken="select dataset || '/' || path as id, column_faults as detail from files where column_faults is not null",
    ),
)


def list_files(connection: duckdb.DuckDBPyConnection, workspace: Workspace, *, checksums: bool) -> None:
    """Create the temporary table `files`. Cost: with checksums all bytes are read, on eight threads; else the footers."""
    named = [(run, file) for _, run in published(workspace) for file in (*run.files, *run.beside)]
    with ThreadPoolExecutor(READERS) as readers:
        found = list(readers.map(lambda pair: _looked_at(workspace, *pair, checksums=checksums), named))
    connection.register("found", pa.Table.from_pylist(found, FILES))
    connection.execute("create temp table files as from found")
    connection.unregister("found")


def _looked_at(workspace: Workspace, run: Manifest, file: DataFile, *, checksums: bool) -> dict[str, object]:
    uri = workspace.uri(run, file)
    told: dict[str, object] = {"dataset": run.dataset, "path": file.path, "rows": file.rows, "sha256": file.sha256}
    try:
        digest = checksum(uri)[1] if checksums else None
        return told | {"found_sha256": digest} | (_footer(uri, run.dataset) if file.path.endswith(PARQUET) else {})
    except (OSError, pa.ArrowInvalid) as error:
        return told | {"fault": f"{type(error).__name__}: {error}"[:300]}


def _footer(uri: str, dataset: str) -> dict[str, object]:
    system, path = open_filesystem(uri)
    with pq.ParquetFile(path, filesystem=system) as opened:
        schema, rows = opened.schema_arrow, opened.metadata.num_rows
    return {"found_rows": rows, "columns": sorted(set(_leaves(schema))), "column_faults": _faults(schema, dataset)}


def _faults(schema: pa.Schema, dataset: str) -> str | None:
    """Spark names the element of a list otherwise and lets every column be null: that is no difference."""
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
    found = []
    for field in fields:
        kind = field.type
        inner = [] if not pa.types.is_nested(kind) else [kind.field(k) for k in range(kind.num_fields)]
        found += [field.name, *_leaves(inner)]
    return found
