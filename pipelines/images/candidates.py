"""Which pictures may show the same: they share a rare local feature, or most bits of their hashes."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.window import Window

from pipelines.images import bands
from pipelines.images.meeting import met_under, whole_runs
from pipelines.images.packing import unpack
from pipelines.images.settings import Match
from pipelines.images.words import index_words, probe_words
from pipelines.workspace.output import Output

PICTURES_A_TASK = 10_000
CROWDED = -1
"""In place of a picture: the row says how many keys were crowded."""
CROWDS = "image keys that too many pictures have: tied by a chain"
BEYOND = "image candidates after the best of both pictures"
Work = Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]
AMONG_FLAT = np.int64(1) << np.int64(60)
"""Set in the keys under which flat pictures wait for the one that they are an overexposed copy of."""


def candidate_pairs(pictures: DataFrame, settings: Match) -> Output:
    """Pairs of pictures worth a look: l < r (`picture_number`s), votes (keys that they share).

    A key under which more than `max_pictures_per_key` pictures stand would make the square of
    them. Its pictures are sorted by their hashes instead and each is paired with the next
    `chain_links`: copies of one picture stand together there, so a chain still ties them. A pair
    is looked at if it is among the `max_candidates` with the most votes of either of its pictures,
    so there are at most `max_candidates` pairs for each picture there is.

    Args:
        pictures: PICTURES.
        settings: the keys and the caps.

    Cost: about 370 indexed and 550 asked keys a picture, 25 bytes each, in one shuffle; at most
    (asked keys x max_pictures_per_key) meetings a picture, and far fewer as words are rare. Memory of a
    worker: the pictures of its most crowded key, 25 bytes each.
    """
    keys = _keys(pictures, settings)
    tasks = max(keys.sparkSession.sparkContext.defaultParallelism, pictures.count() // PICTURES_A_TASK)
    sorted_keys = keys.repartition(tasks, "key").sortWithinPartitions("key", "near", "picture")
    met = sorted_keys.mapInArrow(_meeting(settings), "l long, r long, votes long").persist()
    counted = met.where(F.col("l") != CROWDED).groupBy("l", "r").agg(F.sum("votes").alias("votes"))
    ranked = _ranked(counted).persist()
    near = F.col("rank") <= settings.max_candidates
    crowds = met.where(F.col("l") == CROWDED).agg(F.coalesce(F.sum("votes"), F.lit(0)).alias("rows"))
    dropped = crowds.select(F.lit(CROWDS).alias("reason"), "rows").unionByName(
        ranked.where(~near).agg(F.count("*").alias("rows")).select(F.lit(BEYOND).alias("reason"), "rows")
    )
    return Output(ranked.where(near).select("l", "r", "votes"), dropped)


def _meeting(settings: Match) -> Work:
    """Rows in the order of their keys -> pairs that meet under one: l < r, votes; and how many keys were CROWDED."""

    def work(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        crowded = 0
        for rows in whole_runs(batches):
            found = met_under(rows, settings.max_pictures_per_key, settings.chain_links)
            crowded += found.crowded
            yield pa.RecordBatch.from_pydict({"l": found.l, "r": found.r, "votes": found.votes})
        yield pa.RecordBatch.from_pydict({"l": [CROWDED], "r": [CROWDED], "votes": [crowded]})

    return work


def picture_number(sha256: str) -> int:
    """A picture as an integer, for joins: the first 60 bits of its sha256.

    Should two pictures have one number (a chance of 1 in 200 at 100 M pictures), their
    candidates are looked at for both of them.
    """
    return int(sha256[:15], 16)


def numbered(sha256: str) -> Column:
    """`picture_number` of a column."""
    return F.conv(F.substring(sha256, 1, 15), 16, 10).cast("long")


def _keys(pictures: DataFrame, settings: Match) -> DataFrame:
    """A row for each key of each picture: picture, key, asked, near (the hash's first bits)."""
    count = bands.band_count(settings.hash_radius)

    def work(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            yield _rows([(row, *_keys_of(row, count, settings)) for row in batch.to_pylist()])

    columns = pictures.select("sha256", "pdq", "pdq_turns", "pdq_exposed", "surface", "features")
    return columns.mapInArrow(work, "picture long, key long, asked boolean, near long")


def _keys_of(row: dict[str, Any], count: int, settings: Match) -> tuple[bands.Keys, bands.Keys]:
    """What a picture is found under, and what it asks for.

    All flat pictures have much the same hash: among themselves only the very same one is worth a
    look, and they wait apart for the picture that they are an overexposed copy of.
    """
    features = unpack(row["features"])
    words = index_words(features, settings.words)
    probes = probe_words(features, settings.words, settings.flips).ravel()
    if row["surface"] == "flat":
        own = bands.query_keys(row["pdq"], count).ravel()
        waiting = bands.index_keys(row["pdq"], count).ravel() | AMONG_FLAT
        return np.concatenate([words, own, waiting]), np.concatenate([probes, own])
    exposed = bands.query_keys(row["pdq_exposed"], count).ravel()
    asked = bands.query_keys(row["pdq_turns"], count).ravel()
    indexed = bands.index_keys(row["pdq_turns"][: bands.HASH_BYTES], count).ravel()
    return np.concatenate([words, indexed]), np.concatenate([probes, exposed, exposed | AMONG_FLAT, asked])


def _rows(pictures: list[tuple[dict[str, Any], bands.Keys, bands.Keys]]) -> pa.RecordBatch:
    """The keys of a batch of pictures, indexed and asked for, in one piece."""
    found = [
        (picture_number(row["sha256"]), int.from_bytes(row["pdq"][:8], "big", signed=True), np.unique(keys), asked)
        for row, *both in pictures
        for keys, asked in zip(both, (False, True), strict=True)
    ]
    sizes = [len(keys) for _, _, keys, _ in found]
    return pa.RecordBatch.from_pydict(
        {
            "picture": np.repeat(np.array([number for number, *_ in found], np.int64), sizes),
            "key": np.concatenate([np.zeros(0, np.int64), *[keys for _, _, keys, _ in found]]),
            "asked": np.repeat(np.array([asked for *_, asked in found], bool), sizes),
            "near": np.repeat(np.array([near for _, near, *_ in found], np.int64), sizes),
        }
    )


def _ranked(pairs: DataFrame) -> DataFrame:
    """The pairs with the better of their ranks, from 1, among those of either picture; equal votes by the other's number."""
    ends = pairs.withColumn("of", F.explode(F.array("l", "r")))
    beside = Window.partitionBy("of").orderBy(F.col("votes").desc(), F.col("l") + F.col("r"))
    placed = ends.withColumn("rank", F.row_number().over(beside))
    return placed.groupBy("l", "r").agg(F.first("votes").alias("votes"), F.min("rank").alias("rank"))
