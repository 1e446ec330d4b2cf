"""Files for an encoder outside the trainer: items to encode, and reading its vectors."""

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
from uninote_train.evaluation.encode_items import EncodedItems
from uninote_train.evaluation.split_pictures import PictureFiles
from uninote_train.models.protocol import Item

FILE_ITEMS = 2000
"""Items per file: what an encoder that is killed has to encode again."""
NAMED_ITEMS = 3
ITEM_FILE = re.compile(rf"\d{{5,}}(\.parquet|{re.escape(PICTURES_ENDING)})")
"""Names of the files that `write_items` writes."""


def write_items(folder: Path, items: Sequence[Item], pictures: PictureFiles) -> int:
    """Write ENCODE files, sorted by note so that a file has few pictures; the folder is replaced atomically.

    Returns:
        The number of files.

    Raises:
        DataError: the folder has files of other programs, which would be deleted.
    """
    unfinished = folder.with_name(folder.name + ".unfinished")
    for place in (folder, unfinished):
        _refuse_other_files(place)
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    order = sorted(items, key=lambda item: (item["note_id"], item["item_id"]))
    chunks = [order[n : n + FILE_ITEMS] for n in range(0, len(order), FILE_ITEMS)]
    for n, chunk in enumerate(chunks):
        pq.write_table(
            pa.table({"item": pa.array(chunk, ENCODE.field("item").type)}, schema=ENCODE), unfinished / f"{n:05d}.parquet"
        )
        names = sorted({image for item in chunk for image in item["image_ids"] if image in pictures})
        contents = [pictures.content(name) for name in names]
        rows = pa.table([pa.array(names, pa.string()), pa.array(contents, pa.binary())], schema=PICTURES)
        with pa.OSFile(str(unfinished / f"{n:05d}{PICTURES_ENDING}"), "wb") as file, pa.ipc.new_file(file, PICTURES) as writer:
            writer.write_table(rows)
    shutil.rmtree(folder, ignore_errors=True)
    unfinished.rename(folder)
    return len(chunks)


def _refuse_other_files(folder: Path) -> None:
    others = sorted(path.name for path in folder.iterdir() if not ITEM_FILE.fullmatch(path.name)) if folder.is_dir() else []
    if others:
        raise DataError(
            f"--write-items {folder}: holds {len(others)} files of other programs, for example {others[:NAMED_ITEMS]}; "
            "name a new or an empty folder"
        )


def read_vectors(folder: Path, item_ids: Sequence[str]) -> EncodedItems:
    """Read the vectors of these items.

    Raises:
        DataError: no files, wrong columns, vectors of several lengths or not finite, or an item without a row.
    """
    files = sorted(folder.glob("*.parquet"))
    if not files:
        raise DataError(f"{folder}: no *.parquet in it; expected vectors as jobs/encode_items.py writes them")
    position = {name: n for n, name in enumerate(item_ids)}
    vectors: dict[int, np.ndarray] = {}
    refused: dict[str, str] = {}
    for file in files:
        table = pq.read_table(file)
        missing = [name for name in ("item_id", "vector") if name not in table.column_names]
        if missing:
            raise DataError(f"{file}: columns {missing} are missing, got {table.column_names}; expected {VECTORS.names}")
        reasons = table.column("reason").to_pylist() if "reason" in table.column_names else [None] * len(table)
        for name, vector, reason in zip(table.column("item_id").to_pylist(), table.column("vector"), reasons, strict=True):
            if name in position and vector.as_py() is None:
                refused[name] = reason or "no vector"
            elif name in position:
                vectors[position[name]] = vector.values.to_numpy(zero_copy_only=False).astype(np.float32)
    return _checked(folder, item_ids, vectors, refused)


def _checked(
    folder: Path, item_ids: Sequence[str], by_position: dict[int, np.ndarray], refused: dict[str, str]
) -> EncodedItems:
    absent = [name for n, name in enumerate(item_ids) if n not in by_position and name not in refused]
    if absent:
        raise DataError(
            f"{folder}: {len(absent)} of {len(item_ids)} items have no row, for example {absent[:NAMED_ITEMS]}; "
            "write the items of these "
            "shards (--write-items FOLDER) and encode them (jobs/encode_items.py) again"
        )
    lengths = {len(v) for v in by_position.values()}
    if len(lengths) > 1:
        raise DataError(f"{folder}: expected vectors of one length, got {sorted(lengths)}; encode into an empty folder")
    vectors = np.full((len(item_ids), max(lengths, default=1)), np.nan, np.float32)
    for n, vector in by_position.items():
        vectors[n] = vector
    bad = [item_ids[n] for n in by_position if not np.isfinite(vectors[n]).all() or not vectors[n].any()]
    if bad:
        raise DataError(f"{folder}: {len(bad)} vectors are zero or not finite, for example {bad[:NAMED_ITEMS]}; encode again")
    return EncodedItems(tuple(item_ids), vectors / np.linalg.norm(vectors, axis=1, keepdims=True), refused)
