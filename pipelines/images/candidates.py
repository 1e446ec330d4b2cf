"""Which pictures may show the same: they share a rare local feature, or most bits of their hashes."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.window import Window

from pipelines.images import bands
from pipelines.images.packing import unpack
from pipelines.images.settings import Match
from pipelines.images.words import index_words, probe_words
from pipelines.workspace.output import Output

AMONG_FLAT = np.int64(1) << np.int64(60)
"""Set in the keys under which flat pictures wait for the one that they are an overexposed copy of."""


def candidate_pairs(pictures: DataFrame, settings: Match) -> Output:
    """Pairs of pictures worth a look: l < r (`picture_number`s), votes (keys that they share).

    A key under which more than `max_pictures_per_key` pictures stand would make the square of
    them. Its pictures are sorted by their hashes instead and each is paired with the next
    `chain_links`: copies of one picture stand together there, so a chain still ties them. Of a
    picture's candidates those with the most votes are looked at, `max_candidates` of them.

    Args:
        pictures: PICTURES.
        settings: the keys and the caps.

    Cost: about 330 indexed and 600 asked keys a picture, 25 bytes each, in one shuffle; the join makes at
    most (asked keys x max_pictures_per_key) rows a picture, and far fewer as words are rare.
    """
    keys = _keys(pictures, settings).persist()
    indexed, asked = keys.where(~F.col("asked")), keys.where("asked").select("key", F.col("picture").alias("asking"))
    crowds = indexed.groupBy("key").agg(F.count("*").alias("pictures")).where(F.col("pictures") > settings.max_pictures_per_key)
    quiet = indexed.join(crowds, on="key", how="left_anti").join(asked, on="key", how="inner").select("picture", "asking")
    chained = indexed.join(crowds, on="key", how="left_semi").transform(_chained, settings)
    met = quiet.unionByName(chained).where(F.col("picture") != F.col("asking"))
    counted = met.groupBy(F.least("picture", "asking").alias("l"), F.greatest("picture", "asking").alias("r")).agg(
        F.count("*").alias("votes")
    )
    ranked = counted.withColumns({f"rank_{side}": _rank(side) for side in ("l", "r")}).persist()
    near = F.least("rank_l", "rank_r") <= settings.max_candidates
    dropped = _count(crowds, "image keys that too many pictures have: tied by a chain").unionByName(
        _count(ranked.where(~near), "image candidates after the best of both pictures")
    )
    return Output(ranked.where(near).select("l", "r", "votes"), dropped)


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


def _chained(indexed: DataFrame, settings: Match) -> DataFrame:
    """Each picture of a crowded key with the next few in the order of their hashes: picture, asking."""
    beside = Window.partitionBy("key").orderBy("near", "picture")
    following = F.array(*[F.lead("picture", k).over(beside) for k in range(1, settings.chain_links + 1)])
    linked = indexed.select("picture", following.alias("following"))
    return linked.select("picture", F.explode("following").alias("asking")).where(F.col("asking").isNotNull())


def _rank(side: str) -> Column:
    other = "r" if side == "l" else "l"
    return F.row_number().over(Window.partitionBy(side).orderBy(F.col("votes").desc(), F.col(other)))


def _count(rows: DataFrame, reason: str) -> DataFrame:
    return rows.agg(F.count("*").alias("rows")).select(F.lit(reason).alias("reason"), "rows")
