"""Co-click pairs: notes that people go on to, from one to the other."""

from dataclasses import dataclass

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from pipelines.clicks import reciprocal
from pipelines.clicks.swing_scores import swing_scores
from pipelines.clicks.visits import visits
from pipelines.items import pair
from pipelines.workspace.output import Output


@dataclass(frozen=True, slots=True, kw_only=True)
class CoClick:
    """Settings of `co_clicks`."""

    window_days: int = 7
    """Days before the newest click that count. NoteLLM (KDD 2024) takes one week."""
    max_notes_per_user: int = 200
    """Notes. A user with more in the window is left out, as bots are; it bounds the join at half of it a visit."""
    min_users: int = 2
    """Users who must have gone from the one note to the other; one user may be chance."""
    top_pairs: int = 10
    """Pairs that a query note keeps, the highest co-occurrence first (NoteLLM's t)."""
    swing_alpha: float = 1.0
    """Swing's smoothing, in notes: the higher, the less it matters how little else two users share (Alibaba PAI: 1)."""
    swing_users_per_note: int = 200
    """Users of a note that Swing looks at, chosen by a hash of the user; bounds its work for a hot note."""
    seed: int = 0
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
        note_items: note_id, item (ITEM) of every kept note.
        settings: the window and the caps.

    Cost: the pair join makes at most (max_notes_per_user - 1) / 2 rows a visit. Rows of one pair are added up
    before they are shuffled, so a hot note loads no single task. The visits and the final pairs are persisted,
    as `rows` and `dropped` both read them; whoever has written both may clear the cache.

    Source: Zhang et al. 2024, NoteLLM (arXiv:2403.01744), section 4.1.
    """
    seen = visits(clicks, note_items.select("note_id"), settings.window_days, settings.max_notes_per_user)
    window = seen.rows.persist()
    best = Window.partitionBy("a").orderBy(F.col("cooccurrence").desc(), F.col("b"))
    ranked = _transitions(window, settings.min_users).select(
        "*", F.row_number().over(best).alias("rank"), F.count("*").over(Window.partitionBy("a")).alias("found")
    )
    top = ranked.where(F.col("rank") <= settings.top_pairs).persist()
    swing = swing_scores(top, window, settings.swing_alpha, settings.swing_users_per_note, settings.seed)
    scored = top.join(_click_weight(window), on="a", how="inner").join(swing.rows, on=["a", "b"], how="left")
    beyond = F.when(F.col("rank") == 1, F.greatest(F.col("found") - settings.top_pairs, F.lit(0)))
    cut = top.agg(F.coalesce(F.sum(beyond), F.lit(0)).alias("rows")).select(
        F.lit(f"pairs after the {settings.top_pairs} best of their query").alias("reason"), "rows"
    )
    dropped = seen.dropped.unionByName(cut).unionByName(swing.dropped)
    return Output(_pairs(scored, note_items), dropped, report=lambda _: {"clicks_counted": _clicks(window)})


def _clicks(window: DataFrame) -> int:
    """How many clicks the visits stand for."""
    return int(window.agg(F.coalesce(F.sum("clicks"), F.lit(0))).collect()[0][0])


def _transitions(window: DataFrame, min_users: int) -> DataFrame:
    """Directed pairs with enough users: a, b, users, cooccurrence."""
    # A note of fewer users stands in no pair of so many: most of a long tail never meets the join.
    able = window.where(F.col("user_count") >= min_users)
    n = F.col("note_count")
    before = able.select("user_id", F.col("note_id").alias("a"), F.col("at").alias("a_at"), n)
    after = able.select("user_id", F.col("note_id").alias("b"), F.col("at").alias("b_at"))
    return (
        before.join(after, on="user_id", how="inner")
        .where(F.col("a_at") < F.col("b_at"))
        .groupBy("a", "b")
        .agg(
            F.count("*").alias("users"),
            F.sum(reciprocal.high(n)).alias("high"),
            F.sum(reciprocal.low(n)).alias("low"),
        )
        .where(F.col("users") >= min_users)
        .select("a", "b", "users", reciprocal.total(F.col("high"), F.col("low")).alias("cooccurrence"))
    )


def _click_weight(window: DataFrame) -> DataFrame:
    """What a note's users weigh together: a, click_weight."""
    n = F.col("note_count")
    parts = window.groupBy(F.col("note_id").alias("a")).agg(
        F.sum(reciprocal.high(n)).alias("high"), F.sum(reciprocal.low(n)).alias("low")
    )
    return parts.select("a", reciprocal.total(F.col("high"), F.col("low")).alias("click_weight"))


def _pairs(scored: DataFrame, note_items: DataFrame) -> DataFrame:
    """PAIRS, with the wide items joined to the pairs that are left."""
    query = note_items.select(F.col("note_id").alias("a"), F.col("item").alias("query"))
    target = note_items.select(F.col("note_id").alias("b"), F.col("item").alias("target"))
    return (
        scored.join(query, on="a", how="inner")
        .join(target, on="b", how="inner")
        .select(
            pair(
                "co_click",
                "note_to_note",
                F.col("query"),
                F.col("target"),
                F.col("cooccurrence") / F.col("click_weight"),
                {"users": F.col("users"), "cooccurrence": F.col("cooccurrence"), "swing": F.coalesce("swing", F.lit(0.0))},
            )
        )
    )
