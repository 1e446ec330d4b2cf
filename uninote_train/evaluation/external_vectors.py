"""Items for an encoder that is not the trainer's, and its vectors."""

import re
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from schemas.errors import DataError
from schemas.evaluation import ENCODE, VECTORS
from schemas.shards import PICTURES, PICTURES_ENDING
from uninote_train.evaluation.encode_items import Encoded
from uninote_train.evaluation.split_pictures import PictureFiles
from uninote_train.models.protocol import Item

FILE_ITEMS = 2000
"""Items of a file: what an encoder that was killed does again."""
SHOWN = 3
WRITTEN = re.compile(rf"\d{{5,}}(\.parquet|{re.escape(PICTURES_ENDING)})")
"""Names of files that `write_items` writes."""


def write_items(folder: Path, items: Sequence[Item], pictures: PictureFiles) -> int:
    """ENCODE files, items sorted by note so that a file has few pictures; the folder is there whole or not at all.

    Returns:
        How many files.

    Raises:
        DataError: the folder holds files that were not written here: it would be replaced.
    """
    part = folder.with_name(folder.name + ".unfinished")
    for place in (folder, part):
        _refuse_other_files(place)
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    order = sorted(items, key=lambda item: (item["note_id"], item["item_id"]))
    parts = [order[n : n + FILE_ITEMS] for n in range(0, len(order), FILE_ITEMS)]
    for n, some in enumerate(parts):
        pq.write_table(pa.table({"item": pa.array(some, ENCODE.field("item").type)}, schema=ENCODE), part / f"{n:05d}.parquet")
        names = sorted({image for item in some for image in item["image_ids"] if image in pictures})
        contents = [pictures.content(name) for name in names]
        rows = pa.table([pa.array(names, pa.string()), pa.array(contents, pa.binary())], schema=PICTURES)
        with pa.OSFile(str(part / f"{n:05d}{PICTURES_ENDING}"), "wb") as file, pa.ipc.new_file(file, PICTURES) as writer:
            writer.write_table(rows)
    shutil.rmtree(folder, ignore_errors=True)
    part.rename(folder)
    return len(parts)


def _refuse_other_files(folder: Path) -> None:
    others = sorted(path.name for path in folder.iterdir() if not WRITTEN.fullmatch(path.name)) if folder.is_dir() else []
    if others:
        raise DataError(
            f"--write-items {folder}: holds {len(others)} files that were not written by it, {others[:SHOWN]} first; "
            "name a new or an empty folder"
        )


def read_vectors(folder: Path, wanted: Sequence[str]) -> Encoded:
    """The vectors of these items.

    Raises:
        DataError: no files, other columns, vectors of several lengths, one that is not finite, or an item without a row.
    """
    files = sorted(folder.glob("*.parquet"))
    if not files:
        raise DataError(f"{folder}: no *.parquet there; wanted vectors as jobs/encode_items.py writes them")
    place = {name: n for n, name in enumerate(wanted)}
    found: dict[int, np.ndarray] = {}
    refused: dict[str, str] = {}
    for file in files:
        table = pq.read_table(file)
        lacking = [name for name in ("item_id", "vector") if name not in table.column_names]
        if lacking:
            raise DataError(f"{file}: columns {table.column_names}, without {lacking}; wanted {VECTORS.names}")
        reasons = table.column("reason").to_pylist() if "reason" in table.column_names else [None] * len(table)
        for name, vector, reason in zip(table.column("item_id").to_pylist(), table.column("vector"), reasons, strict=True):
            if name in place and vector.as_py() is None:
                refused[name] = reason or "no vector"
            elif name in place:
                found[place[name]] = vector.values.to_numpy(zero_copy_only=False).astype(np.float32)
    return _checked(folder, wanted, found, refused)


def _checked(folder: Path, wanted: Sequence[str], found: dict[int, np.ndarray], refused: dict[str, str]) -> Encoded:
    silent = [name for n, name in enumerate(wanted) if n not in found and name not in refused]
    if silent:
        raise DataError(
            f"{folder}: {len(silent)} of {len(wanted)} items have no row, {silent[:SHOWN]} first; write the items of these "
            "shards (--write-items FOLDER) and encode them (jobs/encode_items.py) again"
        )
    lengths = {len(v) for v in found.values()}
    if len(lengths) > 1:
        raise DataError(f"{folder}: vectors of {sorted(lengths)} numbers; wanted one length; encode into an empty folder")
    vectors = np.full((len(wanted), max(lengths, default=1)), np.nan, np.float32)
    for n, vector in found.items():
        vectors[n] = vector
    bad = [wanted[n] for n in found if not np.isfinite(vectors[n]).all() or not vectors[n].any()]
    if bad:
        raise DataError(f"{folder}: {len(bad)} vectors are zero or not finite, {bad[:SHOWN]} first; encode again")
    return Encoded(tuple(wanted), vectors / np.linalg.norm(vectors, axis=1, keepdims=True), refused)
