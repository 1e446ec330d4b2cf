"""Shards: what `jobs/build_shards.py` writes and `uninote_train` reads. Rows with texts, and pictures in files of their own.

Each split is a dataset, `sft/train` to `rl/test`. Its run's folder (`_history/sft/train/<run>`) holds, for each shard,
`00000.parquet`, its rows, and `00000.pictures.arrow`, each of its pictures once as PICTURES in Arrow IPC, so that a
reader maps the file and copies nothing. `sft/train/_current.json` lists the files of the published run; `shard_files` reads
it. On a disk `sft/train` links to the same files: the rows, and in `.pictures` the pictures. A shard's two files may be copied
anywhere, and so may `sft`: a folder of copies is read in the order of file names.
"""

import posixpath
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
from pydantic import TypeAdapter, ValidationError

from schemas.errors import DataError
from schemas.item import ITEM
from schemas.table import Table, column

JOB = "jobs/build_shards.py"
SPLITS = ("train", "validation", "test")
CURRENT = "_current.json"
PICTURES_ENDING = ".pictures.arrow"
BESIDE = ".pictures"
"""Subfolder for the pictures, which pandas, pyarrow and datasets skip when they read the folder of rows."""

CANDIDATE = pa.struct(
    [
        ("item", ITEM),
        ("component_id", pa.string()),
        ("similarity", pa.float64()),
        ("soft_label", pa.float64()),
        ("source", pa.string()),
    ]
)
"""A candidate of a query: item, component, similarity by the reference encoder (null in a ranking list), soft
label on the row's scale (`label_from`), and source: band, judge or rule; in a ranking list half, overlap, judged
or noise."""

SFT = Table(
    name="sft",
    grain="a query, one positive and their hard negatives",
    key=("position",),
    made_by=JOB,
    columns=pa.schema(
        [
            column("position", pa.int64(), "index in the seeded order of its split, from 0", required=True),
            column("pair_id", pa.string(), "id of the positive pair", required=True),
            column("task", pa.string(), "retrieval task: image_to_note, note_to_note, ...", required=True),
            column("granularity", pa.string(), "how the pair was found", required=True),
            column("query", ITEM, "query item", required=True),
            column("component_id", pa.string(), "component of the query's note", required=True),
            column("positive", CANDIDATE, "positive item; its source is the granularity", required=True),
            column("candidates", pa.list_(CANDIDATE), "hard negatives, by rank; may be empty", required=True),
            column(
                "label_from",
                pa.string(),
                "scale of all soft labels of the row, of the positive and the candidates: similarity, judge; "
                "null: none has a label",
            ),
            column(
                "label_temperature", pa.float64(), "what a trainer divides the row's soft labels by; null: none has a label"
            ),
        ]
    ),
)

RL = Table(
    name="rl",
    grain="a ranking list: a query and its candidates in the true order",
    key=("position",),
    made_by=JOB,
    columns=pa.schema(
        [
            column("position", pa.int64(), "index in the seeded order of its split, from 0", required=True),
            column("list_id", pa.string(), "hash of the query and its candidates", required=True),
            column(
                "source",
                pa.string(),
                "split: halves of a note, plus noise; judged: real notes by grade, plus noise",
                required=True,
            ),
            column("query", ITEM, "query item: the half N_A, or a note", required=True),
            column("component_id", pa.string(), "component of the query's note", required=True),
            column(
                "candidates",
                pa.list_(CANDIDATE),
                "L_rank in the true order V; soft_label: share of the query's content in the candidate, or the judge's score",
                required=True,
            ),
            column(
                "relevant",
                pa.int32(),
                "len(L_rel): number of leading candidates that are relevant; the rest is noise",
                required=True,
            ),
        ]
    ),
)

PICTURES = pa.schema(
    [
        column("image_id", pa.string(), "picture id; rows are sorted by it", required=True),
        column("content", pa.binary(), "JPEG, upright, longest side as configured", required=True),
    ]
)
"""Every picture that an item of the shard refers to. A crop is stored as its picture and the item's `region`. An image
item has no region here."""


class ShardFiles(NamedTuple):
    """The two files of a shard."""

    rows: Path
    """SFT or RL rows, by position."""
    pictures: Path
    """PICTURES."""


def shard_files(folder: str | Path) -> list[ShardFiles]:
    """List the shards of a split, in the order of their rows' positions.

    Args:
        folder: a published split (`W/sft/train`), or a folder with copies of shards.

    Raises:
        DataError: there are no shards, or files are missing.
    """
    root = Path(folder)
    current = root / CURRENT
    named = named_files(current.read_bytes(), str(current)) if current.exists() else []
    rows = [Path(posixpath.normpath(root / name)) for name in named]
    if not rows or not rows[0].exists():
        rows = sorted(root.glob("*.parquet"))
    if not rows:
        raise DataError(f"{root}: no {CURRENT} and no *.parquet file; expected a split written by {JOB}, such as W/sft/train")
    shards = [ShardFiles(file, _pictures(file)) for file in rows]
    missing = [str(file) for shard in shards for file in shard if not file.exists()]
    if missing or len(rows) < len(named):
        raise DataError(
            f"{root}: {len(missing) or len(named) - len(rows)} files of its shards are missing, "
            f"the first is {missing[0] if missing else named[-1]}; copy or build them again"
        )
    return shards


def named_files(content: bytes, where: str) -> list[str]:
    """List the files of rows in a split's manifest, relative to the split's folder.

    Raises:
        DataError: it is not a manifest.
    """
    try:
        return [file.path for file in _CURRENT.validate_json(content, strict=True).files]
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        fault = f"{'.'.join(map(str, first['loc']))}: {first['msg']}".removeprefix(": ")
        raise DataError(f"{where}: not a manifest of this project ({fault}); build the shards again") from None


def _pictures(rows: Path) -> Path:
    beside = rows.with_name(f"{rows.stem}{PICTURES_ENDING}")
    return beside if beside.exists() or not (rows.parent / BESIDE).is_dir() else rows.parent / BESIDE / beside.name


@dataclass(frozen=True, slots=True)
class _File:
    path: str


@dataclass(frozen=True, slots=True)
class _Current:
    files: list[_File]


_CURRENT = TypeAdapter(_Current)
