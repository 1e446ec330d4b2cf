"""Mine hard negatives: which stage reads which tables, in order. Every decision is in the steps."""

from dataclasses import replace
from typing import NamedTuple

import pyarrow as pa

from pipelines.encode.encode_chunk import LoadChunkEncoder, LoadReader
from pipelines.encode.preset import EncoderSpec, load_spec
from pipelines.encode.settings import EmbedSettings
from pipelines.engines.ray.actor_pool import ActorPool, start_pool
from pipelines.engines.ray.chunk_queue import run_chunks
from pipelines.engines.ray.cluster import Machines
from pipelines.flows.mine_hard_negatives.counterfactual_stage import (
    CounterfactualTables,
    counterfactual_rows,
    ocr_texts,
    with_counterfactuals,
)
from pipelines.flows.mine_hard_negatives.embed_stage import (
    UNFINISHED,
    EarlierVectors,
    batch_settings,
    embed_items,
    embed_work,
    encoding_code,
    rows_digest,
)
from pipelines.flows.mine_hard_negatives.negatives_stage import MinedTables, SearchInputs, block_context, mined_negatives
from pipelines.flows.mine_hard_negatives.settings import MineHardNegatives
from pipelines.flows.mine_hard_negatives.stored_calibration import guard_with_band
from pipelines.negatives.filters.false_negative_filter import JUDGED
from pipelines.negatives.filters.settings import Guard
from pipelines.negatives.search.candidate_search import EncodedItems, SearchPlan
from pipelines.negatives.search.note_elements import RowsToEncode, items_as_read, rows_to_encode
from pipelines.negatives.search.rank_window import RankedSearch
from pipelines.negatives.search.search_actors import refuse_search_device, start_search_actors
from pipelines.negatives.search.vector_store import vector_store
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
    *(PICTURES, PICTURE_PAIRS, PICTURE_DOUBTS, COUNTERFACTUALS, EMBEDDINGS, ANNOTATIONS),
)
"""The tables that HARD_NEGATIVES depends on."""


class MiningResult(NamedTuple):
    """What the closing summary needs besides the manifests."""

    model: str
    guard: Guard
    band: str
    """Where the band comes from, after the histogram of a calibration."""


class ItemsToEncode(NamedTuple):
    """The items of a workspace and their rows to encode."""

    items: pa.Table
    """ITEMS, rule-made ones at the end."""
    searched: int
    """Number of items before the rule-made ones."""
    rows: RowsToEncode


def mine_hard_negatives(stages: ArrowStages, settings: MineHardNegatives, machines: Machines) -> MiningResult:
    """Run every stage of the job, in order."""
    refuse_search_device(settings.search.device)
    make_counterfactuals(stages, settings)
    items, searched = with_counterfactuals(stages.read(ITEMS), stages.read(COUNTERFACTUALS), settings.encoder.counterfactuals)
    rows = rows_to_encode(items, stages.images(), ocr_texts(stages.read_or_empty(ANNOTATIONS)))
    spec = load_spec(settings.encoder.name, settings.encoder.set, settings.encoder.path)
    load = LoadChunkEncoder(spec, machines.gpus > 0, settings.encoder.batching)
    with start_pool(LoadReader(spec, image_root(stages.workspace)), load, machines) as actors:
        model = actors.model()
        embed(stages, actors, (model, encoding_code(spec)), rows.rows, settings.encoder)
    return select(stages, settings, machines, ItemsToEncode(items, searched, rows), (model, spec))


def make_counterfactuals(stages: ArrowStages, settings: MineHardNegatives) -> None:
    """POSITIVES and their notes -> COUNTERFACTUALS."""

    def make(_: Plan) -> list[ArrowOutput]:
        positives, notes, images, copies = (stages.read(table) for table in (POSITIVES, NOTES, IMAGES, PICTURE_PAIRS))
        tables = CounterfactualTables(positives, notes, images, copies, stages.read_or_empty(ANNOTATIONS))
        return [counterfactual_rows(tables, settings.rule)]

    stages.run(
        [COUNTERFACTUALS],
        make,
        inputs=stages.fingerprints(POSITIVES, NOTES, IMAGES, PICTURE_PAIRS, ANNOTATIONS),
        settings={"rule": settings.rule},
        code=counterfactual_rows,
    )


