"""The training shards of each arm: the same rows and pictures, other negatives."""

import hashlib
import json
import os
import shutil
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from schemas.shards import PICTURES_ENDING, SFT, shard_files

Row = dict[str, Any]
NEGATIVES = ("all", "mined", "random")
"""all: as selected by the jobs; mined: without generated ones; random: drawn from the shard's positives of the same task."""


def write_arm(source: Path, folder: Path, negatives: str | None) -> None:
    """Write a split's shards with other negatives, unless they exist from the same source. None: unchanged negatives.

    Only rows change: every picture of the shard's positives is already in its pictures file.
    """
    files = shard_files(source)
    sizes = [[str(file.rows), file.rows.stat().st_size] for file in files]
    stamp = json.dumps({"source": sizes, "negatives": negatives})
    stamp_file = folder / "made.json"
    if stamp_file.exists() and stamp_file.read_text() == stamp:
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for n, file in enumerate(files):
        target = folder / f"{n:05d}.parquet"
        if negatives is None:
            os.symlink(file.rows.resolve(), target)
        else:
            rows = with_negatives(judged(pq.read_table(file.rows).to_pylist()), negatives)
            pq.write_table(pa.Table.from_pylist(rows, SFT.columns), target, compression="zstd")
        os.symlink(file.pictures.resolve(), folder / f"{n:05d}{PICTURES_ENDING}")
    stamp_file.write_text(stamp)


def judged(rows: Sequence[Row]) -> list[Row]:
    """Select the rows labelled by the judge: similarities have another scale, and come from the network itself."""
    return [row for row in rows if row["label_from"] == "judge"]


def with_negatives(rows: Sequence[Row], negatives: str) -> list[Row]:
    """Build the rows of an arm."""
    if negatives == "all":
        return list(rows)
    if negatives == "mined":
        return [{**row, "candidates": [c for c in row["candidates"] if c["source"] != "rule"]} for row in rows]
    if negatives != "random":
        raise ValueError(f"negatives '{negatives}': expected one of {NEGATIVES}")
    answers = defaultdict(dict)
    for row in rows:
        answers[row["task"]][row["positive"]["item"]["item_id"]] = row["positive"]
    pools = {task: [of[name] for name in sorted(of)] for task, of in answers.items()}
    return [{**row, "candidates": _random(row, pools[row["task"]])} for row in rows]


def _random(row: Row, pool: Sequence[Mapping[str, Any]]) -> list[Row]:
    """Draw as many as the row had, from other components, by a hash of the row's id; they share no content, so label 0."""
    own = {row["component_id"], row["positive"]["component_id"]}
    count = len([c for c in row["candidates"] if c["source"] != "rule"]) or len(row["candidates"])
    negatives_by_id: dict[str, Row] = {}
    for turn in range(20 * count):
        drawn = int.from_bytes(hashlib.sha256(f"{row['pair_id']} {turn}".encode()).digest()[:8], "big") % len(pool)
        one = pool[drawn]
        if one["component_id"] not in own and len(negatives_by_id) < count:
            negatives_by_id[one["item"]["item_id"]] = {**one, "similarity": None, "soft_label": 0.0, "source": "random"}
    return list(negatives_by_id.values())
