"""Scaling of co-click on generated clicks: seconds, rows/s and the fitted exponent.

    python -m benchmarks.click_scaling [--sizes 100000 400000 1600000] [--json FILE]

Clicks follow Zipf's law over the notes (the hottest note has about a twelfth of them), the
users' activity is lognormal (median 7 clicks), and bots make 6 % of all clicks. Notes and
users grow with the clicks, as they do on a platform.
"""

import argparse
import json
import math
import os
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from pipelines.engines.java_options import java_options
from pipelines.items import spark_columns
from pipelines.mining.clicks.co_click_step import CoClick, co_clicks

DAY_S = 86_400
END_S = 1_750_000_000
BOTS = 3
BOT_SHARE = 0.06
CLICKS_PER_NOTE = 8


def generated_clicks(size: int, seed: int) -> pa.Table:
    """Generate about `size` clicks of people and bots: user_id, note_id, clicked_at."""
    rng = np.random.default_rng(seed)
    notes = size // CLICKS_PER_NOTE
    by_bots = int(size * BOT_SHARE) // BOTS
    by_people = size - BOTS * by_bots
    activity = np.minimum(60, rng.lognormal(1.9, 0.8, by_people // 4).astype(np.int64) + 1)
    user = np.repeat(np.arange(len(activity)), activity)[:by_people]
    popularity = np.cumsum(1.0 / np.arange(1, notes + 1))
    note = np.searchsorted(popularity, rng.random(len(user)) * popularity[-1])
    user = np.concatenate([user, np.repeat(np.arange(BOTS) + len(activity), by_bots)])
    note = np.concatenate([note, rng.integers(0, notes, BOTS * by_bots)])
    at = END_S - rng.integers(0, 10 * DAY_S, len(user))
    return pa.table(
        {
            "user_id": pa.array([f"user_{u}" for u in user]),
            "note_id": pa.array([f"note_{n}" for n in note]),
            "clicked_at": pa.array(at * 1_000_000, pa.timestamp("us", tz="UTC")),
        }
    )


def note_items(spark: SparkSession, notes: int) -> DataFrame:
    """Build an item with a text of typical length for every note."""
    named = spark.range(notes).select(F.concat(F.lit("note_"), "id").alias("note_id"))
    text = F.repeat(F.concat(F.col("note_id"), F.lit(" 今天分享 ")), 20)
    return named.select("note_id", spark_columns.item("note", F.col("note_id"), text=text).alias("item"))


def measure(spark: SparkSession, size: int, seed: int) -> dict[str, float]:
    """Measure the seconds to compute all pairs and counts from `size` clicks in memory."""
    clicks = spark.createDataFrame(generated_clicks(size, seed)).cache()
    items_of_notes = note_items(spark, size // CLICKS_PER_NOTE).cache()
    rows, notes = clicks.count(), items_of_notes.count()
    start = time.perf_counter()
    output = co_clicks(clicks, items_of_notes, CoClick())
    pairs = output.rows.select("pair_id", F.length("query.text"), F.length("target.text"), "evidence.swing").toArrow().num_rows
    dropped = {r["reason"]: r["rows"] for r in output.dropped.collect()}
    seconds = time.perf_counter() - start
    spark.catalog.clearCache()
    print(
        f"{rows:>9,} clicks {notes:>8,} notes {pairs:>8,} pairs {seconds:8.1f} s {rows / seconds:>9,.0f} clicks/s", flush=True
    )
    return {"clicks": rows, "notes": notes, "pairs": pairs, "seconds": round(seconds, 2), "dropped": dropped}


def exponent(results: list[dict[str, float]]) -> float:
    """Fit the slope of log seconds over log clicks."""
    return float(np.polyfit([math.log(r["clicks"]) for r in results], [math.log(r["seconds"]) for r in results], 1)[0])


def local_session() -> SparkSession:
    """Start a session on two cores, with JVM flags for a fast start."""
    settings = {
        "spark.driver.memory": "4g",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.extraJavaOptions": java_options(),
        "spark.log.level": "ERROR",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "16",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }
    return SparkSession.builder.master("local[2]").config(map=settings).getOrCreate()


def main() -> None:
    """Run every size and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[100_000, 400_000, 1_600_000])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    spark = local_session()
    measure(spark, 10_000, args.seed)  # warms the JVM and the Python workers; not part of the result
    results = [measure(spark, size, args.seed) for size in args.sizes]
    if len(results) > 1:
        print(f"fitted exponent {exponent(results):.2f}")
    if args.json:
        args.json.write_text(json.dumps(results, indent=1))
    spark.stop()


if __name__ == "__main__":
    main()
