"""Co-click pairs: notes that people go on to, from one to the other."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field
from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from pipelines.items.spark_columns import pair
from pipelines.mining.clicks.note_index_step import note_number
from pipelines.mining.clicks.pair_sums_step import audiences_of_notes, strongest_transitions
from pipelines.mining.clicks.swing_step import swing_scores
from pipelines.mining.clicks.user_histories_step import visits
from pipelines.workspace.stage_output import Output
from schemas.settings import Seed


@dataclass(frozen=True, slots=True, kw_only=True)
class CoClick:
    """Settings of `co_clicks`."""

    window_days: Annotated[int, Field(ge=1, le=3650)] = 7
    """Days before the newest click that count. NoteLLM (KDD 2024) takes one week."""
    max_notes_per_user: Annotated[int, Field(ge=2, le=10_000)] = 200
    """Notes. A user with more in the window is left out, as bots are; it bounds the pairs at half of it a visit."""
    min_users: Annotated[int, Field(ge=1, le=1_000_000)] = 2
    """Users who must have gone from the one note to the other; one user may be chance."""
    top_pairs: Annotated[int, Field(ge=1, le=10_000)] = 10
    """Pairs that a query note keeps, the highest co-occurrence first (NoteLLM's t)."""
    swing_alpha: Annotated[float, Field(ge=0, le=1_000_000)] = 1.0
    """Swing's smoothing, in notes: the higher, the less it matters how little else two users share (Alibaba PAI: 1)."""
    swing_users_per_note: Annotated[int, Field(ge=1, le=100_000)] = 200
    """Users of a note that Swing looks at, chosen by a hash of the user; bounds its work for a hot note."""
    seed: Seed = 0
    """Chooses those users."""


def co_clicks(clicks: DataFrame, note_items: DataFrame, settings: CoClick) -> Output:
    """Directed pairs note A -> note B that the same users clicked in this order: PAIRS.

    cooccurrence(A->B) is the sum of 1/N_u over the users u who first clicked A strictly
    before they first clicked B in the window; N_u is how many kept notes u clicked in it.
    The score is the share of A's click weight that went on to B: cooccurrence(A->B) / the
    sum of 1/N_u over all users of A. Clicks say interest, not content: the granularity
    co_click tells a trainer so. No user id leaves this function.

    Args:
        clicks: user_id, note_id, clicked_at; clean rows.
        note_items: note_id, item (ITEM) of every kept note, each once.
        settings: the window and the caps.

    Cost: users and notes are 64-bit numbers until the strongest pairs are left. At most (max_notes_per_user - 1) / 2 pairs a
    visit, made and added up in numpy. Histories, audiences and strongest pairs are persisted, as `rows` and `dropped` both
    read them; whoever has written both may clear the cache.

    Source: Zhang et al. 2024, NoteLLM (arXiv:2403.01744), section 4.1.
    """
    number = note_number(note_items)
    notes = note_items.select("note_id", number.alias("note"))
    user = F.xxhash64(F.lit(settings.seed), F.col("user_id"))
    seen = visits(clicks, notes, user, settings.window_days, settings.max_notes_per_user)
    histories, tasks = seen.rows, seen.tasks
    audiences = audiences_of_notes(histories, settings.swing_users_per_note, tasks).persist()
    close = strongest_transitions(histories, settings.min_users, settings.top_pairs, tasks)
    top = best_pairs(close, notes, settings.top_pairs).persist()
    swing = swing_scores(top, histories, audiences, settings.swing_alpha, settings.swing_users_per_note, tasks)
    weights = audiences.select(F.col("note").alias("a"), "weight")
    scored = top.join(weights, on="a", how="inner").join(swing.rows, on=["a", "b"], how="left")
    dropped = seen.dropped.unionByName(_beyond(top, settings.top_pairs)).unionByName(swing.dropped)
    return Output(_pairs(scored, note_items, number), dropped, report=lambda _: {"clicks_counted": _clicks(histories)})


def _clicks(histories: DataFrame) -> int:
    """How many clicks the histories stand for."""
    return int(histories.agg(F.coalesce(F.sum("clicks"), F.lit(0))).collect()[0][0])


def best_pairs(close: DataFrame, notes: DataFrame, top: int) -> DataFrame:
    """a, b, users, cooccurrence, rank, found of the `top` best TRANSITIONS of each a: of equal ones the smaller note_id's.

    Args:
        close: TRANSITIONS.
        notes: note_id and note (its number).
        top: pairs of an a.
    """
    order = Window.partitionBy("a").orderBy(F.col("cooccurrence").desc(), F.col("note_id"))
    found = F.sum("found").over(Window.partitionBy("a")).alias("found")
    named = close.join(notes.withColumnRenamed("note", "b"), on="b", how="inner")
    ranked = named.select("a", "b", "users", "cooccurrence", F.row_number().over(order).alias("rank"), found)
    return ranked.where(F.col("rank") <= top)


def _beyond(best: DataFrame, top: int) -> DataFrame:
    """reason, rows: the pairs that are not among the best."""
    beyond = F.when(F.col("rank") == 1, F.greatest(F.col("found") - top, F.lit(0)))
    cut = best.agg(F.coalesce(F.sum(beyond), F.lit(0)).alias("rows"))
    return cut.select(F.lit(f"pairs after the {top} best of their query").alias("reason"), "rows")


def _pairs(scored: DataFrame, note_items: DataFrame, number: Column) -> DataFrame:
    """PAIRS, with the wide items joined to the pairs that are left."""
    query = note_items.select(number.alias("a"), F.col("item").alias("query"))
    target = note_items.select(number.alias("b"), F.col("item").alias("target"))
    score = F.col("cooccurrence") / F.col("weight")
    swing = F.coalesce("swing", F.lit(0.0))
    evidence = {"users": F.col("users"), "cooccurrence": F.col("cooccurrence"), "swing": swing}
    made = pair("co_click", "note_to_note", F.col("query"), F.col("target"), score, evidence)
    return scored.join(query, on="a", how="inner").join(target, on="b", how="inner").select(made)
