"""Ranking lists of real notes in the order of a judge's grades (method.md, section 7, ours), and the choice of the judge."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.items.spark_columns import spark_type
from pipelines.shards.files.intermediate_tables import RL_ROWS
from pipelines.shards.files.seeded_order import hashed, smallest
from pipelines.shards.ranking_lists.graded_list import GradedCandidate, grade_list
from pipelines.shards.ranking_lists.half_lists_step import ENOUGH, RankingLists, one_candidate, row_columns, with_counts
from pipelines.shards.ranking_lists.noise_notes import noise
from pipelines.shards.training_rows.soft_labels import SoftLabels
from pipelines.workspace.stage_output import Output
from schemas.errors import DataError

TASK = "note_to_note"
NOT_CALIBRATED = "judged queries: the judgements are not calibrated"
NONE_RELEVANT = "judged queries: no relevant candidate"
ONE_CANDIDATE = "judged queries: only one candidate"
TIED = "relevant candidates left out: same label and score as another"
FOR_NOISE = 1
"""Places of a list that are reserved for noise, at least."""

GRADED_LISTS = pa.schema(
    [
        ("query_id", pa.string()),
        ("relevant", pa.int32()),
        ("tied", pa.int32()),
        ("order", pa.list_(pa.struct([("place", pa.int32()), ("candidate_id", pa.string()), ("label", pa.float64())]))),
    ]
)


class LabelSource(NamedTuple):
    """The judge and question whose scores are used as labels."""

    name: str
    prompt_hash: str
    scores: int
    calibrated: int


def select_judge(judgements: DataFrame, settings: SoftLabels) -> LabelSource | None:
    """The judge and question with the most scores, of the judge that the settings name, if any; None without judgements.

    Raises:
        DataError: the judge of the settings has no scores.
    """
    has = F.col("score").isNotNull()
    rows = (
        judgements.where(has)
        .groupBy("judge", "prompt_hash")
        .agg(F.count("*").alias("scores"), F.count("calibrated").alias("calibrated"))
        .collect()
    )
    sources = sorted((LabelSource(*row) for row in rows), key=lambda j: (-j.scores, j.name, j.prompt_hash))
    named = [j for j in sources if settings.judge in (None, j.name)]
    if settings.judge is not None and not named:
        names = sorted({j.name for j in sources})
        raise DataError(f"labels.judge {settings.judge!r}: no such judge in judgements; expected one of {names}")
    return named[0] if named else None


def judge_labels(judgements: DataFrame, judge: LabelSource, settings: SoftLabels) -> DataFrame:
    """The labels of a judge: query_id, candidate_id, task, judged (the label), score, grade."""
    own = judgements.where((F.col("judge") == judge.name) & (F.col("prompt_hash") == judge.prompt_hash))
    label = F.coalesce("calibrated", "score") if settings.allow_uncalibrated else F.col("calibrated")
    labels = own.select("query_id", "candidate_id", "task", label.alias("judged"), "score", "grade")
    return labels.where("judged is not null")


def graded_lists(
    labels: DataFrame, library: DataFrame, pool: DataFrame, ties: DataFrame, settings: RankingLists, seed: int
) -> Output:
    """RL_ROWS of judged notes: candidates in the judge's order, then noise.

    Args:
        labels: `judge_labels`.
        library: item, split, component_id: real notes.
        pool: note_id, split, component_id, item: whole notes, for noise.
        ties: `noise.component_ties`.
        settings: number and length of the lists.
        seed: enters the hashes.

    Cost: the judgements of note_to_note are shuffled by query and by candidate; a query has as many as were judged.
    """
    notes = library.where(F.col("item.kind") == "note").withColumn("id", F.col("item.item_id"))
    real = notes.select(F.col("id").alias("candidate_id"), F.col("split").alias("_candidate_split"))
    queries = notes.select(F.col("id").alias("query_id"), F.col("item").alias("query"), "split", "component_id")
    both = (
        labels.where(F.col("task") == TASK).join(real, on="candidate_id", how="inner").join(queries, on="query_id", how="inner")
    )
    same_split = both.where(F.col("split") == F.col("_candidate_split")).where("query_id != candidate_id")
    judged = F.collect_list(F.struct("candidate_id", "judged", "score", "grade")).alias("candidates")
    graded = same_split.groupBy("query_id").agg(judged).mapInArrow(_ordering(settings), _ddl(GRADED_LISTS))
    lists = (
        graded.join(queries, on="query_id", how="inner").withColumn("order_hash", hashed("query_id", seed, "judged")).persist()
    )
    usable = lists.where((F.col("relevant") > 0) & (F.size("order") > 1))
    counts: dict[tuple[object, ...], int] = {(row["split"],): row["count"] for row in usable.groupBy("split").count().collect()}
    quotas = {split: min(count, settings.judged) for split, count in counts.items()}
    chosen = smallest(usable, ["split"], quotas, counts, ("order_hash", "query_id")).withColumn("list_key", F.col("query_id"))
    needed = (F.lit(settings.candidates) - F.size("order")).alias("needed")
    with_noise = noise(chosen.select("list_key", "split", "component_id", needed), pool, ties, seed)
    whole = chosen.join(_graded_candidates(chosen, notes), on="query_id", how="inner").join(
        with_noise, on="list_key", how="inner"
    )
    rows = whole.select(*row_columns("judged", F.col("query"), F.col("graded"), F.col("relevant"), seed))
    none = lists.where(F.col("relevant") == 0).count()
    one = lists.where((F.col("relevant") > 0) & (F.size("order") < 2)).count()
    dropped = {NONE_RELEVANT: none, ONE_CANDIDATE: one, ENOUGH: sum(counts.values()) - sum(quotas.values())}
    tied = int(lists.agg(F.coalesce(F.sum("tied"), F.lit(0)).alias("tied")).collect()[0]["tied"])
    output = with_counts(rows.select(*RL_ROWS.columns.names), dropped, lists.count())
    return output._replace(report=lambda _: {TIED: tied})


def _graded_candidates(chosen: DataFrame, notes: DataFrame) -> DataFrame:
    """query_id, graded: the CANDIDATEs of each query in the judge's order."""
    each = chosen.select("query_id", F.explode("order").alias("c")).select("query_id", "c.*")
    named = notes.select(F.col("id").alias("candidate_id"), "item", F.col("component_id").alias("of"))
    one = one_candidate(F.col("item"), F.col("of"), F.col("label"), F.lit("judged"))
    whole = each.join(named, on="candidate_id", how="inner").select(
        "query_id", F.struct("place", "candidate_id", one.alias("c")).alias("c")
    )
    listed = F.sort_array(F.collect_list("c"))
    return whole.groupBy("query_id").agg(F.transform(listed, lambda c: c["c"]).alias("graded"))


def _ordering(settings: RankingLists) -> Any:  # noqa: ANN401
    def work(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            yield pa.RecordBatch.from_pylist([_order_query(row, settings) for row in batch.to_pylist()], GRADED_LISTS)

    return work


def _order_query(row: dict[str, Any], settings: RankingLists) -> dict[str, Any]:
    candidates = [GradedCandidate(c["candidate_id"], c["judged"], c["score"], c["grade"]) for c in row["candidates"]]
    graded = grade_list(candidates, settings.min_grade, settings.candidates - FOR_NOISE)
    order = [{"place": k, "candidate_id": g.candidate_id, "label": g.label} for k, g in enumerate(graded.order)]
    return {"query_id": row["query_id"], "relevant": graded.relevant, "tied": graded.tied, "order": order}


def _ddl(schema: pa.Schema) -> str:
    return ", ".join(f"`{f.name}` {spark_type(f.type)}" for f in schema)
