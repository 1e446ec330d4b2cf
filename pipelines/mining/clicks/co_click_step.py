"""Step: co-click pairs, directed from a note to one that the same users clicked after it."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field
from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from pipelines.items.spark_columns import pair
from pipelines.mining.clicks.note_index_step import note_number
from pipelines.mining.clicks.pair_sums_step import audiences_of_notes, strongest_transitions
from pipelines.mining.clicks.swing_step import swing_scores
from pipelines.mining.clicks.user_histories_step import user_histories
from pipelines.workspace.stage_output import Output
from schemas.settings import Seed


@dataclass(frozen=True, slots=True, kw_only=True)
class CoClick:
    """Settings of `co_clicks`."""

    window_days: Annotated[int, Field(ge=1, le=3650)] = 7
    """Window in days before the newest click. NoteLLM (KDD 2024) takes one week."""
    max_notes_per_user: Annotated[int, Field(ge=2, le=10_000)] = 200
    """A user who clicked more notes in the window is ignored as a bot; bounds the work at half as many pairs a visit."""
    min_users: Annotated[int, Field(ge=1, le=1_000_000)] = 2
    """Fewest users of a pair, who clicked the one note and later the other; a single user may be chance."""
    top_pairs: Annotated[int, Field(ge=1, le=10_000)] = 10
    """Pairs per query note, the highest co-occurrence first (NoteLLM's t)."""
    swing_alpha: Annotated[float, Field(ge=0, le=1_000_000)] = 1.0
    """Smoothing of Swing, in notes: the higher, the less it matters how few other notes two users share (Alibaba PAI: 1)."""
    swing_users_per_note: Annotated[int, Field(ge=1, le=100_000)] = 200
    """Users per note that Swing compares, selected by a hash of the user; bounds its work for a hot note."""
    seed: Seed = 0
    """Seed of that hash."""


def co_clicks(clicks: DataFrame, note_items: DataFrame, settings: CoClick) -> Output:
    """Directed pairs note A -> note B that the same users clicked in this order: PAIRS.

    cooccurrence(A->B) is the sum of 1/N_u over the users u who first clicked A strictly
    before they first clicked B in the window; N_u is how many kept notes u clicked in it.
    The score is the share of A's click weight that went on to B: cooccurrence(A->B) / the
    sum of 1/N_u over all users of A. Clicks mean interest, not shared content (schemas/granularity.py). No user id
    leaves this function.

    Args:
        clicks: user_id, note_id, clicked_at; clean rows.
        note_items: note_id, item (ITEM) of every kept note, each once.
        settings: the window and the caps.

    Cost: users and notes are 64-bit numbers until the strongest pairs are left. At most (max_notes_per_user - 1) / 2 pairs a
    visit, computed and added up in numpy. Histories, audiences and strongest pairs are persisted, as `rows` and `dropped` both
    read them; the caller may clear the cache when both are written.

    Source: Zhang et al. 2024, NoteLLM (arXiv:2403.01744), section 4.1.
    """
    number = note_number(note_items)
    notes = note_items.select("note_id", number.alias("note"))
    user = F.xxhash64(F.lit(settings.seed), F.col("user_id"))
    kept = user_histories(clicks, notes, user, settings.window_days, settings.max_notes_per_user)
    histories, tasks = kept.rows, kept.tasks
    audiences = audiences_of_notes(histories, settings.swing_users_per_note, tasks).persist()
    strongest = strongest_transitions(histories, settings.min_users, settings.top_pairs, tasks)
    top = best_pairs(strongest, notes, settings.top_pairs).persist()
    swing = swing_scores(top, histories, audiences, settings.swing_alpha, settings.swing_users_per_note, tasks)
    weights = audiences.select(F.col("note").alias("a"), "weight")
    scored = top.join(weights, on="a", how="inner").join(swing.rows, on=["a", "b"], how="left")
    dropped = kept.dropped.unionByName(_dropped_pairs(top, settings.top_pairs)).unionByName(swing.dropped)
    return Output(_pairs(scored, note_items, number), dropped, report=lambda _: {"clicks_counted": _click_count(histories)})


def _click_count(histories: DataFrame) -> int:
    """How many clicks the histories are made of."""
    return int(histories.agg(F.coalesce(F.sum("clicks"), F.lit(0))).collect()[0][0])


def best_pairs(transitions: DataFrame, notes: DataFrame, top: int) -> DataFrame:
    """a, b, users, cooccurrence, rank, pair_count of the `top` best TRANSITIONS of each a: of equal ones the smaller note_id's.

    Args:
        transitions: TRANSITIONS.
        notes: note_id and note (its number).
        top: pairs of an a.
    """
    order = Window.partitionBy("a").orderBy(F.col("cooccurrence").desc(), F.col("note_id"))
    pair_count = F.sum("pair_count").over(Window.partitionBy("a")).alias("pair_count")
    named = transitions.join(notes.withColumnRenamed("note", "b"), on="b", how="inner")
    ranked = named.select("a", "b", "users", "cooccurrence", F.row_number().over(order).alias("rank"), pair_count)
    return ranked.where(F.col("rank") <= top)


def _dropped_pairs(best: DataFrame, top: int) -> DataFrame:
    """reason, rows: the pairs that are not among the best."""
    dropped = F.when(F.col("rank") == 1, F.greatest(F.col("pair_count") - top, F.lit(0)))
    rows = best.agg(F.coalesce(F.sum(dropped), F.lit(0)).alias("rows"))
    return rows.select(F.lit(f"pairs after the {top} best of their query").alias("reason"), "rows")


def _pairs(scored: DataFrame, note_items: DataFrame, number: Column) -> DataFrame:
    """PAIRS, with the wide items joined to the pairs that are left."""
    query = note_items.select(number.alias("a"), F.col("item").alias("query"))
    target = note_items.select(number.alias("b"), F.col("item").alias("target"))
    score = F.col("cooccurrence") / F.col("weight")
    swing = F.coalesce("swing", F.lit(0.0))
    evidence = {"users": F.col("users"), "cooccurrence": F.col("cooccurrence"), "swing": swing}
    columns = pair("co_click", "note_to_note", F.col("query"), F.col("target"), score, evidence)
    return scored.join(query, on="a", how="inner").join(target, on="b", how="inner").select(columns)
