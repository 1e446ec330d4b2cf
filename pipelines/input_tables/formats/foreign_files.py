"""Commands that make a table of files that hold data and are no table here: databases, pickles, ORC, archives."""

import json
import shlex
import sqlite3
from collections.abc import Mapping
from contextlib import closing

from pipelines.input_tables.files.places import FilePlace

PYTHON = ".venv/bin/python -c "
CODE: Mapping[str, str] = {
    "a SQLite database": (
        'import pandas, sqlite3; pandas.read_sql("select * from {table}", sqlite3.connect({file}), '
        'dtype_backend="numpy_nullable").to_parquet("table.parquet")'
    ),
    "a DuckDB database": (
        'import duckdb; duckdb.connect({file}, read_only=True).sql("from {table}").write_parquet("table.parquet")'
    ),
    "a Python pickle": 'import pandas; pandas.read_pickle({file}).to_parquet("table.parquet")',
    "an ORC file": 'import pyarrow.orc as o, pyarrow.parquet as p; p.write_table(o.read_table({file}), "table.parquet")',
}
"""Kind of a file -> Python that writes it as Parquet."""
OTHER_WAYS: Mapping[str, str] = {
    "a pointer of Git LFS": "fetch the files with: git lfs pull",
    "an Avro file": "write it as Parquet where it comes from (BigQuery: --destination_format=PARQUET)",
    "an encrypted Parquet file": "write it without encryption",
    "an HDF5 file": "write its columns as Parquet (pandas.read_hdf(...).to_parquet(...))",
    "a NumPy array": "it has no columns: write it as Parquet with our columns",
    "an old Excel or Office file": "save it as CSV (UTF-8)",
}
TAR = "unpack it (tar -xf {file}) or, if it is a shard of WebDataset: python jobs/import_table.py --from {file} --out imported"
TRUST = " (a pickle runs code: only if you trust where it comes from)"
MOST_TABLES = 5


def way_out(kind: str, place: FilePlace) -> str | None:
    """How a file of a kind that is not read here becomes a table; None where nothing is known.

    Args:
        kind: as `magic_of` names it, perhaps followed by its compression ("a tar archive in gzip").
        place: of the file.
    """
    if kind.startswith("a tar archive"):
        return TAR.format(file=shlex.quote(place.uri))
    code = CODE.get(kind)
    if code is None:
        return next((way for name, way in OTHER_WAYS.items() if kind.startswith(name)), None)
    tables = _sqlite_tables(place) if kind == "a SQLite database" else []
    named = f", with one of its tables {', '.join(tables[:MOST_TABLES])}" if tables else ", with your table's name for TABLE"
    spelled = code.format(file=json.dumps(place.uri, ensure_ascii=False), table=tables[0] if len(tables) == 1 else "TABLE")
    which = "" if "TABLE" not in spelled else named
    return f"write it as Parquet{which}: {PYTHON}{shlex.quote(spelled)}{TRUST if kind == 'a Python pickle' else ''}"


def _sqlite_tables(place: FilePlace) -> list[str]:
    """The names of a database's tables; none where it lies in a store or cannot be opened."""
    if place.scheme:
        return []
    try:
        with closing(sqlite3.connect(f"file:{place.key}?mode=ro&immutable=1", uri=True)) as database:
            rows = database.execute("select name from sqlite_master where type = 'table' order by name").fetchall()
    except sqlite3.Error:
        return []
    return [name for (name,) in rows]
