"""Lists of real notes that a judge graded (method.md, section 7, ours), and which judgements count."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.items.spark_columns import spark_type
from pipelines.shards.files.intermediate_tables import RL_ROWS
from pipelines.shards.files.seeded_order import hashed, smallest
from pipelines.shards.ranking_lists.graded_list import Graded, ranked
from pipelines.shards.ranking_lists.half_lists_step import ENOUGH, Ranking, counted, one_candidate, row_columns
from pipelines.shards.ranking_lists.noise_notes import noise
from pipelines.shards.training_rows.soft_labels import Labels
from pipelines.workspace.stage_output import Output
from schemas.errors import DataError

TASK = "note_to_note"
NOT_CALIBRATED = "judged queries: the judgements are not calibrated"
NONE_RELEVANT = "judged queries: nothing relevant"
ALIKE = "judged queries: one candidate"
TIED = "relevant candidates of which the judge said the same as of another, left out"
FOR_NOISE = 1
"""Places of a list that judged candidates leave to noise, at least."""

CHOSEN = pa.schema(
    [
        ("query_id", pa.string()),
        ("relevant", pa.int32()),
        ("tied", pa.int32()),
        ("order", pa.list_(pa.struct([("place", pa.int32()), ("candidate_id", pa.string()), ("label", pa.float64())]))),
    ]
)


class Judge(NamedTuple):
    """Whose judgements count."""

    name: str
    prompt_hash: str
    scores: int
    calibrated: int


def judge_of(judgements: DataFrame, settings: Labels) -> Judge | None:
    """The judge and question with the most scores, or the one that the settings name; None where nobody has judged.

    Raises:
        DataError: the judge that is named has judged nothing.
    """
    has = F.col("score").isNotNull()
    rows = (
        judgements.where(has)
        .groupBy("judge", "prompt_hash")
        .agg(F.count("*").alias("scores"), F.count("calibrated").alias("calibrated"))
        .collect()
    )
    found = sorted((Judge(*row) for row in rows), key=lambda j: (-j.scores, j.name, j.prompt_hash))
    named = [j for j in found if settings.judge in (None, j.name)]
    if settings.judge is not None and not named:
        known = sorted({j.name for j in found})
        raise DataError(f"labels.judge {settings.judge!r}: no such judge in judgements; there are {known}")
    return named[0] if named else None


def judged(judgements: DataFrame, judge: Judge, settings: Labels) -> DataFrame:
    """query_id, candidate_id, task, judged (what counts as its label), score, grade: of this judge, where there is a label."""
    mine = judgements.where((F.col("judge") == judge.name) & (F.col("prompt_hash") == judge.prompt_hash))
    label = F.coalesce("calibrated", "score") if settings.allow_uncalibrated else F.col("calibrated")
    told = mine.select("query_id", "candidate_id", "task", label.alias("judged"), "score", "grade")
    return told.where("judged is not null")


def judged_lists(
    labels: DataFrame, library: DataFrame, pool: DataFrame, ties: DataFrame, settings: Ranking, seed: int
) -> Output:
    """RL_ROWS of judged notes: the judge's order, then noise.

    Args:
        labels: `judged`.
        library: item, split, component_id: real notes, with their item_id as `id`; what the note shows is not made.
        pool: note_id, split, component_id, item: whole notes, for noise.
        ties: `noise.component_ties`.
        settings: how many, and how long.
        seed: enters the hashes.

    Cost: the judgements of note_to_note are shuffled by query and by candidate; a query has as many as were judged.
    """
    notes = library.where(F.col("item.kind") == "note").withColumn("id", F.col("item.item_id"))
    real = notes.select(F.col("id").alias("candidate_id"), F.col("split").alias("_there"))
    asked = notes.select(F.col("id").alias("query_id"), F.col("item").alias("query"), "split", "component_id")
    both = (
        labels.where(F.col("task") == TASK).join(real, on="candidate_id", how="inner").join(asked, on="query_id", how="inner")
    )
    here = both.where(F.col("split") == F.col("_there")).where("query_id != candidate_id")
    told = F.collect_list(F.struct("candidate_id", "judged", "score", "grade")).alias("candidates")
    given = here.groupBy("query_id").agg(told).mapInArrow(_ranking(settings), _ddl(CHOSEN))
    lists = given.join(asked, on="query_id", how="inner").withColumn("order_hash", hashed("query_id", seed, "judged")).persist()
    usable = lists.where((F.col("relevant") > 0) & (F.size("order") > 1))
    counts: dict[tuple[object, ...], int] = {(row["split"],): row["count"] for row in usable.groupBy("split").count().collect()}
    wanted = {split: min(count, settings.judged) for split, count in counts.items()}
    chosen = smallest(usable, ["split"], wanted, counts, ("order_hash", "query_id")).withColumn("list_key", F.col("query_id"))
    needed = (F.lit(settings.candidates) - F.size("order")).alias("needed")
    drawn = noise(chosen.select("list_key", "split", "component_id", needed), pool, ties, seed)
    whole = chosen.join(_shown(chosen, notes), on="query_id", how="inner").join(drawn, on="list_key", how="inner")
    rows = whole.select(*row_columns("judged", F.col("query"), F.col("graded"), F.col("relevant"), seed))
    none = lists.where(F.col("relevant") == 0).count()
    one = lists.where((F.col("relevant") > 0) & (F.size("order") < 2)).count()
    dropped = {NONE_RELEVANT: none, ALIKE: one, ENOUGH: sum(counts.values()) - sum(wanted.values())}
    tied = int(lists.agg(F.coalesce(F.sum("tied"), F.lit(0)).alias("tied")).collect()[0]["tied"])
    made = counted(rows.select(*RL_ROWS.columns.names), dropped, lists.count())
    return made._replace(report=lambda _: {TIED: tied})


def _shown(chosen: DataFrame, notes: DataFrame) -> DataFrame:
    """query_id, graded: the CANDIDATEs in the judge's order."""
    each = chosen.select("query_id", F.explode("order").alias("c")).select("query_id", "c.*")
    named = notes.select(F.col("id").alias("candidate_id"), "item", F.col("component_id").alias("of"))
    one = one_candidate(F.col("item"), F.col("of"), F.col("label"), F.lit("judged"))
    whole = each.join(named, on="candidate_id", how="inner").select(
        "query_id", F.struct("place", "candidate_id", one.alias("c")).alias("c")
    )
    listed = F.sort_array(F.collect_list("c"))
    return whole.groupBy("query_id").agg(F.transform(listed, lambda c: c["c"]).alias("graded"))


def _ranking(settings: Ranking) -> Any:  # noqa: ANN401
    def work(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            yield pa.RecordBatch.from_pylist([_ranked(row, settings) for row in batch.to_pylist()], CHOSEN)

    return work


def _ranked(row: dict[str, Any], settings: Ranking) -> dict[str, Any]:
    given = [Graded(c["candidate_id"], c["judged"], c["score"], c["grade"]) for c in row["candidates"]]
    found = ranked(given, settings.min_grade, settings.candidates - FOR_NOISE)
    order = [{"place": k, "candidate_id": g.candidate_id, "label": g.label} for k, g in enumerate(found.order)]
    return {"query_id": row["query_id"], "relevant": found.relevant, "tied": found.tied, "order": order}


def _ddl(schema: pa.Schema) -> str:
    return ", ".join(f"`{f.name}` {spark_type(f.type)}" for f in schema)
