"""Which datasets a workspace may hold: those that have a view, and the order in which rows flow through all of them."""

from schemas import mined, tables, training
from schemas.table import Table

VIEWS: tuple[Table, ...] = (
    tables.NOTES,
    tables.DROPPED_NOTES,
    tables.IMAGES,
    tables.QUARANTINE,
    tables.POSITIVES,
    tables.COMPONENTS,
    tables.ITEMS,
    tables.ANNOTATIONS,
    tables.EMBEDDINGS,
    tables.COUNTERFACTUALS,
    tables.HARD_NEGATIVES,
    tables.SHORTFALLS,
    tables.JUDGEMENTS,
    training.SFT,
    training.RL,
)

BY_SPLIT = (training.SFT.name, training.RL.name)
"""Views over a dataset for each split; they say which one a row is of."""


def parts(table: Table) -> list[str]:
    """The datasets that a view shows."""
    return [f"{table.name}/{split}" for split in training.SPLITS] if table.name in BY_SPLIT else [table.name]


SHARDS = ("shards/sft", "shards/rl", "shards/pictures")
"""Between the stages of jobs/build_shards.py."""

_TABLES: tuple[Table, ...] = (
    tables.NOTES,
    mined.REFUSED["notes"],
    tables.DROPPED_NOTES,
    mined.PICTURES,
    tables.IMAGES,
    mined.REFUSED["images"],
    mined.REFUSED["clicks"],
    tables.QUARANTINE,
    mined.PICTURE_PAIRS,
    mined.PICTURE_DOUBTS,
    *mined.MINED.values(),
    tables.ANNOTATIONS,
    mined.ANNOTATED,
    tables.COMPONENTS,
    tables.POSITIVES,
    tables.ITEMS,
    tables.COUNTERFACTUALS,
    tables.EMBEDDINGS,
    tables.HARD_NEGATIVES,
    tables.SHORTFALLS,
    tables.JUDGEMENTS,
)

COLUMNS: dict[str, Table] = {t.name: t for t in _TABLES} | {
    name: table for table in (training.SFT, training.RL) for name in parts(table)
}
"""Dataset -> its table."""

IN_ORDER = (*[table.name for table in _TABLES], *SHARDS, *parts(training.SFT), *parts(training.RL))
"""All datasets, as the jobs make them."""
