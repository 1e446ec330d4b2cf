"""A table of a user's own -> a folder of Parquet files with our columns, by a mapping."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pyarrow as pa

from pipelines.input_tables.formats.file_look import FileLook
from pipelines.input_tables.parts import Part, parts_of
from pipelines.input_tables.settings import ReadOptions
from pipelines.sources.importers.column_mapping import Source
from pipelines.sources.importers.mapped_columns import MappedTable, mapped_table
from pipelines.sources.importers.native_copy import UnlikeReaderError, native_copy
from pipelines.sources.importers.native_groups import NativeGroup, native_groups
from pipelines.sources.importers.parquet_parts import write_parts, write_tables
from pipelines.sources.importers.streamed_rows import streamed_rows
from pipelines.sources.importers.value_counts import ValueCounts
from pipelines.workspace.progress_line import log_progress

MEMORY = "2GB"


def import_mapped_table(
    source: Source, name: str, schema: pa.Schema, folder: Path, options: ReadOptions | None = None
) -> ValueCounts:
    """Write our columns of a table of theirs, null where nothing is mapped or a value cannot be read.

    Every row of theirs is a row of ours but a line that cannot be parsed; which rows can be used is for mining to decide.

    Args:
        source: their table and the mapping.
        name: of our table.
        schema: its columns.
        folder: what is written; what has that name is replaced when all is written.
        options: how their files are read.

    Returns:
        What was read, and what could not be.

    Raises:
        DataError: their table cannot be read, or a mapped column is not there or of a type of which ours cannot be made.
    """
    options, counts = options or ReadOptions(), ValueCounts(name)
    with _duckdb() as connection:
        mapping = mapped_table(connection, source, name, schema, options)
        for message in mapping.table.messages:
            log_progress(f"{name}: {message}")
        write_parts(folder, lambda target: _write(connection, mapping, schema, options, counts, target))
    return counts


def _write(
    connection: duckdb.DuckDBPyConnection,
    mapping: MappedTable,
    schema: pa.Schema,
    options: ReadOptions,
    counts: ValueCounts,
    target: Path,
) -> int:
    groups, streamed = native_groups(mapping, options)
    for k, group in enumerate(groups):
        if not _copied(mapping, group, schema, options, counts, target, f"part-{k:05d}"):
            streamed += group.looks
    if streamed or not groups:
        tables = streamed_rows(connection, mapping, _parts(mapping, streamed), schema, options, counts)
        write_tables(tables, schema, target, "part-rest" if groups else "part")
    return counts.rows


def _copied(
    mapping: MappedTable,
    group: NativeGroup,
    schema: pa.Schema,
    options: ReadOptions,
    counts: ValueCounts,
    target: Path,
    prefix: str,
) -> bool:
    """Whether DuckDB has copied the group; else nothing of it is left, and the reader must stream it."""
    own = ValueCounts(counts.name)
    try:
        with _duckdb() as connection:
            own.rows = native_copy(connection, mapping, group, schema, options, own, target, prefix)
    except (duckdb.Error, UnlikeReaderError):
        for part in target.glob(f"{prefix}-*"):
            part.unlink()
        return False
    counts.merge(own)
    return True


def _parts(mapping: MappedTable, looks: list[FileLook]) -> Iterator[Part]:
    chosen = {look.file.place for look in looks}
    return (part for part in parts_of(mapping.table) if part.look.file.place in chosen)


@contextmanager
def _duckdb() -> Iterator[duckdb.DuckDBPyConnection]:
    """A database in memory; what does not fit is put where nobody else may look, not into the working folder."""
    with (
        TemporaryDirectory() as scratch,
        duckdb.connect(config={"python_enable_replacements": False, "memory_limit": MEMORY}) as connection,
    ):
        connection.execute("set timezone = 'UTC'")
        connection.execute("set preserve_insertion_order = false")
        connection.execute("set temp_directory = ?", [scratch])
        yield connection
