"""Step: which of the candidates that a search finds become negatives: HARD_NEGATIVES, SHORTFALLS."""

import time
from collections import Counter
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.negatives import query_positives
from pipelines.negatives.filters import hash_distance, rare_grams, thumbnail_overlap
from pipelines.negatives.filters.false_negative_filter import JUDGED, Guard
from pipelines.negatives.filters.filter_block import Against, choose
from pipelines.negatives.filters.mined_relations import tied
from pipelines.negatives.output_rows import NO_CANDIDATES
from pipelines.negatives.search.candidate_search import Block, How, World, offers, scored, similarities
from pipelines.negatives.search.rows_by_query import by_query
from pipelines.negatives.search.search_actors import kept
from pipelines.negatives.select_negatives import RULES
from pipelines.workspace.arrow_stages import ArrowOutput, ArrowStages
from pipelines.workspace.progress_line import log_progress
from schemas.datasets import (
    COMPONENTS,
    COUNTERFACTUALS,
    HARD_NEGATIVES,
    IMAGES,
    ITEMS,
    JUDGEMENTS,
    NOTES,
    POSITIVES,
    SHORTFALLS,
)
from schemas.intermediate import PICTURE_DOUBTS, PICTURE_PAIRS, PICTURES

EVERY_SECONDS = 5.0
NOT_ENCODED = "encode: the query has no vector"


def chosen_negatives(stages: ArrowStages, world: World, against: Against, how: How, model: str) -> list[ArrowOutput]:
    """The negatives of every pair, and the pairs that are short of them.

    Args:
        stages: of the workspace.
        world: what is searched.
        against: what candidates are compared with (`compared_with`), with the band.
        how: depth and memory.
        model: the encoder's fingerprint.
    """
    positives = stages.read(POSITIVES)
    every, wanted = scored(world, positives), query_positives.pairs(positives, against.guard.positives_per_query)
    ruled = by_query(world, _rules(world, stages.read(COUNTERFACTUALS)))
    answers, asking = by_query(world, every), by_query(world, wanted)
    held = kept(against)

    def extra(block: Block) -> list[Any]:
        return [held, answers.of(block), asking.of(block), ruled.of(block, every_task=True)]

    rows, short = [HARD_NEGATIVES.columns.empty_table()], [SHORTFALLS.columns.empty_table()]
    counts: Counter[str] = Counter()
    told = time.monotonic()
    for part in offers(world, every, every, how, choose, extra):
        rows.append(part.rows)
        short.append(part.shortfalls)
        counts.update(part.counts)
        if time.monotonic() - told > EVERY_SECONDS:
            told = time.monotonic()
            log_progress(
                f"hard_negatives: {sum(map(len, rows)):,} so far, of {len(wanted) * against.guard.negatives:,} at most"
            )
    written = pa.concat_tables(rows).sort_by([(name, "ascending") for name in HARD_NEGATIVES.key])
    lacking = _with_silent(pa.concat_tables(short), written, wanted, world, against.guard)
    dropped = {reason: n for reason, n in counts.items() if n and reason != "kept"}
    report = {"model": model, "candidates": counts.total(), "left": counts["kept"], "pairs": len(wanted), "taken": dropped}
    return [ArrowOutput(parts=[written], report=report), ArrowOutput(parts=[lacking])]


def _with_silent(short: pa.Table, written: pa.Table, wanted: pa.Table, world: World, guard: Guard) -> pa.Table:
    """SHORTFALLS with the pairs that no block spoke of: a query without a vector, or a corpus without one."""
    both = ["query_id", "positive_id", "task"]
    told = pa.concat_tables([short.select(both), written.select(both)]).group_by(both).aggregate([])
    silent = wanted.join(told, keys=both, join_type="left anti").to_pylist()
    seen = dict(zip(world.ids().to_pylist(), world.seen().tolist(), strict=True))
    added = [
        {name: row[name] for name in both}
        | {"wanted": guard.negatives, "written": 0, "candidates": 0, "dropped": []}
        | {"reason": NO_CANDIDATES if seen.get(row["query_id"]) else NOT_ENCODED}
        for row in silent
    ]
    whole = pa.concat_tables([short, pa.Table.from_pylist(added, SHORTFALLS.columns)])
    return whole.sort_by([(name, "ascending") for name in SHORTFALLS.key])


def _rules(world: World, made: pa.Table) -> pa.Table:
    """RULES, with the similarity of those that are encoded."""
    candidate = pc.struct_field(made.column("item"), "item_id")
    rows = pa.table({"query_id": made.column("query_id"), "positive_id": made.column("positive_id"), "candidate_id": candidate})
    return rows.append_column("similarity", similarities(world, rows, "candidate_id")).cast(RULES)


def compared_with(stages: ArrowStages, world: World, guard: Guard) -> Against:
    """What all candidates are compared with: ties, pictures, texts and judgements of the workspace."""
    ties = tied(stages.read(POSITIVES), stages.read(COMPONENTS), stages.read(ITEMS))
    images = stages.read(IMAGES)
    pictures = hash_distance.looks(images, stages.read(PICTURES, ["sha256", "pdq", "pdq_turns"]), stages.read(PICTURE_DOUBTS))
    small = stages.read(PICTURES, ["sha256", "feature_count", "thumbnail"])
    small = small if guard.poor_features else small.slice(0, 0)
    sights = thumbnail_overlap.sights(images, small, stages.read(PICTURE_PAIRS))
    judged = None
    if stages.workspace.manifest(JUDGEMENTS.name):
        judged = stages.read(JUDGEMENTS, JUDGED.names).cast(JUDGED)
    said = rare_grams.words(stages.read(NOTES, ["note_id", "title", "body"]))
    return Against(world.ids(), ties, pictures, sights, said, judged, guard)
