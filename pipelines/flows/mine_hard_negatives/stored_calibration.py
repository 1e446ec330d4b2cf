"""The similarity band in use: fitted now, fitted earlier for this encoder, or taken from the settings."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.flows.mine_hard_negatives.negatives_stage import SearchInputs
from pipelines.flows.mine_hard_negatives.settings import MineHardNegatives
from pipelines.negatives import query_positives
from pipelines.negatives.calibration.fit_band import FittedBand, LabelledCandidates, fit_band
from pipelines.negatives.calibration.planted_labels import PlantedRelations
from pipelines.negatives.calibration.similarity_histogram import histogram_text
from pipelines.negatives.filters.false_negative_filter import CANDIDATES
from pipelines.negatives.filters.filter_block import candidates_to_label, sample_units
from pipelines.negatives.filters.score_margins import DEFAULT, MarginSettings
from pipelines.negatives.filters.settings import Guard
from pipelines.negatives.search.candidate_search import Block, scored_positives, search_blocks
from pipelines.negatives.search.rows_by_query import rows_by_query
from pipelines.negatives.search.search_actors import put
from pipelines.workspace.arrow_io import read_file
from pipelines.workspace.filesystem import Folder
from pipelines.workspace.progress_line import log_progress
from schemas.errors import DataError

FILE = "calibration.json"
TRUTH_TABLES = ("images", "passages")


def guard_with_band(
    folder: Folder, settings: MineHardNegatives, inputs: SearchInputs, own: tuple[float, float] | None
) -> tuple[Guard, str]:
    """Fit or look up the band, or the margin that replaces it.

    Args:
        folder: the workspace, for calibration.json and the sample's truth.
        settings: of the job.
        inputs: of the search.
        own: the band of the encoder's preset.

    Returns:
        The guard with its band, and a line for the summary that says where the band comes from.

    Raises:
        DataError: a calibration is requested, and there are no labels, or not enough.
    """
    if settings.labels.calibrate:
        planted = PlantedRelations(*_truth_tables(settings.labels.truth, folder))
        band, histogram = _fit(settings, inputs, planted)
        folder.write(FILE, band.to_json().encode())
        text = histogram_text(histogram, {"tau_min": band.tau_min, "tau_max": band.tau_max})
        return _with_band(settings.guard, band), f"{text}\n{_description(band)}, fitted now"
    if settings.guard.margin != MarginSettings():
        return settings.guard, _limits_in_words(settings)
    stored = _stored_band(folder, inputs.model) if settings.labels.use_stored else None
    if stored is not None:
        return _with_band(settings.guard, stored), f"{_description(stored)}, from {FILE}"
    if own is not None:
        margin = MarginSettings(preset="free", floor=own[0], ceiling=own[1])
        return replace(settings.guard, margin=margin), f"band {own[0]:g} to {own[1]:g}, of the encoder's preset"
    return settings.guard, _limits_in_words(settings)


def _stored_band(folder: Folder, model: str) -> FittedBand | None:
    """The band of calibration.json, unless it was fitted for another encoder."""
    content = folder.read(FILE)
    try:
        return FittedBand.from_json(content.decode(), model) if content is not None else None
    except DataError as error:
        log_progress(f"{FILE}: {error}")
        return None


def _limits_in_words(settings: MineHardNegatives) -> str:
    margin, ranks = settings.guard.margin.margin(), settings.ranks
    preset = settings.guard.margin.preset or DEFAULT
    if margin.below_positive:
        return f"ranks {ranks.first} to {ranks.last} below the positive ({preset}), among {ranks.pool:,} items a task at most"
    return f"band {margin.floor} to {margin.ceiling} ({preset}), not fitted for this encoder"


def _fit(settings: MineHardNegatives, inputs: SearchInputs, planted: PlantedRelations) -> tuple[FittedBand, pa.Table]:
    """Fit the band on the candidates that the other checks keep, for a sample of the queries; also the HISTOGRAM."""
    log_progress("calibration: working")
    encoded = inputs.encoded
    scored = scored_positives(encoded, inputs.positives)
    sample = sample_units(scored, settings.labels.queries)
    free = replace(settings.guard, margin=MarginSettings(preset="free"))
    context, scored_of = put(replace(inputs.context, guard=free)), rows_by_query(encoded, scored)

    def arguments(block: Block) -> list[Any]:
        return [context, scored_of.of(block)]

    rows = pa.concat_tables(
        list(_after_empty(search_blocks(encoded, sample, scored, inputs.plan, candidates_to_label, arguments)))
    )
    names = query_positives.unit_names(sample).unique()
    item = encoded.items.column("item").combine_chunks()
    note = dict(zip(item.field("item_id").to_pylist(), item.field("note_id").to_pylist(), strict=True))
    notes = [[note[name] for name in rows.column(side).to_pylist()] for side in ("query_id", "candidate_id")]
    positives = sample.filter(pc.is_valid(sample.column("similarity")))
    labels = LabelledCandidates(
        queries=query_positives.units(rows, names),
        similarity=np.asarray(rows.column("similarity"), np.float64),
        relevant=planted.labels(*notes),
        positive_queries=query_positives.units(positives, names),
        positives=np.asarray(positives.column("similarity"), np.float64),
    )
    return fit_band(labels, inputs.model, settings.calibrate)


def _after_empty(parts: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """The parts after a table without rows, so that no part at all can be concatenated too."""
    yield CANDIDATES.empty_table()
    yield from parts


def _truth_tables(truth: str | None, workspace: Folder) -> list[pa.Table]:
    folder = Folder(truth) if truth else workspace / "sample" / "truth"
    missing = [name for name in TRUTH_TABLES if folder.read(f"{name}.parquet") is None]
    if missing:
        raise DataError(
            f"labels.truth {folder.uri}: no {', '.join(f'{name}.parquet' for name in missing)}; calibration needs the notes "
            "that show the same: images.parquet (note_id, family), passages.parquet (source_note, target_note, host_note)"
        )
    return [read_file(f"{folder.uri}/{name}.parquet") for name in TRUTH_TABLES]


def _with_band(guard: Guard, band: FittedBand) -> Guard:
    return replace(guard, margin=MarginSettings(preset="free", floor=band.tau_min, ceiling=band.tau_max))


def _description(band: FittedBand) -> str:
    return (
        f"band {band.tau_min:.3f} to {band.tau_max:.3f}: {band.false_in_band} of {band.in_band} labelled candidates false, "
        f"at most {band.upper:.4f} at {band.confidence:g} confidence"
    )
