"""Step: notes, and judgements where there are any -> RL_ROWS."""

from functools import reduce
from typing import NamedTuple

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.shards.files.intermediate_tables import RL_ROWS
from pipelines.shards.ranking_lists.graded_lists_step import NOT_CALIBRATED, TASK, judge_of, judged, judged_lists
from pipelines.shards.ranking_lists.half_lists_step import SHORT, NoteSources, Ranking, half_lists, split_notes
from pipelines.shards.ranking_lists.noise_notes import component_ties
from pipelines.shards.training_rows.soft_labels import Labels
from pipelines.workspace.stage_output import Output, dropped_counts


class ListTables(NamedTuple):
    """What the job reads; of JUDGEMENTS no rows where there are none."""

    notes: NoteSources
    positives: DataFrame
    items: DataFrame
    judgements: DataFrame


def ranking_lists(tables: ListTables, settings: Ranking, labels: Labels, seed: int) -> Output:
    """RL_ROWS: lists of halves, then judged lists.

    Args:
        tables: of the workspace.
        settings: how many, and how long.
        labels: whose judgements count.
        seed: enters the hashes.

    Cost: `lists.split_notes`, `lists.half_lists` and `judged.judged_lists`.
    """
    split = split_notes(tables.notes, settings, seed).persist()
    ties = component_ties(tables.positives, tables.notes.components).persist()
    made = [half_lists(split, ties, settings, seed), *_judged_lists(tables, settings, labels, split, ties, seed)]
    whole = reduce(DataFrame.unionByName, [output.rows for output in made])
    dropped = reduce(DataFrame.unionByName, [output.dropped for output in made])
    short = F.size("candidates") < settings.candidates
    told = {name: n for output in made if output.report for name, n in output.report(whole).items()}
    rows_in = sum(output.rows_in or 0 for output in made)
    return Output(whole, dropped, rows_in, report=lambda rows: told | {SHORT: rows.where(short).count()}, persisted=True)


def _judged_lists(
    tables: ListTables, settings: Ranking, labels: Labels, split: DataFrame, ties: DataFrame, seed: int
) -> list[Output]:
    judge = judge_of(tables.judgements, labels)
    if judge is None:
        return []
    if not judge.calibrated and not labels.allow_uncalibrated:
        asked = tables.judgements.where(F.col("task") == TASK).select("query_id").distinct().count()
        spark = split.sparkSession
        nothing = spark.createDataFrame(RL_ROWS.columns.empty_table())
        return [Output(nothing, dropped_counts(spark, {NOT_CALIBRATED: asked}), asked)]
    note = tables.notes.components.select(F.col("note_id").alias("_note"), "component_id")
    items = tables.items.join(note, on=F.col("item.note_id") == F.col("_note"), how="inner").drop("_note")
    pool = split.select("note_id", "split", "component_id", F.col("whole").alias("item"))
    return [judged_lists(judged(tables.judgements, judge, labels), items, pool, ties, settings, seed)]
