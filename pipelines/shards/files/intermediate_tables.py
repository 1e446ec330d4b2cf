"""The tables between the stages of jobs/build_shards.py: rows that have no place yet, and the pictures that they show."""

from dataclasses import replace

import pyarrow as pa

from schemas.shards import JOB, RL, SFT, SPLITS
from schemas.table import Table, column

_PLACE = [
    column("split", pa.string(), "train, validation or test", required=True),
    column("order", pa.int64(), "a hash of the row's key and the seed: rows stand in its order", required=True),
]

SFT_ROWS = Table(
    name="shards/sft",
    grain="a row of sft before it has a place",
    key=("split", "order", "pair_id"),
    made_by=JOB,
    columns=pa.schema(
        [
            *_PLACE,
            *[c for c in SFT.columns if c.name != "position"],
            column("relevant", pa.int32(), "candidates that left: the judge calls them relevant", required=True),
            column("unlabelled", pa.int32(), "candidates that left: no label on the row's scale", required=True),
        ]
    ),
)

RL_ROWS = Table(
    name="shards/rl",
    grain="a row of rl before it has a place",
    key=("split", "order", "list_id"),
    made_by=JOB,
    columns=pa.schema([*_PLACE, *[c for c in RL.columns if c.name != "position"]]),
)

SHOWN = Table(
    name="shards/pictures",
    grain="a picture file that a row shows, re-encoded",
    key=("sha256",),
    made_by=JOB,
    columns=pa.schema(
        [
            column("sha256", pa.string(), "of the file as it was mined, hex", required=True),
            column("content", pa.binary(), "JPEG, upright, longest side as the settings say; null where there is a reason"),
            column("reason", pa.string(), "why it cannot be shown, in a few words that do not change"),
            column("detail", pa.string(), "what was found"),
        ]
    ),
)

TRAINING = {kind.name: [replace(kind, name=f"{kind.name}/{split}") for split in SPLITS] for kind in (SFT, RL)}
"""The published splits of each kind of row."""
