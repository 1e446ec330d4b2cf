"""The calibration of the run: fitted on labels, stored by an earlier run for this judge and question, or none."""

import hashlib
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipelines.flows.judge_relevance.inputs import WorkspacePictures, chunk_rows, components, no_labels
from pipelines.flows.judge_relevance.score_pairs import JudgeRun, score_pairs
from pipelines.flows.judge_relevance.settings import JudgeRelevance
from pipelines.judge.calibration.control_questions import ControlScores, pairs_with_pictures, swap_pairs
from pipelines.judge.calibration.evaluate import Evaluation, LabelledPairs, evaluate
from pipelines.judge.calibration.fit import ScoreCalibration
from pipelines.judge.calibration.planted_labels import PlantedRelevance
from pipelines.workspace.arrow_io import read_file
from pipelines.workspace.arrow_stages import ArrowStages
from pipelines.workspace.filesystem import Folder
from pipelines.workspace.label_files import SUFFIXES, read_labels
from pipelines.workspace.progress_line import log_progress
from schemas.datasets import ANNOTATIONS
from schemas.errors import DataError

FILE = "judge_calibration.json"
SAMPLE = "sample"
TRUTH = ("images", "passages")


class CalibrationResult(NamedTuple):
    """The calibration of a run."""

    accepted: ScoreCalibration | None
    """None: the judge is not calibrated."""
    message: str
    """The origin of the calibration, or why there is none."""
    evaluation: Evaluation | None
    """None: the calibration was not fitted in this run."""
    control_calls: int
    """Pairs that were sent to the judge for the controls."""
    labels: NDArray[np.int8]
    """[pairs] 1: relevant, 0: not, -1: unlabelled; empty if no labels were read."""


NO_LABELS = np.zeros(0, np.int8)


def labels_from_file(settings: JudgeRelevance) -> pa.Table:
    """LABELS_IN of a file of labels; empty if there is none, or the labels are the truth of a corpus.

    Raises:
        DataError: the file cannot be read, or is not a table of labels.
    """
    source = settings.labels.calibrate
    return read_labels(str(source)) if _is_file(source) else no_labels()


def _is_file(source: str | None) -> bool:
    """Whether `--calibrate` is a file of labels, and not a folder with a truth."""
    return source is not None and source.lower().endswith(SUFFIXES)


def calibrate(
    stages: ArrowStages,
    run: JudgeRun,
    pairs: pa.Table,
    answers: pa.Table,
    labels: pa.Table,
    pictures: WorkspacePictures,
) -> CalibrationResult:
    """Fit a calibration, or read the stored one.

    Args:
        stages: of the workspace.
        run: the judge, its cache and budget.
        pairs: PAIRS_TO_JUDGE.
        answers: their ANSWERS.
        labels: LABELS_IN of a file.
        pictures: of the workspace.

    Raises:
        DataError: there are no labels, or not enough.
    """
    if run.settings.labels.calibrate is None:
        return _stored(stages, run)
    log_progress("calibration: working")
    label = _labels(stages, run.settings, pairs, labels)
    scores = np.asarray(answers.column("score").to_numpy(), np.float64)
    usable = np.flatnonzero((label >= 0) & np.isfinite(scores))
    labelled, relevant = pairs.take(pa.array(usable)), label[usable] == 1
    sample = control_sample(labelled, relevant, run.settings.labels.controls)
    swap, swap_calls = _control(run, labelled, scores[usable], relevant, sample, pictures, blank=False)
    blank, blank_calls = (
        _control(run, labelled, scores[usable], relevant, sample, pictures, blank=True)
        if run.judge.backend.reads_pictures
        else (None, 0)
    )
    negatives = np.asarray(pc.is_in(pairs.column("source"), value_set=pa.array(["band", "rule"])), bool)
    labelled_pairs = LabelledPairs(
        scores=scores[usable],
        relevant=relevant,
        groups=components(stages, labelled),
        tasks=np.array(labelled.column("task").to_pylist(), str),
        negatives=scores[negatives & np.isfinite(scores)],
    )
    names = (run.cache.model, run.cache.prompt_hash)
    fitted, evaluation = evaluate(labelled_pairs, swap, blank, run.settings.calibrate, names)
    stages.workspace.folder.write(FILE, fitted.to_json().encode())
    message = f"{'calibrated now' if fitted.usable else 'REJECTED'}: {fitted.why}"
    return CalibrationResult(fitted if fitted.usable else None, message, evaluation, swap_calls + blank_calls, label)


