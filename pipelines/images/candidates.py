"""Which pictures may show the same: they share a rare local feature, or most bits of their hashes."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_schema

from pipelines.images import bands
from pipelines.images.blocks import Part, block_schema, blocks, joined
from pipelines.images.meeting import Asking, Found, Met, crowds, meetings
from pipelines.images.packing import unpack
from pipelines.images.ranking import best
from pipelines.images.settings import Match
from pipelines.images.words import index_words, probe_words
from pipelines.workspace.output import Output

PICTURES_A_TASK = 4_000
KEYED = ("sha256", "pdq", "pdq_turns", "pdq_exposed", "surface", "features")
"""Columns that keys are made of."""
PAIRS_A_BLOCK = 4_000_000
FOUND = ("found_key", "found_picture", "near")
ASKING = ("asked_key", "asking_picture")
PAIRS = ("of", "other", "votes")
"""Columns of blocks."""
CROWDED, EVERY = -1, -2
"""In place of a picture: the row says how many keys were crowded; how many pairs met."""
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
    keys = _in_blocks(pictures.select(*KEYED), _cutting(settings, buckets), (*FOUND, *ASKING), buckets)
    met = _in_blocks(keys, _meeting(settings, buckets), PAIRS, buckets)
    ranked = met.mapInArrow(_ranking(settings.max_candidates), "l long, r long, votes long").persist()
    kept = ranked.where(F.col("l") >= 0).distinct()
    crowded, every = (ranked.where(F.col("l") == told).agg(F.sum("votes").alias("rows")) for told in (CROWDED, EVERY))
    beyond = every.crossJoin(kept.agg(F.count("*").alias("kept"))).select((F.col("rows") - F.col("kept")).alias("rows"))
    dropped = crowded.select(F.lit(CROWDS).alias("reason"), "rows").unionByName(
        beyond.select(F.lit(BEYOND).alias("reason"), "rows")
    )
    return Output(kept, dropped)


def _in_blocks(rows: DataFrame, cut: Work, names: Iterable[str], buckets: int) -> DataFrame:
    """What `cut` makes of the rows, a partition for each bucket."""
    return rows.mapInArrow(cut, from_arrow_schema(block_schema(names))).repartitionById(buckets, "bucket")


def _cutting(settings: Match, buckets: int) -> Work:
    """PICTURES -> blocks of FOUND and ASKING, by key."""
    count = bands.band_count(settings.hash_radius)

    def work(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            rows = batch.to_pylist()
            number = np.array([picture_number(row["sha256"]) for row in rows], np.int64)
            near = np.array([int.from_bytes(row["pdq"][:8], "big", signed=True) for row in rows], np.int64)
            keys = [_keys_of(row, count, settings) for row in rows]
            (found, at), (asked, asking) = (_end_to_end([np.unique(pair[side]) for pair in keys]) for side in (0, 1))
            there = zip(FOUND, (found, number[at], near[at]), strict=True)
            here = zip(ASKING, (asked, number[asking]), strict=True)
            yield blocks([Part(found, dict(there)), Part(asked, dict(here))], buckets)

    return work


def _meeting(settings: Match, buckets: int) -> Work:
    """The blocks of some keys -> blocks of PAIRS, by picture: each pair that meets under one of them, from both of its ends."""
    most = settings.max_pictures_per_key

    def work(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        columns = joined(batches, (*FOUND, *ASKING))
        found, asking = Found(*columns[: len(FOUND)]), Asking(*columns[len(FOUND) :])
        yield _ends([Met(*np.array([[CROWDED], [CROWDED], [crowds(found, most)]]))], buckets)
        waiting: list[Met] = []
        for met in meetings(found, asking, most, settings.chain_links):
            waiting.append(met)
            if sum(len(some.l) for some in waiting) >= PAIRS_A_BLOCK:
                yield _ends(waiting, buckets)
                waiting = []
        yield _ends(waiting, buckets)

    return work


def _ends(met: list[Met], buckets: int) -> pa.RecordBatch:
    nothing = Met(*np.zeros((3, 0), np.int64))
    l, r, votes = (np.concatenate(columns) for columns in zip(nothing, *met, strict=True))  # noqa: E741
    of, other = np.concatenate([l, r]), np.concatenate([r, l])
    return blocks([Part(of, dict(zip(PAIRS, (of, other, np.concatenate([votes, votes])), strict=True)))], buckets)


def _ranking(most: int) -> Work:
    """The blocks of some pictures -> l < r, votes of their best pairs; and rows that tell how many were CROWDED, and EVERY."""

    def work(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        of, other, votes = joined(batches, PAIRS)
        pair = of >= 0
        found = best(of[pair], other[pair], votes[pair], most)
        told = [(CROWDED, int(votes[~pair].sum()) // 2), (EVERY, found.met)]  # both ends of a crowd's row are here
        tags, counts = (np.array(column, np.int64) for column in zip(*told, strict=True))
        l, r = np.minimum(found.of, found.other), np.maximum(found.of, found.other)  # noqa: E741
        rows = zip("lr", ((l, tags), (r, tags)), strict=True)
        columns = {name: np.concatenate(pieces) for name, pieces in rows}
        yield pa.RecordBatch.from_pydict(columns | {"votes": np.concatenate([found.votes, counts])})

    return work


def _end_to_end(keys: list[bands.Keys]) -> tuple[bands.Keys, bands.Keys]:
    """All keys of all pictures, and each one's picture's place in the list."""
    return np.concatenate([np.zeros(0, np.int64), *keys]), np.repeat(np.arange(len(keys)), [len(own) for own in keys])


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
