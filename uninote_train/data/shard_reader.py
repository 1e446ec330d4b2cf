"""A split's folder of shards: rows in Parquet, pictures beside them in Arrow IPC, mapped and not copied.

A remote folder (s3://..., gs://...) is read through fsspec; each file is copied once to a local folder and mapped there.
"""

import os
import posixpath
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq

from schemas.errors import DataError
from schemas.shards import BESIDE, CURRENT, PICTURES, PICTURES_ENDING, ShardFiles, named_files
from schemas.table import Table
from uninote_train.data.stored_pixels import stored_pixels
from uninote_train.models.protocol import Pixels

OPEN_SHARDS = 16
"""Shards that a worker keeps open: two windows. Rows are kept in memory, pictures are memory-mapped."""
LATER = ("label_temperature",)
"""Columns that shards of an earlier version lack; a reader has a value for them."""
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Shards:
    """The shards of a split. Small and picklable: files are opened by the process that reads them."""

    folder: str
    rows: tuple[str, ...]
    """Files of rows, in order, relative to the folder: 00000.parquet."""
    pictures: tuple[str, ...]
    """Files of their pictures: 00000.pictures.arrow."""
    counts: tuple[int, ...]
    """Rows of each."""
    cache: str
    """Local folder for files of a remote one."""

    def row(self, shard: int, row: int) -> Row:
        """A row as plain values."""
        return _rows(self._local(self.rows[shard])).slice(row, 1).to_pylist()[0]

    def picture(self, shard: int, image_id: str) -> Pixels:
        """RGB [height, width, 3].

        Raises:
            DataError: it is not in the shard, or cannot be decoded.
        """
        path = self._local(self.pictures[shard])
        contents, positions = _pictures(path)
        if image_id not in positions:
            raise DataError(f"{path}: no picture {image_id}, which a row of the shard refers to; build the shards again")
        content = contents[positions[image_id]].as_buffer()
        pixels = stored_pixels(memoryview(content))
        if pixels is None:
            raise DataError(
                f"{path}: picture {image_id} is {len(content)} bytes that are not a picture; build the shards again"
            )
        return pixels

    def local_files(self, rows: int) -> list[ShardFiles]:
        """The first shards, up to the one with row number `rows`, on this machine."""
        before = [sum(self.counts[:n]) for n in range(len(self.counts))]
        first = [n for n, start in enumerate(before) if start < rows]
        return [ShardFiles(Path(self._local(self.rows[n])), Path(self._local(self.pictures[n]))) for n in first]

    def _local(self, name: str) -> str:
        protocol, _, path = f"{self.folder}/{name}".rpartition("://")
        return local_file(f"{protocol}://{posixpath.normpath(path)}" if protocol else posixpath.normpath(path), self.cache)


def open_shards(folder: str, split: str, table: Table, cache: str | None) -> Shards:
    """The shards of `folder`/`split`, or of `folder` itself: those of the published run, or all files of a copied folder.

    Args:
        folder: a path or a URI.
        split: train, validation or test.
        table: SFT or RL; each shard's columns are checked against it.
        cache: a local folder for files of a remote one; None: `user_cache`.

    Raises:
        DataError: no shards, a shard without its pictures, a file that cannot be read, or no rows.
        SchemaError: a shard of another table.

    Cost: reads the footer of every Parquet file.
    """
    system, root = fsspec.core.url_to_fs(folder)
    folders = (f"{root}/{split}", root)
    place, rows = next(((p, names) for p in folders if (names := _rows_of(system, p))), ("", ()))
    if not rows:
        raise DataError(
            f"{folder}: no shards: expected {CURRENT} of {table.made_by}, or 00000.parquet and 00000{PICTURES_ENDING}, "
            f"in the folder or in {split}/"
        )
    shards = _shards(system, folder, place, rows, table, cache)
    if not sum(shards.counts):
        raise DataError(f"{place}: {len(rows)} shards without a row; see the counts of {table.made_by}")
    return shards


def beside(folder: str, name: str) -> str:
    """The folder `name` next to a folder of shards: out/sft -> out/rl."""
    protocol, separator, path = folder.rpartition("://")
    return f"{protocol}{separator}{posixpath.join(posixpath.dirname(posixpath.normpath(path)), name)}"