def control_sample(pairs: pa.Table, relevant: NDArray[np.bool_], count: int) -> NDArray[np.int64]:
    """Row numbers of at most `count` pairs, half of them relevant if possible, sampled by a hash of their ids."""
    ids = zip(pairs.column("query_id").to_pylist(), pairs.column("candidate_id").to_pylist(), strict=True)
    drawn = np.argsort([hashlib.sha256(f"{a} {b}".encode()).hexdigest() for a, b in ids], kind="stable")
    yes, no = drawn[relevant[drawn]], drawn[~relevant[drawn]]
    half = min(len(yes), max(count // 2, count - len(no)))
    return np.sort(np.concatenate([yes[:half], no[: count - half]])).astype(np.int64)


def _stored(stages: ArrowStages, run: JudgeRun) -> CalibrationResult:
    content = stages.workspace.folder.read(FILE)
    if content is None:
        return _none("not calibrated: --calibrate labels.csv maps its scores to probabilities")
    try:
        stored = ScoreCalibration.from_json(content.decode(), run.cache.model, run.cache.prompt_hash)
    except DataError as error:
        log_progress(f"{FILE}: {error}")
        return _none(f"not calibrated: {FILE} belongs to another judge or question; run with --calibrate again")
    if not stored.usable:
        return _none(f"not calibrated: rejected when it was fitted: {stored.why}")
    return CalibrationResult(stored, f"calibrated before ({FILE}): {stored.why}", None, 0, NO_LABELS)


def _none(message: str) -> CalibrationResult:
    return CalibrationResult(None, message, None, 0, NO_LABELS)


def _labels(stages: ArrowStages, settings: JudgeRelevance, pairs: pa.Table, labels: pa.Table) -> NDArray[np.int8]:
    """[n] 1: relevant, 0: not, -1: unlabelled."""
    if len(labels) or _is_file(settings.labels.calibrate):
        both = [pc.binary_join_element_wise(t.column("query_id"), t.column("candidate_id"), "\n") for t in (pairs, labels)]
        at = pc.index_in(both[0], value_set=both[1].combine_chunks()).combine_chunks()
        return np.asarray(pc.fill_null(labels.column("relevant").combine_chunks().take(at).cast(pa.int8()), -1), np.int8)
    folder = stages.workspace.folder / "sample" / "truth"
    if settings.labels.calibrate != SAMPLE:
        folder = Folder(str(settings.labels.calibrate))
    planted = _truth(folder, stages).labels(pairs)
    return np.array([-1 if one is None else int(one) for one in planted.relevant], np.int8)


def _truth(folder: Folder, stages: ArrowStages) -> PlantedRelevance:
    files = set(folder.parquet_files())
    missing = [f"{name}.parquet" for name in TRUTH if f"{name}.parquet" not in files]
    if missing:
        raise DataError(
            f"--calibrate {folder.uri}: no {', '.join(missing)}; expected a .csv, .jsonl or .parquet file of labels "
            "(query_id, candidate_id, relevant), a folder with images.parquet (image_id, family) and passages.parquet "
            "(source_note, target_note, passage), or `sample`"
        )
    images, passages = (read_file(f"{folder.uri}/{name}.parquet") for name in TRUTH)
    aliases = read_file(f"{folder.uri}/aliases.parquet") if "aliases.parquet" in files else None
    return PlantedRelevance(images, passages, aliases, stages.read_or_empty(ANNOTATIONS))


def _control(
    run: JudgeRun,
    pairs: pa.Table,
    scores: NDArray[np.float64],
    relevant: NDArray[np.bool_],
    sample: NDArray[np.int64],
    pictures: WorkspacePictures,
    blank: bool,
) -> tuple[ControlScores | None, int]:
    """Judge the sampled pairs again, swapped or blank; with the number of calls."""
    numbered = pairs.select(pairs.column_names).append_column("number", pa.array(np.arange(len(pairs))))
    sampled = numbered.take(pa.array(sample))
    control = pairs_with_pictures(sampled) if blank else swap_pairs(sampled)
    if not len(control):
        return None, 0
    result = score_pairs(run, chunk_rows(control, pictures, blank))
    at = np.asarray(control.column("number"), np.int64)
    after = np.asarray(result.answers.column("score").to_numpy(), np.float64)
    return ControlScores(scores[at], after, relevant[at]), result.calls
