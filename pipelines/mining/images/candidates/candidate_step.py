"""Step: which pictures may show the same: they share a rare local feature, or most bits of their hashes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import pyarrow as pa
from pydantic import Field
from pyspark import StorageLevel
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pipelines.engines.block_shuffle import Work, in_blocks
from pipelines.engines.column_blocks import Part, blocks, joined
from pipelines.mining.images.candidates.bucket_join import CandidatePairs, IndexEntries, Probes, bucket_join, hot_key_count
from pipelines.mining.images.candidates.index_keys import (
    KEY_COLUMNS,
    IndexKeys,
    flattened,
    hash_order,
    picture_keys,
    picture_number,
)
from pipelines.mining.images.candidates.top_votes import top_votes
from pipelines.workspace.stage_output import Output

PICTURES_A_TASK = 4_000
PAIRS_A_BLOCK = 4_000_000
INDEX_COLUMNS = ("index_key", "index_picture", "hash_order")
PROBE_COLUMNS = ("probe_key", "probe_picture")
PAIR_COLUMNS = ("of", "other", "votes")
"""Columns of blocks."""
HOT_KEYS_ROW, ALL_PAIRS_ROW = -1, -2
"""In place of a picture: `votes` counts the hot keys; all pairs before the cap."""
DROPPED_HOT_KEYS = "hot image keys: their pictures are chained instead of all paired"
DROPPED_PAIRS = "image candidates beyond max_candidates of both pictures"


@dataclass(frozen=True, kw_only=True)
class CandidateCaps:
    """Caps of `candidate_pairs`."""

    max_pictures_per_key: Annotated[int, Field(ge=2, le=10_000)] = 50
    """Keys shared by more pictures are hot: instead of all pairs, each picture is paired with its next `chain_links` in hash
    order."""
    chain_links: Annotated[int, Field(ge=1, le=1000)] = 2
    """Neighbours in hash order that a picture of a hot key is paired with."""
    max_candidates: Annotated[int, Field(ge=1, le=10_000)] = 64
    """Candidates per picture: a pair is compared if it is among the n with the most shared keys of either picture."""


def candidate_pairs(pictures: DataFrame, count: int, keys: IndexKeys, caps: CandidateCaps) -> Output:
    """Pairs of pictures to compare: l < r (`picture_number`s), votes (keys that they share).

    A key of n pictures makes up to n squared pairs. The pictures of a hot key (more than `max_pictures_per_key`) are sorted
    by their hashes instead and each is paired with the next `chain_links`: copies of one picture are neighbours in that
    order, so the chain still connects them. A pair is kept if it is among the `max_candidates` with the most votes of either
    of its pictures, so there are at most `max_candidates` pairs for each picture.

    Args:
        pictures: PICTURES.
        count: about how many there are, for the number of tasks.
        keys: which keys.
        caps: of the pairs.

    Cost: about 370 indexed keys of 24 bytes and 550 queried ones of 16 a picture in one shuffle, 48 bytes for each pair that
    shares a key in a second one, both of few large rows. At most (queried keys x max_pictures_per_key) pairs a picture, far
    fewer as words are rare. Memory of a worker: 200 MB for the keys of PICTURES_A_TASK pictures, or its hottest key;
    then some 60 bytes for each pair of those pictures.
    """
    buckets = max(pictures.sparkSession.sparkContext.defaultParallelism, -(-count // PICTURES_A_TASK))
    by_key = in_blocks(pictures.select(*KEY_COLUMNS), _key_blocks(keys, buckets), (*INDEX_COLUMNS, *PROBE_COLUMNS), buckets)
    by_picture = in_blocks(by_key, _pair_blocks(caps, buckets), PAIR_COLUMNS, buckets)
    ranked = by_picture.mapInArrow(_top_pairs(caps.max_candidates), "l long, r long, votes long").persist(
        StorageLevel.DISK_ONLY
    )
    kept = ranked.where(F.col("l") >= 0).distinct()
    hot_keys, all_pairs = (
        ranked.where(F.col("l") == row).agg(F.coalesce(F.sum("votes"), F.lit(0)).alias("rows"))
        for row in (HOT_KEYS_ROW, ALL_PAIRS_ROW)
    )
    capped = all_pairs.crossJoin(kept.agg(F.count("*").alias("kept"))).select((F.col("rows") - F.col("kept")).alias("rows"))
    dropped = hot_keys.select(F.lit(DROPPED_HOT_KEYS).alias("reason"), "rows").unionByName(
        capped.select(F.lit(DROPPED_PAIRS).alias("reason"), "rows")
    )
    return Output(kept, dropped)


def _key_blocks(settings: IndexKeys, buckets: int) -> Work:
    """PICTURES -> blocks of INDEX_COLUMNS and PROBE_COLUMNS, by key."""

    def work(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            rows = batch.to_pylist()
            number = np.array([picture_number(row["sha256"]) for row in rows], np.int64)
            order = np.array([hash_order(row["pdq"]) for row in rows], np.int64)
            keys = [picture_keys(row, settings) for row in rows]
            indexed, indexed_at = flattened([np.unique(own.indexed) for own in keys])
            queried, queried_at = flattened([np.unique(own.queried) for own in keys])
            index = dict(zip(INDEX_COLUMNS, (indexed, number[indexed_at], order[indexed_at]), strict=True))
            probes = dict(zip(PROBE_COLUMNS, (queried, number[queried_at]), strict=True))
            yield blocks([Part(indexed, index), Part(queried, probes)], buckets)

    return work


def _pair_blocks(caps: CandidateCaps, buckets: int) -> Work:
    """The blocks of some keys -> blocks of PAIR_COLUMNS, by picture: each pair that shares one, from both of its ends."""
    max_pictures = caps.max_pictures_per_key

    def work(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        columns = joined(batches, (*INDEX_COLUMNS, *PROBE_COLUMNS))
        index, probes = IndexEntries(*columns[: len(INDEX_COLUMNS)]), Probes(*columns[len(INDEX_COLUMNS) :])
        hot_keys = np.array([[HOT_KEYS_ROW], [HOT_KEYS_ROW], [hot_key_count(index, max_pictures)]])
        yield _both_ends([CandidatePairs(*hot_keys)], buckets)
        pending: list[CandidatePairs] = []
        for pairs in bucket_join(index, probes, max_pictures, caps.chain_links):
            pending.append(pairs)
            if sum(len(some.l) for some in pending) >= PAIRS_A_BLOCK:
                yield _both_ends(pending, buckets)
                pending = []
        yield _both_ends(pending, buckets)

    return work


def _both_ends(pairs: list[CandidatePairs], buckets: int) -> pa.RecordBatch:
    """A block in which each pair comes twice, once for either of its pictures."""
    nothing = CandidatePairs(*np.zeros((3, 0), np.int64))
    l, r, votes = (np.concatenate(columns) for columns in zip(nothing, *pairs, strict=True))  # noqa: E741
    of, other = np.concatenate([l, r]), np.concatenate([r, l])
    columns = dict(zip(PAIR_COLUMNS, (of, other, np.concatenate([votes, votes])), strict=True))
    return blocks([Part(of, columns)], buckets)


def _top_pairs(max_candidates: int) -> Work:
    """The blocks of some pictures -> l < r, votes of their best pairs; and the rows HOT_KEYS_ROW and ALL_PAIRS_ROW."""

    def work(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        of, other, votes = joined(batches, PAIR_COLUMNS)
        is_pair = of >= 0
        top = top_votes(of[is_pair], other[is_pair], votes[is_pair], max_candidates)
        hot_keys = int(votes[~is_pair].sum()) // 2  # both ends of that row are here
        tags, counts = np.array([HOT_KEYS_ROW, ALL_PAIRS_ROW]), np.array([hot_keys, top.pair_count])
        columns = {
            "l": np.concatenate([np.minimum(top.of, top.other), tags]),
            "r": np.concatenate([np.maximum(top.of, top.other), tags]),
            "votes": np.concatenate([top.votes, counts]),
        }
        yield pa.RecordBatch.from_pydict(columns)

    return work


def numbered(sha256: str) -> Column:
    """`picture_number` of a column."""
    return F.conv(F.substring(sha256, 1, 15), 16, 10).cast("long")
