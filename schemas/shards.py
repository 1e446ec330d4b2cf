"""The shards: what `jobs/build_shards.py` writes and `uninote_train` reads. Items with their text, pictures beside.

Each split is a dataset of its own, `sft/train` to `rl/test`. Its run's folder (`_history/sft/train/<run>`) holds
`00000.parquet`, a shard's rows, and `00000.pictures.arrow`, each of its pictures once as PICTURES in Arrow IPC, so that a
reader maps the file and copies nothing. `sft/train/_current.json` names the files of the published run; `shard_files` asks
it. On a disk `sft/train` holds the same files: the rows, and in `.pictures` the pictures. A shard's two files may be copied
anywhere, and so may `sft`: a folder of copies is read in the order of their names.
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
"""A folder for the pictures beside the rows, which pandas, pyarrow and datasets leave out when they read the rows' folder."""

CANDIDATE = pa.struct(
    [
        ("item", ITEM),
        ("component_id", pa.string()),
        ("similarity", pa.float64()),
        ("soft_label", pa.float64()),
        ("source", pa.string()),
    ]
)
"""A candidate of a query: its item and component, its similarity by the reference encoder (null in a ranking list), its soft
label on the row's scale (`label_from`), and where it comes from: band, judge or rule; in a ranking list half, overlap, judged
or noise."""

SFT = Table(
    name="sft",
    grain="a query, one positive and their hard negatives",
    key=("position",),
    made_by=JOB,
    columns=pa.schema(
        [
            column("position", pa.int64(), "the row's place in the seeded order of its split, from 0", required=True),
            column("pair_id", pa.string(), "the pair of positives", required=True),
            column("task", pa.string(), "what is asked: image_to_note, note_to_note, ...", required=True),
            column("granularity", pa.string(), "how the pair was found", required=True),
            column("query", ITEM, "the item that is given", required=True),
            column("component_id", pa.string(), "the component of the query's note", required=True),
            column("positive", CANDIDATE, "the item that is right for it; source: its granularity", required=True),
            column("candidates", pa.list_(CANDIDATE), "its hard negatives, by rank; may be empty", required=True),
            column(
                "label_from",
                pa.string(),
                "the one scale of the soft labels of the row, the positive's and all candidates': similarity, judge; "
                "null: none of them has a label",
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
            column("position", pa.int64(), "the row's place in the seeded order of its split, from 0", required=True),
            column("list_id", pa.string(), "a hash of the query and its candidates", required=True),
            column(
                "source",
                pa.string(),
                "split: halves of a note, and noise; judged: real notes by grade, and noise",
                required=True,
            ),
            column("query", ITEM, "the half N_A, or a note", required=True),
            column("component_id", pa.string(), "the component of the query's note", required=True),
            column(
                "candidates",
                pa.list_(CANDIDATE),
                "L_rank in the true order V; soft_label: the share of the query's content that it shows too, or the judge's",
                required=True,
            ),
            column(
                "relevant",
                pa.int32(),
                "len(L_rel): so many of the first candidates are relevant, the rest noise",
                required=True,
            ),
        ]
    ),
)

PICTURES = pa.schema(
    [
        column("image_id", pa.string(), "names the picture; the rows are sorted by it", required=True),
        column("content", pa.binary(), "JPEG, upright, longest side as the settings say", required=True),
    ]
)
"""Every picture that an item of the shard names. A crop is not stored: it is its picture with the item's `region`. An image
item has no region here."""


class ShardFiles(NamedTuple):
    """The two files of a shard."""

    rows: Path
    """SFT or RL rows, by position."""
    pictures: Path
    """PICTURES."""


def shard_files(folder: str | Path) -> list[ShardFiles]:
    """The shards of a split, in the order of their rows' positions.

    Args:
        folder: a published split (`W/sft/train`), or a folder with copies of shards.

    Raises:
        DataError: nothing is there, or a shard lacks its pictures.
    """
    place = Path(folder)
    current = place / CURRENT
    named = named_files(current.read_bytes(), str(current)) if current.exists() else []
    rows = [Path(posixpath.normpath(place / name)) for name in named]
    if not rows or not rows[0].exists():
        rows = sorted(place.glob("*.parquet"))
    if not rows:
        raise DataError(f"{place}: neither {CURRENT} nor *.parquet there; wanted a split that {JOB} wrote, such as W/sft/train")
    shards = [ShardFiles(file, _pictures(file)) for file in rows]
    lacking = [str(file) for shard in shards for file in shard if not file.exists()]
    if lacking or len(rows) < len(named):
        raise DataError(
            f"{place}: {len(lacking) or len(named) - len(rows)} files of its shards are missing, "
            f"{lacking[0] if lacking else named[-1]} first; copy or build them again"
        )
    return shards


def named_files(content: bytes, where: str) -> list[str]:
    """The files of rows that a split's manifest names, relative to its folder.

    Raises:
        DataError: it is no manifest.
    """
    try:
        return [file.path for file in _CURRENT.validate_json(content, strict=True).files]
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        told = f"{'.'.join(map(str, first['loc']))}: {first['msg']}".removeprefix(": ")
        raise DataError(f"{where}: not a manifest of this project ({told}); build the shards again") from None


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
