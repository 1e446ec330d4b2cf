"""Datasets of a workspace: those with a view, and all of them in the order in which rows flow."""

from schemas import datasets, intermediate, relations, shards
from schemas.table import Table

VIEWS: tuple[Table, ...] = (
    datasets.NOTES,
    datasets.DROPPED_NOTES,
    datasets.IMAGES,
    datasets.QUARANTINE,
    datasets.POSITIVES,
    relations.VARIANTS,
    relations.NOTE_TIES,
    datasets.COMPONENTS,
    datasets.ITEMS,
    datasets.ANNOTATIONS,
    datasets.EMBEDDINGS,
    datasets.COUNTERFACTUALS,
    datasets.HARD_NEGATIVES,
    datasets.SHORTFALLS,
    datasets.JUDGEMENTS,
    shards.SFT,
    shards.RL,
)

BY_SPLIT = (shards.SFT.name, shards.RL.name)
"""Views over one dataset per split; their column `split` names it."""


def parts(table: Table) -> list[str]:
    """List the datasets of a view."""
    return [f"{table.name}/{split}" for split in shards.SPLITS] if table.name in BY_SPLIT else [table.name]


SHARDS = ("shards/sft", "shards/rl", "shards/pictures")
"""Intermediate datasets of jobs/build_shards.py."""

_TABLES: tuple[Table, ...] = (
    datasets.NOTES,
    intermediate.REFUSED["notes"],
    datasets.DROPPED_NOTES,
    intermediate.PICTURES,
    datasets.IMAGES,
    intermediate.REFUSED["images"],
    intermediate.REFUSED["clicks"],
    datasets.QUARANTINE,
    intermediate.PICTURE_PAIRS,
    intermediate.PICTURE_DOUBTS,
    *intermediate.MINED.values(),
    relations.VARIANTS,
    intermediate.TEXT_TIES,
    datasets.ANNOTATIONS,
    intermediate.ANNOTATED,
    relations.NOTE_TIES,
    datasets.COMPONENTS,
    datasets.POSITIVES,
    datasets.ITEMS,
    datasets.COUNTERFACTUALS,
    datasets.EMBEDDINGS,
    datasets.HARD_NEGATIVES,
    datasets.SHORTFALLS,
    datasets.JUDGEMENTS,
)

COLUMNS: dict[str, Table] = {t.name: t for t in _TABLES} | {
    name: table for table in (shards.SFT, shards.RL) for name in parts(table)
}
"""Table of each dataset, by the dataset's name."""

IN_ORDER = (*[table.name for table in _TABLES], *SHARDS, *parts(shards.SFT), *parts(shards.RL))
"""All datasets, in the order in which the jobs make them."""
