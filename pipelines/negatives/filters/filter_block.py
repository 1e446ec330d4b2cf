"""What is done with the candidates of a block of queries, in a task of its own: guarded and chosen, or kept to be labelled."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from pipelines.negatives.filters.compared_notes import Beside
from pipelines.negatives.filters.false_negative_filter import LAID, RETOLD, Guard, screened
from pipelines.negatives.filters.hash_distance import Looks
from pipelines.negatives.filters.mined_relations import Ties
from pipelines.negatives.filters.rare_grams import Words, retold
from pipelines.negatives.filters.thumbnail_overlap import Sights, alike_in_pixels
from pipelines.negatives.search.candidate_search import table
from pipelines.negatives.search.exact_search import Found
from pipelines.negatives.select_negatives import Chosen, Look, chosen


@dataclass(frozen=True, slots=True)
class Against:
    """What all blocks are held against."""

    ids: pa.Array
    """[items] item_id."""
    ties: Ties
    pictures: Looks
    sights: Sights
    words: Words
    judged: pa.Table | None
    """JUDGED."""
    guard: Guard


def choose(
    found: Found, query_ids: pa.Array, task: str, against: Against, positives: pa.Table, wanted: pa.Table, rules: pa.Table
) -> Chosen:
    """The negatives of a block.

    Args:
        found: what the search offers.
        query_ids: [n] the block's queries.
        task: theirs.
        against: ties, hashes and settings.
        positives: SCORED of the block.
        wanted: ASKED of the block, what negatives are written for.
        rules: RULES of the block.
    """
    candidates = table(found, query_ids, task, against.ids)
    screen = screened(candidates, against.ties, positives, against.judged, against.guard, against.pictures)
    look = last_looks(Beside(screen, against.ties, positives), against.words, against.sights, against.guard)
    return chosen(screen, wanted, rules, against.judged, against.guard, look)


def last_looks(beside: Beside, words: Words, sights: Sights, guard: Guard) -> Look:
    """The words and the pixels of what would be written."""
    return beside.looks(
        {
            RETOLD: lambda held: retold(held, words, guard),
            LAID: lambda held: alike_in_pixels(held, sights, guard),
        }
    )


def left(found: Found, query_ids: pa.Array, task: str, against: Against, positives: pa.Table) -> pa.Table:
    """CANDIDATES that the guard leaves, to be labelled; the guard's margin must be `free`.

    Words and pixels are not looked at: of all candidates that is dear, and without them the band is on the safe side.
    """
    candidates = table(found, query_ids, task, against.ids)
    screen = screened(candidates, against.ties, positives, against.judged, against.guard, against.pictures)
    return candidates.filter(pa.array(screen.reasons == 0))


def sampled(pairs: pa.Table, units: int) -> pa.Table:
    """The pairs of so many queries and tasks, drawn by their names: item_ids are hashes, so the first ones are a sample."""
    names = np.unique(
        np.array([f"{q} {t}" for q, t in zip(*(pairs.column(c).to_pylist() for c in ("query_id", "task")), strict=True)])
    )
    kept = set(names[:units].tolist())
    both = zip(*(pairs.column(c).to_pylist() for c in ("query_id", "task")), strict=True)
    return pairs.filter(pa.array([f"{q} {t}" in kept for q, t in both]))
