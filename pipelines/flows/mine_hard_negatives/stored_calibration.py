"""The band that is used: fitted now, fitted before for this encoder, or as the settings have it."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.flows.mine_hard_negatives.settings import MineHardNegatives
from pipelines.negatives import query_positives
from pipelines.negatives.calibration.fit_band import Calibration, Labels, calibrated
from pipelines.negatives.calibration.planted_labels import Planted
from pipelines.negatives.calibration.similarity_histogram import drawn
from pipelines.negatives.filters.false_negative_filter import CANDIDATES, Guard
from pipelines.negatives.filters.filter_block import Against, left, sampled
from pipelines.negatives.filters.score_margins import MarginSettings
from pipelines.negatives.search.candidate_search import Block, How, World, offers, scored
from pipelines.negatives.search.rows_by_query import by_query
from pipelines.negatives.search.search_actors import kept
from pipelines.workspace.arrow_io import read_file
from pipelines.workspace.arrow_stages import ArrowStages
from pipelines.workspace.filesystem import Folder
from pipelines.workspace.progress_line import log_progress
from schemas.datasets import POSITIVES
from schemas.errors import DataError

FILE = "calibration.json"
TRUTH_TABLES = ("images", "passages")


def band_for(
    stages: ArrowStages, settings: MineHardNegatives, world: World, against: Against, how: How, model: str
) -> tuple[Guard, str]:
    """The guard with its band, and where the band comes from.

    Raises:
        DataError: a calibration is asked for, and there are no labels, or not enough.
    """
    folder = stages.workspace.folder
    if settings.labels.calibrate:
        planted = Planted(*_truth(settings.labels.truth, folder))
        found, histogram = _fitted(stages, settings, world, against, how, (model, planted))
        folder.write(FILE, found.to_json().encode())
        told = drawn(histogram, {"tau_min": found.tau_min, "tau_max": found.tau_max})
        return _banded(settings.guard, found), f"{told}\n{_told(found)}, fitted now"
    content = folder.read(FILE)
    if content is None or not settings.labels.use_stored or settings.guard.margin != MarginSettings():
        margin = settings.guard.margin.margin()
        return (
            settings.guard,
            f"band {margin.floor} to {margin.ceiling} ({settings.guard.margin.preset}), not fitted for this encoder",
        )
    try:
        found = Calibration.from_json(content.decode(), model)
    except DataError as error:
        log_progress(f"{FILE}: {error}")
        return settings.guard, "band as set; the stored calibration is of another encoder"
    return _banded(settings.guard, found), f"{_told(found)}, from {FILE}"


def _fitted(
    stages: ArrowStages,
    settings: MineHardNegatives,
    world: World,
    against: Against,
    how: How,
    encoder: tuple[str, Planted],
) -> tuple[Calibration, pa.Table]:
    """Fit on what the search finds and the earlier guards leave, for a sample of the queries."""
    model, planted = encoder
    log_progress("calibration: working")
    every = scored(world, stages.read(POSITIVES))
    some = sampled(every, settings.labels.queries)
    free = replace(against, guard=replace(settings.guard, margin=MarginSettings(preset="free")))
    held, answers = kept(free), by_query(world, every)

    def extra(block: Block) -> list[Any]:
        return [held, answers.of(block)]

    rows = pa.concat_tables(list(_or_nothing(offers(world, some, every, how, left, extra))))
    names = query_positives.unit_names(some).unique()
    item = world.items.column("item").combine_chunks()
    note = dict(zip(item.field("item_id").to_pylist(), item.field("note_id").to_pylist(), strict=True))
    sides = [[note[name] for name in rows.column(side).to_pylist()] for side in ("query_id", "candidate_id")]
    known = some.filter(pc.is_valid(some.column("similarity")))
    labels = Labels(
        queries=query_positives.units(rows, names),
        similarity=np.asarray(rows.column("similarity"), np.float64),
        relevant=planted.labels(*sides),
        positive_queries=query_positives.units(known, names),
        positives=np.asarray(known.column("similarity"), np.float64),
    )
    return calibrated(labels, model, settings.calibrate)


def _or_nothing(parts: Iterator[pa.Table]) -> Iterator[pa.Table]:
    yield CANDIDATES.empty_table()
    yield from parts


def _truth(truth: str | None, workspace: Folder) -> list[pa.Table]:
    folder = Folder(truth) if truth else workspace / "sample" / "truth"
    missing = [name for name in TRUTH_TABLES if folder.read(f"{name}.parquet") is None]
    if missing:
        raise DataError(
            f"labels.truth {folder.uri}: no {', '.join(f'{name}.parquet' for name in missing)}; calibration needs to be "
            "told which notes show the same: images.parquet (note_id, family), passages.parquet (source_note, target_note, "
            "host_note)"
        )
    return [read_file(f"{folder.uri}/{name}.parquet") for name in TRUTH_TABLES]


def _banded(guard: Guard, found: Calibration) -> Guard:
    return replace(guard, margin=MarginSettings(preset="free", floor=found.tau_min, ceiling=found.tau_max))


def _told(found: Calibration) -> str:
    return (
        f"band {found.tau_min:.3f} to {found.tau_max:.3f}: {found.false_in_band} of {found.in_band} labelled candidates false, "
        f"at most {found.upper:.4f} at {found.confidence:g} confidence"
    )
