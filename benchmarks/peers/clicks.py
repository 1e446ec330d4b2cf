"""Co-click pairs: the step of the job against the same sum as DuckDB SQL and as pandas.

    .venv-bench/bin/python -m benchmarks.peers.clicks [--sizes 1000000 10000000]

Clicks by benchmarks/click_scaling.py: Zipf over the notes, 6 % of all by bots. All read one Parquet file and write (a, b,
users, cooccurrence), the ten best of each a. The whole step also makes Swing, the score and the items; the sum alone does not.
"""

import argparse
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq

from benchmarks.click_scaling import CLICKS_PER_NOTE, generated_clicks, note_items
from benchmarks.peers.measure import CORES, Contender, Row, rows_of
from benchmarks.peers.our_pictures import submit_arguments
from benchmarks.peers.show import table
from benchmarks.watch import Watch

TITLE = "Co-click"
COLUMNS = ("clicks", "pairs", "not_in_ours", "missing", "largest_error")
DAYS, MOST_NOTES, MIN_USERS, TOP = 7, 200, 2, 10
SQL = f"""
    with w as (select user_id, note_id, min(clicked_at) as first_at from '{{clicks}}'
               where clicked_at > (select max(clicked_at) from '{{clicks}}') - interval {DAYS} day group by all),
         u as (select user_id, count(*) as n from w group by all having count(*) between 2 and {MOST_NOTES}),
         c as (select user_id, note_id, first_at, n from w join u using (user_id)),
         pairs as (select a.note_id as a, b.note_id as b, count(*) as users, sum(1.0 / a.n) as cooccurrence
                   from c a join c b on a.user_id = b.user_id and a.first_at < b.first_at group by all
                   having count(*) >= {MIN_USERS})
    select * from pairs qualify row_number() over (partition by a order by round(cooccurrence, 9) desc, b) <= {TOP}
"""


def in_duckdb(clicks: Path, out: Path, taken: Watch) -> Path:
    """One statement, DuckDB's own settings: all cores."""
    db = duckdb.connect()
    with taken:
        db.execute(f"copy ({SQL.format(clicks=clicks)}) to '{out}'")
    return out


def in_pandas(clicks: Path, out: Path, taken: Watch) -> Path:
    """The same with ids as numbers: with strings the join alone is several times as large."""
    import pandas as pd

    with taken:
        read = pd.read_parquet(clicks)
        read["user"], _ = pd.factorize(read.pop("user_id"))
        read["note"], names = pd.factorize(read.pop("note_id"), sort=True)
        read = read[read["clicked_at"] > read["clicked_at"].max() - pd.Timedelta(days=DAYS)]
        seen = read.groupby(["user", "note"], as_index=False)["clicked_at"].min()
        seen["n"] = seen.groupby("user")["note"].transform("size")
        seen = seen[(seen["n"] >= 2) & (seen["n"] <= MOST_NOTES)]
        both = seen.merge(seen[["user", "note", "clicked_at"]], on="user", suffixes=("", "_b"))
        both = both[both["clicked_at"] < both["clicked_at_b"]]
        both["share"] = 1.0 / both["n"]
        pairs = both.groupby(["note", "note_b"], as_index=False).agg(users=("share", "size"), cooccurrence=("share", "sum"))
        pairs = pairs[pairs["users"] >= MIN_USERS]
        pairs["rounded"] = pairs["cooccurrence"].round(9)
        pairs = pairs.sort_values(["note", "rounded", "note_b"], ascending=[True, False, True])
        pairs = pairs.groupby("note").head(TOP)
        pairs["a"], pairs["b"] = names[pairs.pop("note")], names[pairs.pop("note_b")]
        pairs[["a", "b", "users", "cooccurrence"]].to_parquet(out)
    return out


def ours(clicks: Path, out: Path, notes: int, whole: bool, taken: Watch) -> Path:
    """The step with its defaults, or visits, sum and the ten best alone."""
    from pyspark.sql import functions as F

    from pipelines.engines.spark_session import spark_session
    from pipelines.mining.clicks.co_click_step import CoClick, best_pairs, co_clicks
    from pipelines.mining.clicks.note_index_step import note_number
    from pipelines.mining.clicks.pair_sums_step import strongest_transitions
    from pipelines.mining.clicks.user_histories_step import visits

    submit_arguments("6g")
    spark = spark_session("peers")
    items = note_items(spark, notes)
    spark.range(10).groupBy("id").count().collect()
    with taken:
        read = spark.read.parquet(str(clicks))
        if whole:
            made = co_clicks(read, items, CoClick())
            rows = made.rows.select(
                F.col("query.note_id").alias("a"), F.col("target.note_id").alias("b"), "evidence.users", "evidence.cooccurrence"
            )
        else:
            kept = items.select("note_id", note_number(items).alias("note"))
            seen = visits(read, kept, F.xxhash64("user_id"), DAYS, MOST_NOTES)
            best = best_pairs(strongest_transitions(seen.rows, MIN_USERS, TOP, seen.tasks), kept, TOP)
            for number, name in (("a", "name_a"), ("b", "name_b")):
                best = best.join(kept.toDF(name, number), on=number)
            rows = best.select(F.col("name_a").alias("a"), F.col("name_b").alias("b"), "users", "cooccurrence")
        pq.write_table(rows.select("a", "b", "users", "cooccurrence").toArrow(), out)
        if whole:
            made.dropped.collect()
    spark.stop()
    return out


def compared(out: Path, ours_: Path, clicks: int) -> dict[str, Any]:
    """How the pairs of one differ from ours."""
    pairs, extra, missing, error, other = duckdb.sql(f"""
        select count(b.a) as pairs, count(*) filter (o.a is null) as not_in_ours, count(*) filter (b.a is null) as missing,
               coalesce(max(abs(b.cooccurrence - o.cooccurrence)), 0) as error,
               count(*) filter (b.users <> o.users) as other_users
        from '{out}' b full join '{ours_}' o on b.a = o.a and b.b = o.b""").fetchall()[0]
    return {
        "clicks": clicks,
        "pairs": pairs,
        "not_in_ours": extra,
        "missing": missing + other,
        "largest_error": f"{error:.0e}" if error else 0,
    }


def run(sizes: Sequence[int] = (1_000_000, 10_000_000)) -> list[Row]:
    """Every contender's row at every size."""
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="peers-clicks-") as scratch_folder:
        folder = Path(scratch_folder)
        for size in sizes:
            clicks = folder / f"{size}.parquet"
            pq.write_table(generated_clicks(size, 0), clicks)
            notes, limit = size // CLICKS_PER_NOTE, max(240, size // 10_000)
            reference = folder / f"ours_{size}.parquet"
            contenders: list[Contender] = [
                ("ours", "the whole step", ours, (reference, notes, True)),
                ("ours", "the sum alone", ours, (folder / "sum.parquet", notes, False)),
                ("DuckDB", "one statement", in_duckdb, (folder / "duckdb.parquet",)),
                ("pandas", "ids as numbers", in_pandas, (folder / "pandas.parquet",)),
            ]
            rows += rows_of(contenders, clicks, numbers=partial(compared, ours_=reference, clicks=size), limit_s=limit)
    return rows


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000_000, 10_000_000])
    print(f"{TITLE} on {CORES} cores\n\n{table(run(parser.parse_args().sizes), COLUMNS)}")
