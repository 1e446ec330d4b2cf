"""Imports a table by a mapping, once as DuckDB reads it and once as the reader streams it: both must give the same rows."""

from unittest import mock

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.sources.importers import mapped_table
from pipelines.sources.importers.column_mapping import Source, written_columns


def rows_of(table, folder, columns, name="notes", file="t.parquet", options=None):
    if isinstance(table, pa.Table):
        pq.write_table(table, folder / file)
    """The rows and the counts of an import: the same whether DuckDB or the reader reads the files."""
    source = Source(read=str(folder / file), columns=columns)
    rows, counts = imported(source, name, folder / "imported" / name, options)
    with mock.patch.object(mapped_table, "native_groups", lambda mapping, _: ([], list(mapping.table.looks))):
        streamed, streamed_counts = imported(source, name, folder / "streamed" / name, options)
    assert sorted(map(str, streamed)) == sorted(map(str, rows))
    assert (streamed_counts.invalid, streamed_counts.dropped) == (counts.invalid, counts.dropped)
    return rows, counts


def imported(source, name, target, options):
    counts = mapped_table.import_mapped_table(source, name, written_columns(name, source), target, options)
    written = pq.read_table(target, schema=pa.schema([f.with_nullable(True) for f in written_columns(name, source)]))
    assert counts.rows == len(written)
    return written.to_pylist(), counts
