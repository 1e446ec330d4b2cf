"""Step: POSITIVES with their negatives, vectors and judgements -> SFT_ROWS."""

from typing import Any, NamedTuple

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.items.spark_columns import ocr_words
from pipelines.shards.ranking_lists.graded_lists_step import judge_labels, select_judge
from pipelines.shards.training_rows.select_pairs import Sft
from pipelines.shards.training_rows.soft_labels import SoftLabels
from pipelines.shards.training_rows.training_rows_step import Sources, report, training_rows
from pipelines.workspace.stage_output import Output


class Tables(NamedTuple):
    """Input tables; ANNOTATIONS and JUDGEMENTS without rows if there are none."""

    positives: DataFrame
    negatives: DataFrame
    items: DataFrame
    counterfactuals: DataFrame
    components: DataFrame
    embeddings: DataFrame
    annotations: DataFrame
    judgements: DataFrame


def sft_rows(tables: Tables, model: str, settings: Sft, labels: SoftLabels, seed: int) -> Output:
    """SFT_ROWS, as `training_rows`.

    Args:
        tables: of the workspace.
        model: the encoder that scored the negatives.
        settings: of the training rows.
        labels: of the soft labels.
        seed: enters the hashes.

    Raises:
        DataError: the judge of the settings has no scores.
    """
    output = training_rows(sources(tables, model, labels), settings, labels, seed)
    judge = select_judge(tables.judgements, labels)
    judge_report: dict[str, Any] = {"judge": judge._asdict() if judge else None}
    return output._replace(report=lambda rows: report(rows) | judge_report)


def sources(tables: Tables, model: str, labels: SoftLabels) -> Sources:
    """The vectors of one encoder, the OCR text of each picture, and the labels of one judge."""
    embeddings = tables.embeddings.where((F.col("model") == model) & F.col("vector").isNotNull())
    judge = select_judge(tables.judgements, labels)
    scores = (
        judge_labels(tables.judgements, judge, labels) if judge else tables.judgements.withColumn("judged", F.col("calibrated"))
    )
    return Sources(
        positives=tables.positives,
        negatives=tables.negatives,
        items=tables.items.select("item").unionByName(tables.counterfactuals.select("item")),
        components=tables.components,
        embeddings=embeddings.select("item_id", "vector"),
        ocr=ocr_words(tables.annotations),
        judged=scores.select("query_id", "candidate_id", "judged"),
    )
