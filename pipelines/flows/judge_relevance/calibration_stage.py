"""The calibration that is used: fitted now on labels, fitted before for this judge and question, or none."""

import hashlib
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipelines.flows.judge_relevance.inputs import Files, chunk_rows, components, no_labels
from pipelines.flows.judge_relevance.score_pairs import Answers, Asking, ask
from pipelines.flows.judge_relevance.settings import JudgeRelevance
from pipelines.judge.calibration.control_questions import Control, pictured, swapped
from pipelines.judge.calibration.evaluate import Labelled, Measured, measured
from pipelines.judge.calibration.fit import Calibration
from pipelines.judge.calibration.planted_labels import Planted
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


class Found(NamedTuple):
    """What calibration gave."""

    calibration: Calibration | None
    """None: the judge is not calibrated."""
    told: str
    """Where it comes from, or why there is none."""
    measured: Measured | None
    """Where it was fitted now."""
    asked: int
    """Calls of the controls."""
    labels: NDArray[np.int8]
    """[pairs] 1: relevant, 0: not, -1: nobody says; empty where none were read."""


NO_LABELS = np.zeros(0, np.int8)


def given_labels(settings: JudgeRelevance) -> pa.Table:
    """LABELS_IN of a file of labels; none where there is none, or the labels are a corpus's truth.

    Raises:
        DataError: it cannot be read, or is no table of labels.
    """
    named = settings.labels.calibrate
    return read_labels(str(named)) if _is_file(named) else no_labels()


def _is_file(named: str | None) -> bool:
    """Whether `--calibrate` names a file of labels, and no folder with a truth."""
    return named is not None and named.lower().endswith(SUFFIXES)


def calibration_for(
    stages: ArrowStages, asking: Asking, pairs: pa.Table, said: pa.Table, labels: pa.Table, pictures: Files
) -> Found:
    """Fit, or read.

    Args:
        stages: of the workspace.
        asking: the judge.
        pairs: ASKED.
        said: their SAID.
        labels: LABELS_IN of a file.
        pictures: of the workspace.

    Raises:
        DataError: there are no labels, or not enough.
    """
    if asking.settings.labels.calibrate is None:
        return _stored(stages, asking)
    log_progress("calibration: working")
    known = _labels(stages, asking.settings, pairs, labels)
    scores = np.asarray(said.column("score").to_numpy(), np.float64)
    use = np.flatnonzero((known >= 0) & np.isfinite(scores))
    some, relevant = pairs.take(pa.array(use)), known[use] == 1
    chosen = sample(some, relevant, asking.settings.labels.controls)
    swap, first = _control(asking, some, scores[use], relevant, chosen, pictures, blank=False)
    blank, second = (
        _control(asking, some, scores[use], relevant, chosen, pictures, blank=True) if asking.bench.looks else (None, 0)
    )
    negatives = np.asarray(pc.is_in(pairs.column("source"), value_set=pa.array(["band", "rule"])), bool)
    labelled = Labelled(
        scores=scores[use],
        relevant=relevant,
        groups=components(stages, some),
        tasks=np.array(some.column("task").to_pylist(), str),
        negatives=scores[negatives & np.isfinite(scores)],
    )
    made, found = measured(labelled, swap, blank, asking.settings.calibrate, (asking.cache.model, asking.cache.prompt_hash))
    stages.workspace.folder.write(FILE, made.to_json().encode())
    told = f"{'calibrated now' if made.usable else 'REFUSED'}: {made.why}"
    return Found(made if made.usable else None, told, found, first + second, known)


