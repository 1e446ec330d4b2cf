"""Noise for ranking lists: notes of the same split related to the list's note by no component, mined pair or tie."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.window import Window

from pipelines.shards.files.seeded_order import hashed, placed

DRAWS = 48
"""Random draws per list; related and repeated notes are skipped. Ours: five times the largest need of the paper's lists. A list
with too few usable draws is written with less noise."""


def noise(lists: DataFrame, pool: DataFrame, ties: DataFrame, seed: int) -> DataFrame:
    """list_key, noise: array<struct<place, item, component_id>>, as many as the list needs or fewer, one per component.

    A draw is a position in the split's pool, by a hash of the list and the number of the draw, so that no list is compared with
    all notes. A list without noise is left out.

    Args:
        lists: list_key, split, component_id, needed.
        pool: note_id, split, component_id, item: the notes that may be noise, and the item that each becomes.
        ties: component_l, component_r, both ways: components that a mined pair joins.
        seed: enters the hashes.

    Cost: DRAWS small rows per list, shuffled three times; every note is drawn about equally often.
    """
    numbered = placed(pool.withColumn("_hash", hashed("note_id", seed, "pool")), "_hash", "note_id", ["split"], "number")
    sizes = pool.groupBy("split").agg(F.count("*").alias("size"))
    draw = F.explode(F.sequence(F.lit(0), F.lit(DRAWS - 1))).alias("draw")
    draws = lists.join(F.broadcast(sizes), on="split", how="inner").select(
        "list_key", "split", "component_id", "needed", "size", draw
    )
    draws = draws.withColumn("number", F.pmod(F.xxhash64("list_key", F.lit(seed), "draw"), "size"))
    names = numbered.select("split", "number", F.col("component_id").alias("other"), "note_id")
    matched = draws.join(names, on=["split", "number"], how="inner").where(F.col("other") != F.col("component_id"))
    is_tied = (F.col("component_id") == F.col("component_l")) & (F.col("other") == F.col("component_r"))
    unrelated = matched.join(ties, on=is_tied, how="left_anti")
    once = _ranked_draws(unrelated, ["list_key", "other"]).where("_turn = 1").drop("_turn")
    selected = _ranked_draws(once, ["list_key"]).where(F.col("_turn") <= F.col("needed"))
    items = pool.select("note_id", F.col("item"))
    whole = selected.select("list_key", "draw", "other", "note_id").join(items, on="note_id", how="inner")
    one = F.struct(F.col("draw").alias("place"), "item", F.col("other").alias("component_id"))
    return whole.groupBy("list_key").agg(F.sort_array(F.collect_list(one)).alias("noise"))


def component_ties(positives: DataFrame, note_ties: DataFrame, components: DataFrame) -> DataFrame:
    """component_l, component_r, both ways: pairs of components that a pair of POSITIVES or one of NOTE_TIES (a variant) joins.

    Cost: two joins of the pairs' note ids, small rows, and one shuffle.
    """
    mined = positives.select(F.col("query.note_id").alias("l"), F.col("target.note_id").alias("r")).where("l != r")
    pairs = mined.union(note_ties.select("note_id_l", "note_id_r")).distinct()
    for side in ("l", "r"):
        named = components.select(F.col("note_id").alias(side), F.col("component_id").alias(f"component_{side}"))
        pairs = pairs.join(named, on=side, how="inner")
    across = pairs.select("component_l", "component_r").where("component_l != component_r")
    reverse = across.select(F.col("component_r").alias("component_l"), F.col("component_l").alias("component_r"))
    return across.unionByName(reverse).distinct()


def _ranked_draws(rows: DataFrame, groups: list[str]) -> DataFrame:
    return rows.withColumn("_turn", F.row_number().over(Window.partitionBy(*groups).orderBy("draw")))
