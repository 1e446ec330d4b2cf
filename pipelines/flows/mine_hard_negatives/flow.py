"""Mine hard negatives: which stage reads which tables, in order. Every decision is in the steps."""

from dataclasses import replace
from typing import NamedTuple

import pyarrow as pa

from pipelines.encode.encode_chunk import LoadChunkEncoder, LoadReader
from pipelines.encode.preset import load_spec
from pipelines.encode.settings import EmbedSettings
from pipelines.engines.ray.actor_pool import ActorPool, start_pool
from pipelines.engines.ray.chunk_queue import run_chunks
from pipelines.engines.ray.cluster import Machines
from pipelines.flows.mine_hard_negatives.counterfactual_stage import RuleTables, read_words, rule_made, with_rule_made
from pipelines.flows.mine_hard_negatives.embed_stage import UNFINISHED, Known, digest, embedded, encoding, steering
from pipelines.flows.mine_hard_negatives.negatives_stage import chosen_negatives, compared_with
from pipelines.flows.mine_hard_negatives.settings import MineHardNegatives
from pipelines.flows.mine_hard_negatives.stored_calibration import band_for
from pipelines.negatives.filters.false_negative_filter import Guard
from pipelines.negatives.search.candidate_search import How, World
from pipelines.negatives.search.note_elements import Shown, shown
from pipelines.negatives.search.search_actors import refuse_search_device, searchers
from pipelines.negatives.search.vector_store import stored
from pipelines.workspace.arrow_io import read_file
from pipelines.workspace.arrow_stages import ArrowOutput, ArrowStages
from pipelines.workspace.image_root import image_root
from pipelines.workspace.stage_plan import Plan
from pipelines.workspace.unanswered_rows import unanswered
from schemas.datasets import (
    ANNOTATIONS,
    COMPONENTS,
    COUNTERFACTUALS,
    EMBEDDINGS,
    HARD_NEGATIVES,
    IMAGES,
    ITEMS,
    JUDGEMENTS,
    NOTES,
    POSITIVES,
    SHORTFALLS,
)
from schemas.intermediate import PICTURE_DOUBTS, PICTURE_PAIRS, PICTURES

READ = (
    *(POSITIVES, COMPONENTS, ITEMS, NOTES, IMAGES, JUDGEMENTS),
    *(PICTURES, PICTURE_PAIRS, PICTURE_DOUBTS, COUNTERFACTUALS, EMBEDDINGS),
)
"""What negatives are chosen from."""


class Done(NamedTuple):
    """What the last words need beside the manifests."""

    model: str
    guard: Guard
    told: str
    """Of the band: where it comes from, and the histogram of a calibration."""


def mine_hard_negatives(stages: ArrowStages, settings: MineHardNegatives, machines: Machines) -> Done:
    """Every stage of the job, in order."""
    refuse_search_device(settings.search.device)
    make_counterfactuals(stages, settings)
    items, searched = with_rule_made(stages.read(ITEMS), stages.read(COUNTERFACTUALS), settings.encoder.counterfactuals)
    rows = shown(items, stages.images(), read_words(stages.read_or_empty(ANNOTATIONS)))
    spec = load_spec(settings.encoder.name, settings.encoder.set, settings.encoder.path)
    load = LoadChunkEncoder(spec, machines.gpus > 0, settings.encoder.batching)
    with start_pool(LoadReader(spec, image_root(stages.workspace)), load, machines) as actors:
        model = actors.model()
        embed(stages, actors, model, rows.rows, settings.encoder)
    return choose_negatives(stages, settings, machines, (items, searched, rows), model)


def make_counterfactuals(stages: ArrowStages, settings: MineHardNegatives) -> None:
    """POSITIVES and their notes -> COUNTERFACTUALS."""

    def make(_: Plan) -> list[ArrowOutput]:
        positives, notes, images, copies = (stages.read(table) for table in (POSITIVES, NOTES, IMAGES, PICTURE_PAIRS))
        tables = RuleTables(positives, notes, images, copies, stages.read_or_empty(ANNOTATIONS))
        return [rule_made(tables, settings.rule)]

    stages.run(
        [COUNTERFACTUALS],
        make,
        inputs=stages.fingerprints(POSITIVES, NOTES, IMAGES, PICTURE_PAIRS, ANNOTATIONS),
        settings={"rule": settings.rule},
        code=rule_made,
    )


def embed(stages: ArrowStages, actors: ActorPool, model: str, rows: pa.Table, settings: EmbedSettings) -> None:
    """Items and elements -> EMBEDDINGS.

    A chunk's file is named by what goes in and stays until the run is published, so a killed job goes on where it was.

    Raises:
        DataError: too many items have no vector.
    """
    before = stages.workspace.manifest(EMBEDDINGS.name)
    work = encoding(stages.workspace.folder / UNFINISHED, model, len(rows), settings)

    def make(_: Plan) -> list[ArrowOutput]:
        known = Known(stages.workspace.files(EMBEDDINGS.name) if before else [], before, model, rows)
        return [embedded(known, rows, settings, lambda chunks: run_chunks(chunks, actors, work))]

    stages.run(
        [EMBEDDINGS],
        make,
        inputs={"shown": digest(rows), "model": model} | unanswered(stages, EMBEDDINGS, [model]),
        settings={"batching": steering(settings)},
        code=embedded,
    )
    work.folder.delete()


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
        against = compared_with(stages, world, settings.guard)
        guard, told = band_for(stages, settings, world, against, how, model)
        against = replace(against, guard=guard)
        stages.run(
            [HARD_NEGATIVES, SHORTFALLS],
            lambda _: chosen_negatives(stages, world, against, how, model),
            inputs=stages.fingerprints(*READ) | {"model": model},
            settings={"guard": guard, "depth": how.depth, "cells": settings.cells},
            code=(with_rule_made, shown, chosen_negatives),
        )
    return Done(model, guard, told)
