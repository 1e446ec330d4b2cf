"""Step: selects negatives among the candidates that a search finds: -> HARD_NEGATIVES, SHORTFALLS."""

import time
from collections import Counter
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.media.image_families import image_families
from pipelines.negatives import query_positives
from pipelines.negatives.filters.filter_block import BlockContext, filter_and_select
from pipelines.negatives.filters.hash_distance import hash_index
from pipelines.negatives.filters.mined_relations import mined_relations
from pipelines.negatives.filters.rare_grams import ngram_index
from pipelines.negatives.filters.removal_reasons import KEPT
from pipelines.negatives.filters.score_margins import DEFAULT
from pipelines.negatives.filters.settings import Guard
from pipelines.negatives.filters.thumbnail_overlap import picture_index
from pipelines.negatives.output_rows import NO_CANDIDATES
from pipelines.negatives.search.candidate_search import (
    Block,
    EncodedItems,
    SearchPlan,
    scored_positives,
    search_blocks,
    similarities,
)
from pipelines.negatives.search.rows_by_query import rows_by_query
from pipelines.negatives.search.search_actors import put
from pipelines.negatives.select_negatives import RULE_NEGATIVES
from pipelines.workspace.arrow_stages import ArrowOutput
from pipelines.workspace.progress_line import log_progress
from schemas.datasets import HARD_NEGATIVES, SHORTFALLS
from schemas.errors import DataError

PROGRESS_S = 5.0
MANY_PAIRS = 50
"""Pairs of a task from which it must have a negative."""
NOT_ENCODED = "not_encoded: the query has no vector"


class MinedTables(NamedTuple):
    """The tables of a mined workspace that candidates are compared with."""

    positives: pa.Table
    components: pa.Table
    items: pa.Table
    notes: pa.Table
    images: pa.Table
    pictures: pa.Table
    """PICTURES: sha256, pdq, pdq_turns, feature_count, thumbnail."""
    picture_pairs: pa.Table
    picture_doubts: pa.Table
    judged: pa.Table | None
    """JUDGED; None: nothing was judged."""


class SearchInputs(NamedTuple):
    """Input of the search, for the negatives and for their calibration."""

    positives: pa.Table
    encoded: EncodedItems
    context: BlockContext
    plan: SearchPlan
    model: str
    """The encoder's fingerprint."""


def block_context(tables: MinedTables, ids: pa.Array, guard: Guard) -> BlockContext:
    """Index what all candidates are compared with. ids: [items] item_id of the encoded items."""
    family = image_families(tables.images, tables.picture_pairs)
    small = tables.pictures.select(["sha256", "feature_count", "thumbnail"])
    return BlockContext(
        ids,
        mined_relations(tables.positives, tables.components, tables.items),
        hash_index(tables.images, tables.pictures, tables.picture_doubts, family),
        picture_index(tables.images, small if guard.low_feature_count else small.slice(0, 0), family),
        ngram_index(tables.notes),
        tables.judged,
        guard,
    )


