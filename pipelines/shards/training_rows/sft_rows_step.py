"""Step: POSITIVES and all that is known of them -> SFT_ROWS."""

from typing import Any, NamedTuple

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.shards.ranking_lists.graded_lists_step import judge_of, judged
from pipelines.shards.training_rows.select_pairs import Sft
from pipelines.shards.training_rows.soft_labels import Labels
from pipelines.shards.training_rows.training_rows_step import Sources, report, training_rows
from pipelines.workspace.stage_output import Output


class Tables(NamedTuple):
    """What the job reads; of ANNOTATIONS and JUDGEMENTS no rows where there are none."""

    positives: DataFrame
    negatives: DataFrame
    items: DataFrame
    counterfactuals: DataFrame
    components: DataFrame
    embeddings: DataFrame
    annotations: DataFrame
    judgements: DataFrame


def sft_rows(tables: Tables, model: str, settings: Sft, labels: Labels, seed: int) -> Output:
    """SFT_ROWS, as `rows.training_rows`.

    Args:
        tables: of the workspace.
        model: the encoder that scored the negatives.
        settings: how many rows of what.
        labels: whose judgements count.
        seed: enters the hashes.

    Raises:
        DataError: the judge that is named has judged nothing.
    """
    made = training_rows(sources(tables, model, labels), settings, labels, seed)
    judge = judge_of(tables.judgements, labels)
    told: dict[str, Any] = {"judge": judge._asdict() if judge else None}
    return made._replace(report=lambda rows: report(rows) | told)


def sources(tables: Tables, model: str, labels: Labels) -> Sources:
    """The vectors of one encoder, the words that OCR read in each picture, and the judgements of one judge.

    Of several texts of one picture the one with the greatest (note_id, model) counts.
    """
    embeddings = tables.embeddings.where((F.col("model") == model) & F.col("vector").isNotNull())
    annotations = tables.annotations.where("kind = 'ocr' and text is not null")
    words = F.max_by("text", F.struct("note_id", "model")).alias("words")
    judge = judge_of(tables.judgements, labels)
    known = judged(tables.judgements, judge, labels) if judge else tables.judgements.withColumn("judged", F.col("calibrated"))
    return Sources(
        positives=tables.positives,
        negatives=tables.negatives,
        items=tables.items.select("item").unionByName(tables.counterfactuals.select("item")),
        components=tables.components,
        embeddings=embeddings.select("item_id", "vector"),
        read=annotations.groupBy("image_id").agg(words),
        judged=known.select("query_id", "candidate_id", "judged"),
    )
