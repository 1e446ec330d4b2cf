"""Which pictures may show the same: they share a rare local feature, or most bits of their hashes."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_schema
from pyspark.sql.window import Window

from pipelines.images import bands
from pipelines.images.blocks import BLOCK, Asking, Found, blocks, joined
from pipelines.images.meeting import crowds, meetings
from pipelines.images.packing import unpack
from pipelines.images.settings import Match
from pipelines.images.words import index_words, probe_words
from pipelines.workspace.output import Output

PICTURES_A_TASK = 4_000
KEYED = ("sha256", "pdq", "pdq_turns", "pdq_exposed", "surface", "features")
"""Columns that keys are made of."""
CROWDED = -1
"""In place of a picture: the row says how many keys were crowded."""
CROWDS = "image keys that too many pictures have: tied by a chain"
BEYOND = "image candidates after the best of both pictures"
Work = Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]
AMONG_FLAT = np.int64(1) << np.int64(60)
"""Set in the keys under which flat pictures wait for the one that they are an overexposed copy of."""


def candidate_pairs(pictures: DataFrame, count: int, settings: Match) -> Output:
    """Pairs of pictures worth a look: l < r (`picture_number`s), votes (keys that they share).

    A key under which more than `max_pictures_per_key` pictures stand would make the square of
    them. Its pictures are sorted by their hashes instead and each is paired with the next
    `chain_links`: copies of one picture stand together there, so a chain still ties them. A pair
    is looked at if it is among the `max_candidates` with the most votes of either of its pictures,
    so there are at most `max_candidates` pairs for each picture there is.

    Args:
        pictures: PICTURES.
        count: about how many there are, for the number of tasks.
        settings: the keys and the caps.

    Cost: about 370 indexed keys of 24 bytes and 550 asked ones of 16 a picture, in one shuffle of few large rows; at most
    (asked keys x max_pictures_per_key) meetings a picture, and far fewer as words are rare. Memory of a
    worker: the keys of PICTURES_A_TASK pictures, some 300 MB with what sorting takes, or its most crowded key.
    """
    buckets = max(pictures.sparkSession.sparkContext.defaultParallelism, -(-count // PICTURES_A_TASK))
    keys = pictures.select(*KEYED).mapInArrow(_cutting(settings, buckets), from_arrow_schema(BLOCK))
    met = keys.repartitionById(buckets, "bucket").mapInArrow(_meeting(settings), "l long, r long, votes long").persist()
    counted = met.where(F.col("l") != CROWDED).groupBy("l", "r").agg(F.sum("votes").alias("votes"))
    ranked = _ranked(counted).persist()
    near = F.col("rank") <= settings.max_candidates
    crowded = met.where(F.col("l") == CROWDED).agg(F.coalesce(F.sum("votes"), F.lit(0)).alias("rows"))
    dropped = crowded.select(F.lit(CROWDS).alias("reason"), "rows").unionByName(
        ranked.where(~near).agg(F.count("*").alias("rows")).select(F.lit(BEYOND).alias("reason"), "rows")
    )
    return Output(ranked.where(near).select("l", "r", "votes"), dropped)


def _cutting(settings: Match, buckets: int) -> Work:
    """PICTURES -> blocks of their keys."""
    count = bands.band_count(settings.hash_radius)

    def work(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            rows = batch.to_pylist()
            number = np.array([picture_number(row["sha256"]) for row in rows], np.int64)
            near = np.array([int.from_bytes(row["pdq"][:8], "big", signed=True) for row in rows], np.int64)
            keys = [_keys_of(row, count, settings) for row in rows]
            (found_key, at), (asked_key, asking_at) = (_end_to_end([np.unique(pair[side]) for pair in keys]) for side in (0, 1))
            yield blocks(Found(found_key, number[at], near[at]), Asking(asked_key, number[asking_at]), buckets)

    return work


def _end_to_end(keys: list[bands.Keys]) -> tuple[bands.Keys, bands.Keys]:
    """All keys of all pictures, and each one's picture's place in the list."""
    return np.concatenate([np.zeros(0, np.int64), *keys]), np.repeat(np.arange(len(keys)), [len(own) for own in keys])


def _meeting(settings: Match) -> Work:
    """The blocks of a bucket -> pairs that meet under one of its keys: l < r, votes; and how many keys were CROWDED."""

    def work(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        found, asking = joined(batches)
        most = settings.max_pictures_per_key
        for met in meetings(found, asking, most, settings.chain_links):
            yield pa.RecordBatch.from_pydict(met._asdict())
        yield pa.RecordBatch.from_pydict({"l": [CROWDED], "r": [CROWDED], "votes": [crowds(found, most)]})

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


def _ranked(pairs: DataFrame) -> DataFrame:
    """The pairs with the better of their ranks, from 1, among those of either picture; equal votes by the other's number."""
    ends = pairs.withColumn("of", F.explode(F.array("l", "r")))
    beside = Window.partitionBy("of").orderBy(F.col("votes").desc(), F.col("l") + F.col("r"))
    placed = ends.withColumn("rank", F.row_number().over(beside))
    return placed.groupBy("l", "r").agg(F.first("votes").alias("votes"), F.min("rank").alias("rank"))
