"""One Parquet file from a stream of batches: whole or not there at all."""

import os
from collections.abc import Iterable
from itertools import chain, islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.workspace.filesystem import sync
from pipelines.workspace.progress_line import log_progress
from schemas.errors import DataError

ROWS_PER_GROUP = 50_000
TOLD_EVERY = 250_000


def write_stream(batches: Iterable[pa.Table], schema: pa.Schema, file: Path) -> int:
    """Write the batches to a zstd file, some 50,000 rows a row group; how many rows there were.

    A file that stands there is replaced when the last row is written, not before. Every column may be null: a row that lacks
    what it needs is for the mining job to refuse, and to count.

    Raises:
        DataError: the file cannot be written.
    """
    unfinished = file.with_name(f".{file.name}.{os.getpid()}.tmp")
    schema = pa.schema([column.with_nullable(True) for column in schema])
    coming = iter(batches)
    first = list(islice(coming, 1))  # an input that cannot be read leaves no folder behind
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        rows = _written(chain(first, coming), schema, unfinished, file.name)
        sync(unfinished)
        unfinished.replace(file)
        sync(file.parent)
    except OSError as error:
        raise DataError(f"{file}: cannot be written ({error}); give another --out") from None
    finally:
        unfinished.unlink(missing_ok=True)
    return rows


def _written(batches: Iterable[pa.Table], schema: pa.Schema, file: Path, name: str) -> int:
    rows, held, told = 0, [], TOLD_EVERY
    with pq.ParquetWriter(file, schema, compression="zstd") as writer:
        for batch in batches:
            held.append(batch.cast(schema))
            rows += len(batch)
            if sum(map(len, held)) >= ROWS_PER_GROUP:
                writer.write_table(pa.concat_tables(held))
                held = []
            if rows >= told:
                log_progress(f"{name}: {rows:,} rows")
                told += TOLD_EVERY
        if held:
            writer.write_table(pa.concat_tables(held))
    return rows
