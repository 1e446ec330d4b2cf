"""Step: selected pairs with their hard negatives and soft labels -> SFT_ROWS."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pipelines.items.spark_columns import spark_type, with_ocr
from pipelines.shards.files.seeded_order import hashed
from pipelines.shards.training_rows.positive_similarity_step import similarities
from pipelines.shards.training_rows.select_pairs import Sft, select_pairs
from pipelines.shards.training_rows.soft_labels import ItemScores, SoftLabels, label_row
from pipelines.workspace.stage_output import Output, dropped_counts
from schemas.item import REGION
from schemas.shards import CANDIDATE

KEPT_CANDIDATE = pa.struct(
    [
        ("rank", pa.int32()),
        ("candidate_id", pa.string()),
        ("similarity", pa.float64()),
        ("soft_label", pa.float64()),
        ("source", pa.string()),
    ]
)
LABELLED_PAIR = pa.schema(
    [
        ("pair_id", pa.string()),
        ("label_from", pa.string()),
        ("label_temperature", pa.float64()),
        ("similarity", pa.float64()),
        ("soft_label", pa.float64()),
        ("kept", pa.list_(KEPT_CANDIDATE)),
        ("relevant", pa.int32()),
        ("unlabelled", pa.int32()),
        ("above", pa.int32()),
    ]
)
LEFT_OUT = {
    "relevant": "judged relevant",
    "unlabelled": "no label on the row's scale",
    "above": "label not below the positive's",
}
"""Columns that count the candidates which left a row, and why they left."""


class Sources(NamedTuple):
    """Input tables of the training rows."""

    positives: DataFrame
    """POSITIVES."""
    negatives: DataFrame
    """HARD_NEGATIVES."""
    items: DataFrame
    """item: of ITEMS and of COUNTERFACTUALS."""
    components: DataFrame
    """COMPONENTS."""
    embeddings: DataFrame
    """item_id, vector, of the encoder that scored the negatives."""
    ocr: DataFrame
    """image_id, words: the text in a picture."""
    judged: DataFrame
    """query_id, candidate_id, judged: probability that the candidate is relevant."""


def training_rows(sources: Sources, settings: Sft, labels: SoftLabels, seed: int) -> Output:
    """SFT_ROWS.

    Args:
        sources: the tables.
        settings: of the rows.
        labels: of the soft labels.
        seed: enters the hashes that select and order rows.

    Cost: shuffles of ids, of the vectors (`similarities`), and of every item once by its id and once for each row that has it.
    An item of many rows is one row on its side of each join.
    """
    chosen, left_out = select_pairs(sources.positives, sources.negatives, settings, seed)
    chosen = chosen.persist()
    pairs = sources.positives.select("pair_id", "query", F.col("target").alias("positive"), "component_id")
    of_positive = sources.components.select(F.col("note_id").alias("_note"), F.col("component_id").alias("_component"))
    pairs = pairs.join(chosen, on="pair_id", how="inner").join(
        of_positive, on=F.col("positive.note_id") == F.col("_note"), how="inner"
    )
    scores = similarities(pairs, sources.embeddings, sources.ocr)
    ddl = ", ".join(f"{f.name} {spark_type(f.type)}" for f in LABELLED_PAIR)
    labelled = _scored(chosen, scores, sources).mapInArrow(_labelling(labels), ddl).persist()
    whole = pairs.join(labelled, on="pair_id", how="inner").join(_candidates(labelled, sources), on="pair_id", how="left")
    rows = whole.select(
        "split",
        hashed("pair_id", seed, "order").alias("order"),
        "pair_id",
        "task",
        "granularity",
        shard_item(F.col("query")).alias("query"),
        "component_id",
        candidate(F.col("positive"), F.col("_component"), F.col("similarity"), F.col("soft_label"), F.col("granularity")).alias(
            "positive"
        ),
        F.coalesce("candidates", F.array().cast(spark_type(pa.list_(CANDIDATE)))).alias("candidates"),
        "label_from",
        "label_temperature",
        "relevant",
        "unlabelled",
        "above",
    )
    spark = sources.positives.sparkSession
    rows = with_ocr(rows, "pair_id", sources.ocr)
    return Output(rows, dropped_counts(spark, left_out), sources.positives.count(), report=report)


def report(rows: DataFrame) -> dict[str, Any]:
    """The manifest's report on SFT_ROWS."""
    source = rows.select(F.explode("candidates.source").alias("source")).groupBy("source").count().collect()
    sums = rows.agg(
        *[F.coalesce(F.sum(name), F.lit(0)).alias(reason) for name, reason in LEFT_OUT.items()],
        F.coalesce(F.sum((F.size("candidates") == 0).cast("int")), F.lit(0)).alias("without"),
    ).collect()[0]
    return {
        "candidates": {row["source"]: row["count"] for row in sorted(source)},
        "candidates_left_out": {reason: sums[reason] for reason in LEFT_OUT.values()},
        "rows_without_negatives": sums["without"],
    }


