"""Mine hard negatives: which stage reads which tables, in order. Every decision is in the steps."""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.actors.cluster import Machines
from pipelines.actors.corpus import kept, refuse_search_device, searchers
from pipelines.actors.pool import Pool, pool
from pipelines.encode.chunk import LoadChunkEncoder, LoadReader
from pipelines.encode.spec import load_spec
from pipelines.negatives import asked, glimpses, looks, words
from pipelines.negatives.choose import RULES
from pipelines.negatives.guard import JUDGED, Guard
from pipelines.negatives.ties import tied
from pipelines.negatives.written import NO_CANDIDATES
from pipelines.negatives_job.by_query import by_query
from pipelines.negatives_job.calibration import band_for
from pipelines.negatives_job.elements import Shown, shown
from pipelines.negatives_job.embed import embed
from pipelines.negatives_job.guarded import Against, choose
from pipelines.negatives_job.made import make_counterfactuals, with_rule_made
from pipelines.negatives_job.offered import Block, How, World, offers, scored, similarities
from pipelines.negatives_job.settings import MineHardNegatives
from pipelines.negatives_job.vectors import stored
from pipelines.workspace.arrow_stages import ArrowOutput, ArrowStages
from pipelines.workspace.parquet import read_file
from pipelines.workspace.say import say
from schemas.mined import PICTURE_DOUBTS, PICTURE_PAIRS, PICTURES
from schemas.tables import (
    ANNOTATIONS,
    COMPONENTS,
    COUNTERFACTUALS,
    EMBEDDINGS,
    HARD_NEGATIVES,
    IMAGES,
    ITEMS,
    NOTES,
    POSITIVES,
    SHORTFALLS,
)

JUDGEMENTS = "judgements"
EVERY_SECONDS = 5.0
NOT_ENCODED = "encode: the query has no vector"
READ = (
    *(POSITIVES, COMPONENTS, ITEMS, NOTES, IMAGES),
    *(PICTURES, PICTURE_PAIRS, PICTURE_DOUBTS, COUNTERFACTUALS, EMBEDDINGS),
)
"""What negatives are chosen from."""
CODE = ("pipelines.negatives", "pipelines.quotes", "pipelines.negatives_job", "pipelines.actors")


class Done(NamedTuple):
    """What the last words need beside the manifests."""

    model: str
    guard: Guard
    told: str
    """Of the band: where it comes from, and the histogram of a calibration."""


def mine_hard_negatives(stages: ArrowStages, settings: MineHardNegatives, machines: Machines) -> Done:
    """Every stage of the job, in order."""
    refuse_search_device(settings.search.device)
    read = _read(stages)
    make_counterfactuals(stages, settings, read)
    made = stages.read(COUNTERFACTUALS)
    items, searched = with_rule_made(stages, made, settings.encoder.counterfactuals)
    rows = shown(items, stages.images(), read)
    spec = load_spec(settings.encoder.name, settings.encoder.set, settings.encoder.path)
    load = LoadChunkEncoder(spec, machines.gpus > 0, settings.encoder.batching)
    with _pools(pool(LoadReader(spec), load, machines)) as actors:
        model = actors.model()
        embed(stages, actors, model, rows, settings.encoder)
    return choose_negatives(stages, settings, machines, (items, searched, rows), model)


def choose_negatives(
    stages: ArrowStages,
    settings: MineHardNegatives,
    machines: Machines,
    what: tuple[pa.Table, int, Shown],
    model: str,
) -> Done:
    """EMBEDDINGS and all that mining knows -> HARD_NEGATIVES, SHORTFALLS; and calibration.json, where it is asked for."""
    items, searched, rows = what
    embeddings = (read_file(uri) for uri in stages.workspace.files(EMBEDDINGS.name))
    ids = rows.rows.column("item_id").combine_chunks()
    count = machines.readers + machines.models
    with (
        stored(embeddings, model, ids) as vectors,
        searchers(count, settings.search, settings.cells) as search,
    ):
        how = How(depth=settings.offer.depth, queries=settings.offer.queries, search=search, cells=settings.cells)
        world = World(items, searched, rows, vectors)
        against = _against(stages, world, settings.guard)
        guard, told = band_for(stages, settings, world, against, how, model)
        against = replace(against, guard=guard)
        stages.run(
            [HARD_NEGATIVES, SHORTFALLS],
            lambda _: _chosen(stages, world, against, how, model),
            inputs=stages.fingerprints(*READ) | {"model": model, JUDGEMENTS: _judgements_fingerprint(stages)},
            settings={"guard": guard, "depth": how.depth, "cells": settings.cells},
            code=CODE,
        )
    return Done(model, guard, told)


def _chosen(stages: ArrowStages, world: World, against: Against, how: How, model: str) -> list[ArrowOutput]:
    positives = stages.read(POSITIVES)
    every, wanted = scored(world, positives), asked.pairs(positives, against.guard.positives_per_query)
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
            say(f"hard_negatives: {sum(map(len, rows)):,} so far, of {len(wanted) * against.guard.negatives:,} at most")
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


def _against(stages: ArrowStages, world: World, guard: Guard) -> Against:
    ties = tied(stages.read(POSITIVES), stages.read(COMPONENTS), stages.read(ITEMS))
    images = stages.read(IMAGES)
    pictures = looks.looks(images, stages.read(PICTURES, ["sha256", "pdq", "pdq_turns"]), stages.read(PICTURE_DOUBTS))
    small = stages.read(PICTURES, ["sha256", "feature_count", "thumbnail"])
    small = small if guard.poor_features else small.slice(0, 0)
    sights = glimpses.sights(images, small, stages.read(PICTURE_PAIRS))
    judged = None
    if stages.workspace.manifest(JUDGEMENTS):
        files = [read_file(uri, JUDGED.names) for uri in stages.workspace.files(JUDGEMENTS)]
        judged = pa.concat_tables(files).cast(JUDGED)
    said = words.words(stages.read(NOTES, ["note_id", "title", "body"]))
    return Against(world.ids(), ties, pictures, sights, said, judged, guard)


def _judgements_fingerprint(stages: ArrowStages) -> str:
    run = stages.workspace.manifest(JUDGEMENTS)
    return run.fingerprint if run else "none"


def _read(stages: ArrowStages) -> dict[str, str]:
    """image_id -> the words that OCR read in it."""
    rows = stages.read_or_empty(ANNOTATIONS).select(["image_id", "kind", "text"])
    ocr = rows.filter(pc.and_(pc.equal(rows.column("kind"), "ocr"), pc.is_valid(rows.column("text"))))
    return dict(zip(ocr.column("image_id").to_pylist(), ocr.column("text").to_pylist(), strict=True))


@contextmanager
def _pools(actors: Pool) -> Iterator[Pool]:
    """End the actors with the block: the search needs their processors."""
    try:
        yield actors
    finally:
        actors.end()
