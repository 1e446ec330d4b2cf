"""Filters the search results of a block of queries, in a Ray task of its own: negatives, or candidates to be labelled."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from pipelines.negatives.filters.compared_notes import ComparedNotes
from pipelines.negatives.filters.false_negative_filter import screen_candidates
from pipelines.negatives.filters.hash_distance import HashIndex
from pipelines.negatives.filters.mined_relations import MinedRelations
from pipelines.negatives.filters.rare_grams import NgramIndex, shares_rare_ngrams
from pipelines.negatives.filters.removal_reasons import PICTURE_OVERLAP, RARE_NGRAMS
from pipelines.negatives.filters.settings import Guard
from pipelines.negatives.filters.thumbnail_overlap import PictureIndex, overlaps_in_pixels
from pipelines.negatives.search.candidate_search import candidate_rows
from pipelines.negatives.search.exact_search import SearchHits
from pipelines.negatives.select_negatives import LateFilter, SelectedNegatives, select_negatives


@dataclass(frozen=True, slots=True)
class BlockContext:
    """What the candidates of all blocks are compared with."""

    ids: pa.Array
    """[items] item_id."""
    relations: MinedRelations
    hashes: HashIndex
    pictures: PictureIndex
    ngrams: NgramIndex
    judged: pa.Table | None
    """JUDGED."""
    guard: Guard


def filter_and_select(
    hits: SearchHits,
    query_ids: pa.Array,
    task: str,
    context: BlockContext,
    positives: pa.Table,
    pairs: pa.Table,
    rules: pa.Table,
) -> SelectedNegatives:
    """Select the negatives of a block.

    Args:
        hits: of the search.
        query_ids: [n] the block's queries.
        task: of the block.
        context: relations, hashes and settings.
        positives: SCORED_POSITIVES of the block.
        pairs: QUERY_POSITIVES of the block that negatives are written for.
        rules: RULE_NEGATIVES of the block.
    """
    candidates = candidate_rows(hits, query_ids, task, context.ids)
    screen = screen_candidates(candidates, context.relations, positives, context.judged, context.guard, context.hashes)
    notes = ComparedNotes(screen, context.relations, positives)
    late = late_filters(notes, context.ngrams, context.pictures, context.guard)
    return select_negatives(screen, pairs, rules, context.judged, context.guard, late)


def late_filters(notes: ComparedNotes, ngrams: NgramIndex, pictures: PictureIndex, guard: Guard) -> LateFilter:
    """The two expensive checks, rare n-grams and pixels, for candidates that would be written."""
    return notes.late_filter(
        {
            RARE_NGRAMS: lambda comparisons: shares_rare_ngrams(comparisons, ngrams, guard),
            PICTURE_OVERLAP: lambda comparisons: overlaps_in_pixels(comparisons, pictures, guard),
        }
    )


def candidates_to_label(
    hits: SearchHits, query_ids: pa.Array, task: str, context: BlockContext, positives: pa.Table
) -> pa.Table:
    """CANDIDATES that the filter keeps, to be labelled for calibration; the guard's margin must be `free`.

    The late filters are left out: for all candidates they are too expensive, and without them the band is on the safe side.
    """
    candidates = candidate_rows(hits, query_ids, task, context.ids)
    screen = screen_candidates(candidates, context.relations, positives, context.judged, context.guard, context.hashes)
    return candidates.filter(pa.array(screen.reasons == 0))


def sample_units(pairs: pa.Table, count: int) -> pa.Table:
    """The pairs of `count` units (query and task), the first by name: item_ids are hashes, so these are a random sample."""
    columns = (pairs.column(name).to_pylist() for name in ("query_id", "task"))
    names = [f"{query} {task}" for query, task in zip(*columns, strict=True)]
    sample = set(np.unique(np.array(names))[:count].tolist())
    return pairs.filter(pa.array([name in sample for name in names], pa.bool_()))