def embed(stages: ArrowStages, actors: ActorPool, encoder: tuple[str, str], rows: pa.Table, settings: EmbedSettings) -> None:
    """Items and elements -> EMBEDDINGS.

    The file of a chunk is named by its input and stays until the run is published, so a killed job continues where it was.

    Args:
        stages: of the workspace.
        actors: readers and models.
        encoder: fingerprints of the model and of its code.
        rows: CHUNK.
        settings: of the chunks.

    Raises:
        DataError: too many items have no vector.
    """
    model, code = encoder
    before = stages.workspace.manifest(EMBEDDINGS.name)
    work = embed_work(stages.workspace.folder / UNFINISHED, model, code, len(rows), settings)

    def make(_: Plan) -> list[ArrowOutput]:
        earlier = EarlierVectors(stages.workspace.files(EMBEDDINGS.name) if before else [], before, model, code, rows)
        return [embed_items(earlier, rows, settings, lambda chunks: run_chunks(chunks, actors, work))]

    stages.run(
        [EMBEDDINGS],
        make,
        inputs={"shown": rows_digest(rows), "model": model, "code": code} | unanswered(stages, EMBEDDINGS, [model]),
        settings={"batching": batch_settings(settings)},
        code=embed_items,
    )
    work.folder.delete()


def select(
    stages: ArrowStages,
    settings: MineHardNegatives,
    machines: Machines,
    items: ItemsToEncode,
    encoder: tuple[str, EncoderSpec],
) -> MiningResult:
    """EMBEDDINGS and the tables of mining -> HARD_NEGATIVES, SHORTFALLS; and calibration.json, if requested.

    Args:
        stages: of the workspace.
        settings: of the job.
        machines: to search on.
        items: that are encoded.
        encoder: its fingerprint and preset.
    """
    model, spec = encoder
    embeddings = (read_file(uri) for uri in stages.workspace.files(EMBEDDINGS.name))
    ids = items.rows.rows.column("item_id").combine_chunks()
    count = machines.readers + machines.models
    with (
        vector_store(embeddings, model, ids) as vectors,
        start_search_actors(count, settings.search, settings.cells) as search,
    ):
        plan = SearchPlan(depth=settings.offer.depth, queries=settings.offer.queries, search=search, cells=settings.cells)
        encoded = EncodedItems(*items, vectors)
        tables = read_tables(stages)._replace(items=items_as_read(items.items.slice(0, items.searched), items.rows))
        inputs = SearchInputs(tables.positives, encoded, block_context(tables, encoded.ids(), settings.guard), plan, model)
        guard, band = guard_with_band(stages.workspace.folder, settings, inputs, spec.band)
        margin = guard.margin.margin()
        ranks = RankedSearch(settings.ranks, margin, inputs.context.relations)
        plan = replace(plan, ranks=ranks if margin.below_positive else None)
        inputs = inputs._replace(context=replace(inputs.context, guard=guard), plan=plan)
        how = {"ranks": settings.ranks} if plan.ranks else {"depth": plan.depth, "cells": settings.cells}
        stages.run(
            [HARD_NEGATIVES, SHORTFALLS],
            lambda _: mined_negatives(inputs, stages.read(COUNTERFACTUALS)),
            inputs=stages.fingerprints(*READ) | {"model": model},
            settings={"guard": guard} | how,
            code=(with_counterfactuals, rows_to_encode, items_as_read, mined_negatives),
        )
    return MiningResult(model, guard, band)


def read_tables(stages: ArrowStages) -> MinedTables:
    """The tables that candidates are compared with."""
    judged = None
    if stages.workspace.manifest(JUDGEMENTS.name):
        judged = stages.read(JUDGEMENTS, JUDGED.names).cast(JUDGED)
    return MinedTables(
        positives=stages.read(POSITIVES),
        components=stages.read(COMPONENTS),
        items=stages.read(ITEMS),
        notes=stages.read(NOTES, ["note_id", "title", "body"]),
        images=stages.read(IMAGES),
        pictures=stages.read(PICTURES, ["sha256", "pdq", "pdq_turns", "feature_count", "thumbnail"]),
        picture_pairs=stages.read(PICTURE_PAIRS),
        picture_doubts=stages.read(PICTURE_DOUBTS),
        judged=judged,
    )
