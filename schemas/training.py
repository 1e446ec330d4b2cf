"""The shards that `jobs/build_shards.py` writes and `uninote_train` reads: items with their text, pictures beside.

A split's folder (`sft/train`, ...) holds `00000.parquet`, a shard's rows, and `00000.pictures.arrow`, each of its pictures once
as PICTURES in Arrow IPC, so that a reader maps the file and copies nothing.
"""

import pyarrow as pa

from schemas.item import ITEM
from schemas.table import Table, column

JOB = "jobs/build_shards.py"
SPLITS = ("train", "validation", "test")

CANDIDATE = pa.struct(
    [
        ("item", ITEM),
        ("component_id", pa.string()),
        ("similarity", pa.float64()),
        ("soft_label", pa.float64()),
        ("source", pa.string()),
    ]
)
"""A candidate of a query: its item and component, its similarity by the reference encoder, its soft label on the row's scale
(`label_from`), and where it comes from: band, judge or rule; in a ranking list half, overlap, judged or noise."""

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
            column("label_from", pa.string(), "the one scale of the row's soft labels: similarity, judge; null: no labels"),
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
                "split: halves of a note, noise; judged: notes by grade, noise",
                required=True,
            ),
            column("query", ITEM, "the half N_A, or a note", required=True),
            column("component_id", pa.string(), "the component of the query's note", required=True),
            column(
                "candidates",
                pa.list_(CANDIDATE),
                "L_rank in the true order V; soft_label: the share of content, or the judge's",
                required=True,
            ),
            column(
                "relevant",
                pa.int32(),
                "len(L_rel): so many of the first are relevant, the rest noise",
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
"""A crop is not stored: it is its picture with the item's `region`."""
