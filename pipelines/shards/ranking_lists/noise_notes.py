"""Noise for ranking lists: notes of the same split that neither a component nor a mined pair ties to the list's note."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.window import Window

from pipelines.shards.files.seeded_order import hashed, placed

DRAWS = 48
"""Notes that are drawn for a list; what is tied to it, or drawn already, is passed over. Ours: five times the largest need of
the paper's lists. A list whose draws do not suffice is written short."""


def noise(lists: DataFrame, pool: DataFrame, ties: DataFrame, seed: int) -> DataFrame:
    """list_key, noise: array<struct<place, item, component_id>>, as many as the list needs or fewer, one a component.

    A draw is a number below the size of the split's pool, by a hash of the list and the draw's own number: no list is
    compared with all notes. A list without any is left out.

    Args:
        lists: list_key, split, component_id, needed.
        pool: note_id, split, component_id, item: the notes that may be noise, and what each shows then.
        ties: component_l, component_r, both ways: components that some mined pair joins.
        seed: enters the hashes.

    Cost: DRAWS small rows a list, shuffled three times; every note is drawn about equally often.
    """
    numbered = placed(pool.withColumn("_hash", hashed("note_id", seed, "pool")), "_hash", "note_id", ["split"], "number")
    sizes = pool.groupBy("split").agg(F.count("*").alias("size"))
    draw = F.explode(F.sequence(F.lit(0), F.lit(DRAWS - 1))).alias("draw")
    drawn = lists.join(F.broadcast(sizes), on="split", how="inner").select(
        "list_key", "split", "component_id", "needed", "size", draw
    )
    drawn = drawn.withColumn("number", F.pmod(F.xxhash64("list_key", F.lit(seed), "draw"), "size"))
    names = numbered.select("split", "number", F.col("component_id").alias("other"), "note_id")
    found = drawn.join(names, on=["split", "number"], how="inner").where(F.col("other") != F.col("component_id"))
    tied = (F.col("component_id") == F.col("component_l")) & (F.col("other") == F.col("component_r"))
    free = found.join(ties, on=tied, how="left_anti")
    once = _first(free, ["list_key", "other"]).where("_turn = 1").drop("_turn")
    taken = _first(once, ["list_key"]).where(F.col("_turn") <= F.col("needed"))
    shows = pool.select("note_id", F.col("item"))
    whole = taken.select("list_key", "draw", "other", "note_id").join(shows, on="note_id", how="inner")
    one = F.struct(F.col("draw").alias("place"), "item", F.col("other").alias("component_id"))
    return whole.groupBy("list_key").agg(F.sort_array(F.collect_list(one)).alias("noise"))


def component_ties(positives: DataFrame, components: DataFrame) -> DataFrame:
    """component_l, component_r, both ways: the components of which some pair of POSITIVES joins two notes.

    Cost: two joins of the pairs' note ids, small rows, and one shuffle.
    """
    pairs = positives.select(F.col("query.note_id").alias("l"), F.col("target.note_id").alias("r")).where("l != r").distinct()
    for side in ("l", "r"):
        named = components.select(F.col("note_id").alias(side), F.col("component_id").alias(f"component_{side}"))
        pairs = pairs.join(named, on=side, how="inner")
    apart = pairs.select("component_l", "component_r").where("component_l != component_r")
    back = apart.select(F.col("component_r").alias("component_l"), F.col("component_l").alias("component_r"))
    return apart.unionByName(back).distinct()


def _first(rows: DataFrame, groups: list[str]) -> DataFrame:
    return rows.withColumn("_turn", F.row_number().over(Window.partitionBy(*groups).orderBy("draw")))
