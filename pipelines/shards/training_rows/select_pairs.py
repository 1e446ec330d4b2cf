"""Select the pairs that become training rows: each pair once, tasks balanced, granularities in turn."""

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
ENOUGH = "more rows than sft.per_task"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sft:
    """Settings of the training rows."""

    per_task: Annotated[int, Field(ge=1, le=10**12)] = 100_000
    """Rows per task and split, at most. Source: UniNote, 100,000 for each of nine tasks."""
    tasks: tuple[str, ...] = TASKS
    """Tasks of the rows. The first nine are UniNote's; note_to_note is its tenth, which it uses for RL only."""
    min_negatives: Annotated[int, Field(ge=0, le=1000)] = 0
    """Pairs with fewer hard negatives are left out. 0: a pair without any is kept, with an empty list, if its task has
    fewer than `per_task` pairs with negatives."""

    def __post_init__(self) -> None:
        """Refuse unknown tasks."""
        if unknown := sorted(set(self.tasks) - set(TASKS)):
            raise SettingsError(f"sft.tasks: unknown {unknown}; expected some of {list(TASKS)}")


def select_pairs(positives: DataFrame, negatives: DataFrame, settings: Sft, seed: int) -> tuple[DataFrame, dict[str, int]]:
    """The selected pairs, and the number left out by reason.

    Within a task and split granularities take turns, each by the smallest hashes of its pair ids; pairs with hard negatives
    come before pairs without.

    Args:
        positives: POSITIVES.
        negatives: HARD_NEGATIVES.
        settings: of the training rows.
        seed: enters the hash.

    Returns:
        pair_id, task, granularity, split, query_id, positive_id. Runs two counts.

    Cost: one shuffle of the pairs' ids by query, one of the negatives' ids.
    """
    pairs = _distinct(positives).join(_negative_counts(negatives), on=["query_id", "positive_id", "task"], how="left")
    rich, few = F.col("negatives").isNotNull(), F.coalesce("negatives", F.lit(0)) < settings.min_negatives
    why = F.when(~F.col("task").isin(list(settings.tasks)), NOT_ASKED).when(few, TOO_FEW)
    candidates = pairs.withColumns({"rich": rich, "why": why, "order": hashed("pair_id", seed, "chosen")}).persist()
    groups = ["split", "task", "granularity", "rich"]
    counts: dict[tuple[object, ...], int] = {}
    left_out: Counter[str] = Counter()
    for row in candidates.groupBy("why", *groups).count().collect():
        if row["why"]:
            left_out[row["why"]] += row["count"]
        else:
            counts[tuple(row[name] for name in groups)] = row["count"]
    quotas = _quotas(counts, settings.per_task)
    chosen = smallest(candidates.where("why is null"), groups, quotas, counts, ("order", "pair_id"))
    left_out[TWICE] = positives.count() - sum(counts.values()) - left_out.total()
    left_out[ENOUGH] = sum(counts.values()) - sum(quotas.values())
    return chosen.select("pair_id", "task", "granularity", "split", "query_id", "positive_id"), left_out


def _distinct(positives: DataFrame) -> DataFrame:
    """Each query, positive and task once, under the first granularity that has the pair."""
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


def _negative_counts(negatives: DataFrame) -> DataFrame:
    return negatives.groupBy("query_id", "positive_id", "task").agg(F.count("*").alias("negatives"))


def _quotas(counts: Mapping[tuple[object, ...], int], per_task: int) -> dict[tuple[object, ...], int]:
    """Rows to select for each split, task, granularity, and with or without negatives."""
    quotas: dict[tuple[object, ...], int] = {}
    for split in SPLITS:
        for task in TASKS:
            by_granularity: dict[str, tuple[int, int]] = {
                name: (counts.get((split, task, name, True), 0), counts.get((split, task, name, False), 0))
                for name in GRANULARITY_NAMES
            }
            of_task = preferred(by_granularity, GRANULARITY_NAMES, per_task)
            quotas |= {(split, task, *group): rows for group, rows in of_task.items()}
    return {group: rows for group, rows in quotas.items() if rows}