def sample(pairs: pa.Table, relevant: NDArray[np.bool_], count: int) -> NDArray[np.int64]:
    """Numbers of at most `count` pairs, half of them relevant where there are so many, drawn by a hash of their ids."""
    ids = zip(pairs.column("query_id").to_pylist(), pairs.column("candidate_id").to_pylist(), strict=True)
    drawn = np.argsort([hashlib.sha256(f"{a} {b}".encode()).hexdigest() for a, b in ids], kind="stable")
    yes, no = drawn[relevant[drawn]], drawn[~relevant[drawn]]
    half = min(len(yes), max(count // 2, count - len(no)))
    return np.sort(np.concatenate([yes[:half], no[: count - half]])).astype(np.int64)


def _stored(stages: ArrowStages, asking: Asking) -> Found:
    content = stages.workspace.folder.read(FILE)
    if content is None:
        return Found(None, "not calibrated: --calibrate labels.csv makes its scores probabilities", None, 0, NO_LABELS)
    try:
        found = Calibration.from_json(content.decode(), asking.cache.model, asking.cache.prompt_hash)
    except DataError as error:
        log_progress(f"{FILE}: {error}")
        return Found(None, f"not calibrated: {FILE} is of another judge or question; --calibrate again", None, 0, NO_LABELS)
    if not found.usable:
        return Found(None, f"not calibrated: refused when it was fitted: {found.why}", None, 0, NO_LABELS)
    return Found(found, f"calibrated before ({FILE}): {found.why}", None, 0, NO_LABELS)


def _labels(stages: ArrowStages, settings: JudgeRelevance, pairs: pa.Table, labels: pa.Table) -> NDArray[np.int8]:
    """[n] 1: relevant, 0: not, -1: nobody says."""
    if len(labels) or _is_file(settings.labels.calibrate):
        both = [pc.binary_join_element_wise(t.column("query_id"), t.column("candidate_id"), "\n") for t in (pairs, labels)]
        at = pc.index_in(both[0], value_set=both[1].combine_chunks()).combine_chunks()
        return np.asarray(pc.fill_null(labels.column("relevant").combine_chunks().take(at).cast(pa.int8()), -1), np.int8)
    folder = stages.workspace.folder / "sample" / "truth"
    if settings.labels.calibrate != SAMPLE:
        folder = Folder(str(settings.labels.calibrate))
    verdicts = _truth(folder, stages).labels(pairs)
    return np.array([-1 if one is None else int(one) for one in verdicts.relevant], np.int8)


def _truth(folder: Folder, stages: ArrowStages) -> Planted:
    there = set(folder.parquet_files())
    missing = [f"{name}.parquet" for name in TRUTH if f"{name}.parquet" not in there]
    if missing:
        raise DataError(
            f"--calibrate {folder.uri}: no {', '.join(missing)}; wanted a .csv, .jsonl or .parquet file of labels "
            "(query_id, candidate_id, relevant), a folder with images.parquet (image_id, family) and passages.parquet "
            "(source_note, target_note, passage), or `sample`"
        )
    images, passages = (read_file(f"{folder.uri}/{name}.parquet") for name in TRUTH)
    aliases = read_file(f"{folder.uri}/aliases.parquet") if "aliases.parquet" in there else None
    return Planted(images, passages, aliases, stages.read_or_empty(ANNOTATIONS))


def _control(
    asking: Asking,
    pairs: pa.Table,
    scores: NDArray[np.float64],
    relevant: NDArray[np.bool_],
    chosen: NDArray[np.int64],
    pictures: Files,
    blank: bool,
) -> tuple[Control | None, int]:
    """The chosen pairs asked once more, and how many calls that took."""
    numbered = pairs.select(pairs.column_names).append_column("number", pa.array(np.arange(len(pairs))))
    able = pictured(numbered.take(pa.array(chosen))) if blank else swapped(numbered.take(pa.array(chosen)))
    if not len(able):
        return None, 0
    rows = chunk_rows(able, pictures, blank)
    answers: Answers = ask(asking, rows)
    at = np.asarray(able.column("number"), np.int64)
    after = np.asarray(answers.said.column("score").to_numpy(), np.float64)
    return Control(scores[at], after, relevant[at]), answers.asked