def mined_negatives(inputs: SearchInputs, counterfactuals: pa.Table) -> list[ArrowOutput]:
    """Select the negatives of every pair.

    Args:
        inputs: the context's guard has its band.
        counterfactuals: COUNTERFACTUALS.

    Returns:
        HARD_NEGATIVES and SHORTFALLS. Cost: that of the search, and of the filter for each block, in Ray tasks.

    Raises:
        DataError: a task has no negative at all.
    """
    encoded, guard = inputs.encoded, inputs.context.guard
    scored = scored_positives(encoded, inputs.positives)
    pairs = query_positives.pairs(inputs.positives, guard.positives_per_query)
    rules = rows_by_query(encoded, rule_negatives(encoded, counterfactuals))
    scored_of, pairs_of = rows_by_query(encoded, scored), rows_by_query(encoded, pairs)
    context = put(inputs.context)

    def arguments(block: Block) -> list[Any]:
        return [context, scored_of.of(block), pairs_of.of(block), rules.of(block, every_task=True)]

    rows, short = [HARD_NEGATIVES.columns.empty_table()], [SHORTFALLS.columns.empty_table()]
    counts: Counter[str] = Counter()
    last_line = time.monotonic()
    for block in search_blocks(encoded, scored, scored, inputs.plan, filter_and_select, arguments):
        rows.append(block.rows)
        short.append(block.shortfalls)
        counts.update(block.counts)
        if time.monotonic() - last_line > PROGRESS_S:
            last_line = time.monotonic()
            log_progress(f"hard_negatives: {sum(map(len, rows)):,} so far, of {len(pairs) * guard.negatives:,} at most")
    negatives = pa.concat_tables(rows).sort_by([(name, "ascending") for name in HARD_NEGATIVES.key])
    shortfalls = _with_unsearched(pa.concat_tables(short), negatives, pairs, encoded, guard.negatives)
    refuse_empty_tasks(scored, pairs, negatives, shortfalls, inputs)
    removed = {reason: n for reason, n in counts.items() if n and reason != KEPT}
    by_task = dict(sorted(Counter(pairs.column("task").to_pylist()).items()))
    report = {"model": inputs.model, "candidates": counts.total(), "left": counts[KEPT], "pairs": by_task, "taken": removed}
    return [ArrowOutput(parts=[negatives], report=report), ArrowOutput(parts=[shortfalls])]


def refuse_empty_tasks(
    scored: pa.Table, pairs: pa.Table, negatives: pa.Table, shortfalls: pa.Table, inputs: SearchInputs
) -> None:
    """Refuse a task of MANY_PAIRS encoded pairs or more without a single negative: a trainer would learn nothing hard of it.

    Raises:
        DataError: there is one; says what removed the candidates and what to change.
    """
    key = ["query_id", "positive_id", "task"]
    encoded = scored.filter(pc.is_valid(scored.column("similarity"))).select(key)
    written = Counter(negatives.column("task").to_pylist())
    asked = Counter(pairs.select(key).join(encoded, keys=key, join_type="left semi").column("task").to_pylist())
    for task in sorted(name for name, count in asked.items() if count >= MANY_PAIRS and not written[name]):
        mine = shortfalls.filter(pc.equal(shortfalls.column("task"), task))
        [(reason, _)] = Counter(sorted(mine.column("reason").to_pylist())).most_common(1)
        advice = "raise ranks.last, or lower ranks.first"
        if inputs.plan.ranks is None:
            margin = inputs.context.guard.margin.margin()
            advice = f"the band {margin.floor} to {margin.ceiling} is none of this task's; --set guard.margin.preset={DEFAULT}"
        raise DataError(f"hard_negatives: none of {asked[task]} pairs of {task} has a negative, mostly '{reason}': {advice}")


def rule_negatives(encoded: EncodedItems, counterfactuals: pa.Table) -> pa.Table:
    """COUNTERFACTUALS -> RULE_NEGATIVES, with the similarity of those that are encoded."""
    candidate = pc.struct_field(counterfactuals.column("item"), "item_id")
    rows = counterfactuals.select(["query_id", "positive_id"]).append_column("candidate_id", candidate)
    return rows.append_column("similarity", similarities(encoded, rows, "candidate_id")).cast(RULE_NEGATIVES)


def _with_unsearched(short: pa.Table, negatives: pa.Table, pairs: pa.Table, encoded: EncodedItems, required: int) -> pa.Table:
    """SHORTFALLS with the pairs that are in no block: the query has no vector, or the corpus has none."""
    key = ["query_id", "positive_id", "task"]
    searched = pa.concat_tables([short.select(key), negatives.select(key)]).group_by(key).aggregate([])
    unsearched = pairs.join(searched, keys=key, join_type="left anti").to_pylist()
    has_vector = dict(zip(encoded.ids().to_pylist(), encoded.has_vector().tolist(), strict=True))
    added = [
        {name: row[name] for name in key}
        | {"wanted": required, "written": 0, "candidates": 0, "dropped": []}
        | {"reason": NO_CANDIDATES if has_vector.get(row["query_id"]) else NOT_ENCODED}
        for row in unsearched
    ]
    whole = pa.concat_tables([short, pa.Table.from_pylist(added, SHORTFALLS.columns)])
    return whole.sort_by([(name, "ascending") for name in SHORTFALLS.key])