def find_split(folder: str, split: str, table: Table, cache: str | None) -> Shards | None:
    """As `open_shards`, of `folder`/`split`, or beside a folder `train`; None if it does not exist or has no rows."""
    system, root = fsspec.core.url_to_fs(folder)
    parent, name = posixpath.split(posixpath.normpath(root))
    places = (f"{root}/{split}", *([f"{parent}/{split}"] if name == "train" else []))
    place, rows = next(((p, names) for p in places if (names := _rows_of(system, p))), ("", ()))
    shards = _shards(system, folder, place, rows, table, cache) if rows else None
    return shards if shards and sum(shards.counts) else None


def _shards(system: Any, folder: str, place: str, rows: tuple[str, ...], table: Table, cache: str | None) -> Shards:  # noqa: ANN401
    pictures = tuple(_pictures_of(system, place, name) for name in rows)
    missing = [n for n in pictures if not system.exists(posixpath.normpath(f"{place}/{n}"))]
    if missing:
        raise DataError(
            f"{place}: no {missing[0]} beside its rows ({len(missing)} such files are missing); copy the whole folder"
        )
    counts = tuple(_checked(system, posixpath.normpath(f"{place}/{name}"), table) for name in rows)
    return Shards(
        str(system.unstrip_protocol(place)) if "://" in folder else place, rows, pictures, counts, cache or user_cache()
    )


def _rows_of(system: Any, place: str) -> tuple[str, ...]:  # noqa: ANN401  # any of fsspec's
    """The files of rows of a split: those of the published run, or all by name in a copied folder."""
    if not system.isdir(place):
        return ()
    current, named = f"{place}/{CURRENT}", []
    if system.exists(current):
        named = named_files(system.cat_file(current), current)
        if named and system.exists(posixpath.normpath(f"{place}/{named[0]}")):
            return tuple(named)
    copies = tuple(sorted(Path(f).name for f in system.ls(place, detail=False) if f.endswith(".parquet")))
    if len(copies) < len(named):
        raise DataError(f"{current}: names {len(named)} files of rows, but {len(copies)} exist; copy or build them again")
    return copies


def _pictures_of(system: Any, place: str, rows: str) -> str:  # noqa: ANN401  # any of fsspec's
    """The file of the pictures of a file of rows: beside it, or in a folder beside it."""
    folder, _, name = rows.removesuffix(".parquet").rpartition("/")
    beside, below = (posixpath.join(folder, *parts, f"{name}{PICTURES_ENDING}") for parts in ((), (BESIDE,)))
    return below if system.exists(posixpath.normpath(f"{place}/{below}")) else beside


def user_cache() -> str:
    """The user's cache folder for shards. Not below /tmp, where others could read it or create it first."""
    return str(Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "uninote" / "shards")


def local_file(uri: str, cache: str) -> str:
    """A path of the file on this machine; a remote file is copied once."""
    if "://" not in uri:
        return uri
    Path(cache).mkdir(parents=True, exist_ok=True, mode=0o700)
    return str(fsspec.open_local(f"simplecache::{uri}", simplecache={"cache_storage": cache}))


def _checked(system: Any, path: str, table: Table) -> int:  # noqa: ANN401  # any of fsspec's
    try:
        with system.open(path, "rb") as opened:
            file = pq.ParquetFile(opened)
            table.check(_with_later_columns(file.schema_arrow, table))
            return int(file.metadata.num_rows)
    except (OSError, pa.ArrowInvalid) as error:
        raise DataError(f"{path}: not a readable Parquet file: {str(error).splitlines()[0]}; build the shards again") from None


def _with_later_columns(schema: pa.Schema, table: Table) -> pa.Schema:
    """The schema with the columns of LATER that shards of an earlier version lack."""
    later = [field for field in table.columns if field.name in LATER and field.name not in schema.names]
    return pa.schema([*schema, *later])


@lru_cache(maxsize=OPEN_SHARDS)
def _rows(path: str) -> pa.Table:
    return pq.read_table(path, memory_map=True).combine_chunks()


@lru_cache(maxsize=OPEN_SHARDS)
def _pictures(path: str) -> tuple[pa.ChunkedArray, dict[str, int]]:
    try:
        with pa.memory_map(path) as mapped, pa.ipc.open_file(mapped) as opened:
            table = opened.read_all()
    except (OSError, pa.ArrowInvalid) as error:
        raise DataError(f"{path}: not a readable Arrow file: {str(error).splitlines()[0]}; build the shards again") from None
    if table.schema.names != PICTURES.names:
        raise DataError(f"{path}: expected columns {PICTURES.names}, got {table.schema.names}; build the shards again")
    return table["content"], {name: n for n, name in enumerate(table["image_id"].to_pylist())}
