"""Step: notes, and judgements if there are any -> RL_ROWS."""

from functools import reduce
from typing import NamedTuple

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.items.spark_columns import ocr_words, with_ocr
from pipelines.shards.files.intermediate_tables import RL_ROWS
from pipelines.shards.ranking_lists.graded_lists_step import NOT_CALIBRATED, TASK, graded_lists, judge_labels, select_judge
from pipelines.shards.ranking_lists.half_lists_step import SHORT, NoteSources, RankingLists, half_lists, split_notes
from pipelines.shards.ranking_lists.noise_notes import component_ties
from pipelines.shards.training_rows.soft_labels import SoftLabels
from pipelines.workspace.stage_output import Output, dropped_counts


class ListTables(NamedTuple):
    """Input tables; JUDGEMENTS and ANNOTATIONS without rows if there are none."""

    notes: NoteSources
    positives: DataFrame
    note_ties: DataFrame
    items: DataFrame
    judgements: DataFrame
    annotations: DataFrame


def ranking_lists(tables: ListTables, settings: RankingLists, labels: SoftLabels, seed: int) -> Output:
    """RL_ROWS: lists of note halves, then judged lists.

    Args:
        tables: of the workspace.
        settings: number and length of the lists.
        labels: the judge to use.
        seed: enters the hashes.

    Cost: `split_notes`, `half_lists` and `graded_lists`.
    """
    split = split_notes(tables.notes, settings, seed).persist()
    ties = component_ties(tables.positives, tables.note_ties, tables.notes.components).persist()
    outputs = [half_lists(split, ties, settings, seed), *_graded_lists(tables, settings, labels, split, ties, seed)]
    whole = reduce(DataFrame.unionByName, [output.rows for output in outputs])
    whole = with_ocr(whole, "list_id", ocr_words(tables.annotations)).persist()
    dropped = reduce(DataFrame.unionByName, [output.dropped for output in outputs])
    short = F.size("candidates") < settings.candidates
    report = {name: n for output in outputs if output.report for name, n in output.report(whole).items()}
    rows_in = sum(output.rows_in or 0 for output in outputs)
    return Output(whole, dropped, rows_in, report=lambda rows: report | {SHORT: rows.where(short).count()}, persisted=True)


def _graded_lists(
    tables: ListTables, settings: RankingLists, labels: SoftLabels, split: DataFrame, ties: DataFrame, seed: int
) -> list[Output]:
    judge = select_judge(tables.judgements, labels)
    if judge is None:
        return []
    if not judge.calibrated and not labels.allow_uncalibrated:
        queries = tables.judgements.where(F.col("task") == TASK).select("query_id").distinct().count()
        spark = split.sparkSession
        no_rows = spark.createDataFrame(RL_ROWS.columns.empty_table())
        return [Output(no_rows, dropped_counts(spark, {NOT_CALIBRATED: queries}), queries)]
    note = tables.notes.components.select(F.col("note_id").alias("_note"), "component_id")
    items = tables.items.join(note, on=F.col("item.note_id") == F.col("_note"), how="inner").drop("_note")
    pool = split.select("note_id", "split", "component_id", F.col("whole").alias("item"))
    return [graded_lists(judge_labels(tables.judgements, judge, labels), items, pool, ties, settings, seed)]