def shard_item(item: Column) -> Column:
    """An item as shards store it: only a crop keeps its region, which on a whole picture is only a note."""
    return F.when(item["kind"] == "crop", item).otherwise(item.withField("region", F.lit(None).cast(spark_type(REGION))))


def candidate(item: Column, component: Column, similarity: Column, label: Column, source: Column) -> Column:
    """A CANDIDATE."""
    values = zip(CANDIDATE.names, (shard_item(item), component, similarity, label, source), strict=True)
    return F.struct(*[value.alias(name) for name, value in values])


def _scored(chosen: DataFrame, scores: DataFrame, sources: Sources) -> DataFrame:
    """pair_id, similarity, judged, and the candidates by rank with their scores."""
    judged = sources.judged
    keys = ["query_id", "positive_id", "task"]
    negatives = sources.negatives.select(*keys, "candidate_id", "rank", "similarity", "source")
    each = chosen.select("pair_id", *keys).join(negatives, on=keys, how="inner")
    each = each.join(judged, on=["query_id", "candidate_id"], how="left")
    listed = F.sort_array(F.collect_list(F.struct("rank", "candidate_id", "similarity", "source", "judged"))).alias(
        "candidates"
    )
    grouped = each.groupBy("pair_id").agg(listed)
    of_positive = judged.withColumnRenamed("candidate_id", "positive_id")
    return (
        chosen.join(of_positive, on=["query_id", "positive_id"], how="left")
        .join(scores, on="pair_id", how="left")
        .join(grouped, on="pair_id", how="left")
        .select("pair_id", "similarity", "judged", "candidates")
    )


def _labelling(settings: SoftLabels) -> Any:  # noqa: ANN401
    def work(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            yield pa.RecordBatch.from_pylist([_label_pair(row, settings) for row in batch.to_pylist()], LABELLED_PAIR)

    return work


def _label_pair(row: dict[str, Any], settings: SoftLabels) -> dict[str, Any]:
    candidates = row["candidates"] or []
    labels = label_row(_scores(row), [_scores(c) for c in candidates], settings)
    kept = [
        {name: c[name] for name in KEPT_CANDIDATE.names if name in c} | {"soft_label": label}
        for c, label, keep in zip(candidates, labels.candidates, labels.keep, strict=True)
        if keep
    ]
    return {
        "pair_id": row["pair_id"],
        "label_from": labels.label_from,
        "label_temperature": labels.temperature,
        "similarity": row["similarity"],
        "soft_label": labels.positive,
        "kept": kept,
        "relevant": labels.relevant,
        "unlabelled": labels.unlabelled,
        "above": labels.above,
    }


def _scores(row: dict[str, Any]) -> ItemScores:
    return ItemScores(row["similarity"], row["judged"], row.get("source") == "rule")


def _candidates(labelled: DataFrame, sources: Sources) -> DataFrame:
    """pair_id, candidates: CANDIDATEs by rank."""
    each = labelled.select("pair_id", F.explode("kept").alias("c")).select("pair_id", "c.*")
    note = sources.components.select(F.col("note_id").alias("_note"), "component_id")
    library = (
        sources.items.groupBy(F.col("item.item_id").alias("candidate_id"))
        .agg(F.min("item").alias("item"))  # equal ids are equal items
        .join(note, on=F.col("item.note_id") == F.col("_note"), how="inner")
    )
    whole = each.join(library, on="candidate_id", how="inner")
    one = candidate(*[F.col(name) for name in ("item", "component_id", "similarity", "soft_label", "source")])
    listed = F.sort_array(F.collect_list(F.struct("rank", "candidate_id", one.alias("c"))))
    return whole.groupBy("pair_id").agg(F.transform(listed, lambda row: row["c"]).alias("candidates"))
