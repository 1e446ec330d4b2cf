"""Tables between the stages of jobs/build_shards.py: rows without a position yet, and their re-encoded pictures."""

from dataclasses import replace

import pyarrow as pa

from schemas.shards import JOB, RL, SFT, SPLITS
from schemas.table import Table, column

_ORDER = [
    column("split", pa.string(), "train, validation or test", required=True),
    column("order", pa.int64(), "sort key: a hash of the row's key and the seed", required=True),
]

SFT_ROWS = Table(
    name="shards/sft",
    grain="a row of sft before it has a position",
    key=("split", "order", "pair_id"),
    made_by=JOB,
    columns=pa.schema(
        [
            *_ORDER,
            *[c for c in SFT.columns if c.name != "position"],
            column("relevant", pa.int32(), "candidates that were dropped: the judge calls them relevant", required=True),
            column("unlabelled", pa.int32(), "candidates that were dropped: no label on the row's scale", required=True),
            column("above", pa.int32(), "candidates that were dropped: label not below the positive's", required=True),
        ]
    ),
)

RL_ROWS = Table(
    name="shards/rl",
    grain="a row of rl before it has a position",
    key=("split", "order", "list_id"),
    made_by=JOB,
    columns=pa.schema([*_ORDER, *[c for c in RL.columns if c.name != "position"]]),
)

SHARD_PICTURES = Table(
    name="shards/pictures",
    grain="a picture file that a row refers to, re-encoded",
    key=("sha256",),
    made_by=JOB,
    columns=pa.schema(
        [
            column("sha256", pa.string(), "of the file as it was mined, hex", required=True),
            column("content", pa.binary(), "JPEG, upright, longest side as the settings say; null where there is a reason"),
            column("reason", pa.string(), "why it cannot be read, from a fixed set"),
            column("detail", pa.string(), "details of the reason"),
        ]
    ),
)

TRAINING = {kind.name: [replace(kind, name=f"{kind.name}/{split}") for split in SPLITS] for kind in (SFT, RL)}
"""The published splits of each kind of row."""
