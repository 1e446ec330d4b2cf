"""Which pairs become training rows: each pair once, tasks balanced, granularities in turn."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.window import Window

from pipelines.shards.files.seeded_order import hashed, smallest
from pipelines.shards.training_rows.granularity_quotas import preferred
from schemas.errors import SettingsError
from schemas.granularity import GRANULARITY_NAMES
from schemas.item import TASKS
from schemas.shards import SPLITS

TWICE = "another granularity found the same pair"
NOT_ASKED = "its task is not among sft.tasks"
TOO_FEW = "fewer hard negatives than sft.min_negatives"
ENOUGH = "its task has its number of rows"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sft:
    """Settings of the training rows."""

    per_task: Annotated[int, Field(ge=1, le=10**12)] = 100_000
    """Rows of a task in each split, at most. Source: UniNote, 100,000 for each of nine tasks."""
    tasks: tuple[str, ...] = TASKS
    """Tasks that rows are made of. UniNote's nine are the first nine; note_to_note is its tenth, which it leaves to RL."""
    min_negatives: Annotated[int, Field(ge=0, le=1000)] = 0
    """Pairs with fewer hard negatives are left out. 0: a pair without any is kept, with an empty list, where its task has
    places that no pair with negatives wants."""

    def __post_init__(self) -> None:
        """Refuse tasks that there are not."""
        if unknown := sorted(set(self.tasks) - set(TASKS)):
            raise SettingsError(f"sft.tasks: unknown {unknown}; known are {list(TASKS)}")


def balanced(positives: DataFrame, negatives: DataFrame, settings: Sft, seed: int) -> tuple[DataFrame, dict[str, int]]:
    """The chosen pairs, and how many were left out, by reason.

    Of a task and split, granularities take turns, each by the smallest hashes of its pairs' ids; pairs with hard negatives
    come before pairs without.

    Args:
        positives: POSITIVES.
        negatives: HARD_NEGATIVES.
        settings: how many.
        seed: enters the hash.

    Returns:
        pair_id, task, granularity, split, query_id, positive_id. Two counts run now.

    Cost: one shuffle of the pairs' ids by query, one of the negatives' ids.
    """
    pairs = _distinct(positives).join(_counted(negatives), on=["query_id", "positive_id", "task"], how="left")
    rich, few = F.col("negatives").isNotNull(), F.coalesce("negatives", F.lit(0)) < settings.min_negatives
    why = F.when(~F.col("task").isin(list(settings.tasks)), NOT_ASKED).when(few, TOO_FEW)
    known = pairs.withColumns({"rich": rich, "why": why, "order": hashed("pair_id", seed, "chosen")}).persist()
    groups = ["split", "task", "granularity", "rich"]
    counts: dict[tuple[object, ...], int] = {}
    left_out: Counter[str] = Counter()
    for row in known.groupBy("why", *groups).count().collect():
        if row["why"]:
            left_out[row["why"]] += row["count"]
        else:
            counts[tuple(row[name] for name in groups)] = row["count"]
    wanted = _wanted(counts, settings.per_task)
    chosen = smallest(known.where("why is null"), groups, wanted, counts, ("order", "pair_id"))
    left_out[TWICE] = positives.count() - sum(counts.values()) - left_out.total()
    left_out[ENOUGH] = sum(counts.values()) - sum(wanted.values())
    return chosen.select("pair_id", "task", "granularity", "split", "query_id", "positive_id"), left_out


def _distinct(positives: DataFrame) -> DataFrame:
    """Each query, positive and task once, under the first of the granularities that found it."""
    slim = positives.select(
        "pair_id",
        "task",
        "granularity",
        "split",
        F.col("query.item_id").alias("query_id"),
        F.col("target.item_id").alias("positive_id"),
    )
    turn = F.array_position(F.array(*[F.lit(name) for name in GRANULARITY_NAMES]), F.col("granularity"))
    first = Window.partitionBy("query_id", "positive_id", "task").orderBy(turn, "pair_id")
    return slim.withColumn("_found", F.row_number().over(first)).where("_found = 1").drop("_found")


def _counted(negatives: DataFrame) -> DataFrame:
    return negatives.groupBy("query_id", "positive_id", "task").agg(F.count("*").alias("negatives"))


def _wanted(counts: Mapping[tuple[object, ...], int], per_task: int) -> dict[tuple[object, ...], int]:
    """Rows of each split, task, granularity and whether they have negatives."""
    wanted: dict[tuple[object, ...], int] = {}
    for split in SPLITS:
        for task in TASKS:
            mine: dict[str, tuple[int, int]] = {
                name: (counts.get((split, task, name, True), 0), counts.get((split, task, name, False), 0))
                for name in GRANULARITY_NAMES
            }
            quotas = preferred(mine, GRANULARITY_NAMES, per_task)
            wanted |= {(split, task, *group): rows for group, rows in quotas.items()}
    return {group: rows for group, rows in wanted.items() if rows}
