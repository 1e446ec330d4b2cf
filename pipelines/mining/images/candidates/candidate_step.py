"""Step: which pictures may show the same: they share a rare local feature, or most bits of their hashes."""

from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa
from pyspark import StorageLevel
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pipelines.engines.block_shuffle import Work, in_blocks
from pipelines.engines.column_blocks import Part, blocks, joined
from pipelines.mining.images.candidates.bucket_join import Asking, Found, Met, crowds, meetings
from pipelines.mining.images.candidates.index_keys import KEYED, end_to_end, keys_of, near_of, picture_number
from pipelines.mining.images.candidates.top_votes import best
from pipelines.mining.images.settings import Match
from pipelines.workspace.stage_output import Output

PICTURES_A_TASK = 4_000
PAIRS_A_BLOCK = 4_000_000
FOUND = ("found_key", "found_picture", "near")
ASKING = ("asked_key", "asking_picture")
PAIRS = ("of", "other", "votes")
"""Columns of blocks."""
CROWDED, EVERY = -1, -2
"""In place of a picture: the row says how many keys were crowded; how many pairs met."""
CROWDS = "image keys that too many pictures have: tied by a chain"
BEYOND = "image candidates after the best of both pictures"


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

    Cost: about 370 indexed keys of 24 bytes and 550 asked ones of 16 a picture in one shuffle, 48 bytes for each pair that
    meets in a second one, both of few large rows. At most (asked keys x max_pictures_per_key) meetings a picture, far
    fewer as words are rare. Memory of a worker: 200 MB for the keys of PICTURES_A_TASK pictures, or its most crowded key;
    then some 60 bytes for each pair in which those pictures met others.
    """
    buckets = max(pictures.sparkSession.sparkContext.defaultParallelism, -(-count // PICTURES_A_TASK))
    keys = in_blocks(pictures.select(*KEYED), _cutting(settings, buckets), (*FOUND, *ASKING), buckets)
    met = in_blocks(keys, _meeting(settings, buckets), PAIRS, buckets)
    ranked = met.mapInArrow(_ranking(settings.max_candidates), "l long, r long, votes long").persist(StorageLevel.DISK_ONLY)
    kept = ranked.where(F.col("l") >= 0).distinct()
    crowded, every = (
        ranked.where(F.col("l") == told).agg(F.coalesce(F.sum("votes"), F.lit(0)).alias("rows")) for told in (CROWDED, EVERY)
    )
    beyond = every.crossJoin(kept.agg(F.count("*").alias("kept"))).select((F.col("rows") - F.col("kept")).alias("rows"))
    dropped = crowded.select(F.lit(CROWDS).alias("reason"), "rows").unionByName(
        beyond.select(F.lit(BEYOND).alias("reason"), "rows")
    )
    return Output(kept, dropped)


def _cutting(settings: Match, buckets: int) -> Work:
    """PICTURES -> blocks of FOUND and ASKING, by key."""

    def work(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            rows = batch.to_pylist()
            number = np.array([picture_number(row["sha256"]) for row in rows], np.int64)
            near = np.array([near_of(row["pdq"]) for row in rows], np.int64)
            keys = [keys_of(row, settings) for row in rows]
            (found, at), (asked, asking) = (end_to_end([np.unique(pair[side]) for pair in keys]) for side in (0, 1))
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


def numbered(sha256: str) -> Column:
    """`picture_number` of a column."""
    return F.conv(F.substring(sha256, 1, 15), 16, 10).cast("long")
