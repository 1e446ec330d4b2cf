"""jobs/judge_relevance.py: select pairs, look up cached answers, judge the rest, calibrate, publish."""

import hashlib
from collections import Counter
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipelines.engines.ray.cluster import Machines
from pipelines.flows.judge_relevance.calibration_stage import CalibrationResult, calibrate, labels_from_file
from pipelines.flows.judge_relevance.inputs import (
    WorkspacePictures,
    chunk_rows,
    earlier_judgements,
    select_workspace_pairs,
    workspace_pictures,
)
from pipelines.flows.judge_relevance.judge_actors import judge_pool
from pipelines.flows.judge_relevance.score_pairs import (
    JudgeRun,
    PairBudget,
    PairScores,
    failed_pairs,
    not_cached,
    score_pairs,
)
from pipelines.flows.judge_relevance.settings import JudgeRelevance
from pipelines.judge.budget import Spending
from pipelines.judge.calibration.report_page import ReportHeader, page
from pipelines.judge.grades import all_judgements
from pipelines.judge.judge_chunk import from_model_key
from pipelines.judge.preset import load_spec
from pipelines.judge.protocol import PAIRS
from pipelines.judge.score_cache import ScoreCache, cache_of
from pipelines.judge.select_pairs import PairSelection
from pipelines.judge.token_estimate import prompt_tokens
from pipelines.workspace.arrow_stages import ArrowOutput, ArrowStages
from pipelines.workspace.filesystem import Folder, absolute, canonical
from pipelines.workspace.manifest import fingerprint
from pipelines.workspace.stage_plan import Plan
from schemas.datasets import JUDGEMENTS

PAGE = "judge_report.html"
CACHE = "judge_cache"
MILLION = 1e6
PRIORITY = ("label", "band", "positive", "rule", "earlier")
"""Sources of pairs in the order in which a budget is spent."""


class JudgePlan(NamedTuple):
    """The size of a run, before any request."""

    model: str
    pairs: pa.Table
    """PAIRS_TO_JUDGE."""
    dropped: dict[str, int]
    cached: int
    """Pairs in the cache."""
    calls: int
    """Pairs to send to the judge."""
    tokens: int
    """Prompt tokens, estimated."""
    cost: float
    """Cost of the prompt tokens, by the preset's price."""
    controls: int
    """Most additional calls for the controls of a calibration."""


class JudgeResult(NamedTuple):
    """What the closing summary needs in addition to the manifests."""

    model: str
    pairs: pa.Table
    """PAIRS_TO_JUDGE: the pairs of this judge in JUDGEMENTS."""
    scores: PairScores
    dropped: dict[str, int]
    calibration: CalibrationResult
    spending: Spending | None


def judge_relevance(stages: ArrowStages, settings: JudgeRelevance, machines: Machines) -> JudgePlan | JudgeResult:
    """Every stage of the job, in order; with `plan`, only the size of the run."""
    labels = labels_from_file(settings)
    selection = select_workspace_pairs(stages, settings, labels)
    judge = judge_pool(stages, load_spec(settings.judge.name, settings.judge.set, settings.judge.path), machines)
    pictures = workspace_pictures(stages, judge.content_hash)
    rows = chunk_rows(selection.pairs, pictures)
    cache = _cache(settings, judge.name())
    failed = failed_pairs(earlier_judgements(stages), cache.model, cache.prompt_hash)
    run = JudgeRun(judge, cache, settings, PairBudget(settings.budget.max_pairs), failed)
    if settings.plan:
        return _plan(run, selection, rows, pictures)
    with judge:
        pairs, scores = _score(run, selection.pairs, rows)
        calibration = calibrate(stages, run, pairs, scores.answers, labels, pictures)
        spending = judge.spending()
    cache.merge()
    _publish(stages, settings, cache, scores.answers, calibration)
    if calibration.evaluation or not calibration.accepted:
        header = ReportHeader(cache.model, cache.prompt_hash, calibration.message, calibration.evaluation)
        stages.workspace.folder.write(PAGE, page(header, pairs, scores.answers, calibration.labels).encode())
    return JudgeResult(cache.model, pairs, scores, selection.dropped, calibration, spending)


def _cache(settings: JudgeRelevance, model_key: str) -> ScoreCache:
    workspace = absolute(settings.workspace)
    folder = Folder(absolute(settings.cache.folder)) if settings.cache.folder else Folder(workspace) / CACHE
    return cache_of(folder, *from_model_key(model_key), canonical(workspace))


def _plan(run: JudgeRun, selection: PairSelection, rows: pa.Table, pictures: WorkspacePictures) -> JudgePlan:
    cached = run.cache.lookup(rows)
    to_send = rows.filter(pa.array(not_cached(rows, cached) & _sendable(selection.pairs)))
    spec, controls = run.judge.spec, 2 * run.settings.labels.controls if run.settings.labels.calibrate else 0
    tokens = prompt_tokens(spec, to_send.select(PAIRS.names), pictures.sizes) if run.judge.backend.asks_a_model else 0
    cost = tokens * spec.server.price_in / MILLION
    return JudgePlan(run.cache.model, selection.pairs, selection.dropped, len(cached), len(to_send), tokens, cost, controls)


def _score(run: JudgeRun, pairs: pa.Table, rows: pa.Table) -> tuple[pa.Table, PairScores]:
    """The pairs of this run and their answers. Pairs of earlier runs are only looked up in the cache."""
    cached = run.cache.lookup(rows)
    kept = pa.array(_sendable(pairs) | ~not_cached(rows, cached))
    pairs, rows = pairs.filter(kept), rows.filter(kept)
    return pairs, score_pairs(run, rows, _priority(pairs), cached)


def _sendable(pairs: pa.Table) -> NDArray[np.bool_]:
    return np.asarray(pc.not_equal(pairs.column("source"), "earlier"), bool)


def _priority(pairs: pa.Table) -> NDArray[np.int64]:
    """[n] the rank of each pair under a budget: labels, then the most similar negatives, positives, rule-made negatives."""
    first = np.asarray(pc.index_in(pairs.column("source"), value_set=pa.array(PRIORITY)), np.int64)
    similarity = np.nan_to_num(np.asarray(pairs.column("similarity").to_numpy(), np.float64), nan=1.0)
    rank = np.empty(len(pairs), np.int64)
    rank[np.lexsort((-similarity, first))] = np.arange(len(pairs))
    return rank


def _publish(
    stages: ArrowStages, settings: JudgeRelevance, judge: ScoreCache, answers: pa.Table, calibration: CalibrationResult
) -> None:
    """JUDGEMENTS: the answers of this judge, and the published rows of others."""

    def make(_: Plan) -> list[ArrowOutput]:
        whole = all_judgements(answers, (judge.model, judge.prompt_hash), calibration.accepted, settings.grades, others)
        reasons = Counter(reason for reason in answers.column("reason").to_pylist() if reason)
        report = {
            "judge": judge.model,
            "prompt_hash": judge.prompt_hash,
            "calibration": calibration.message,
            "refused": dict(reasons),
        }
        return [ArrowOutput(parts=[whole], report=report)]

    before = earlier_judgements(stages)
    ours = pc.and_(pc.equal(before.column("judge"), judge.model), pc.equal(before.column("prompt_hash"), judge.prompt_hash))
    others = before.filter(pc.invert(ours)) if settings.keep_others else before.slice(0, 0)
    stages.run(
        [JUDGEMENTS],
        make,
        inputs={
            "answers": _digest(answers),
            "judge": f"{judge.model} {judge.prompt_hash}",
            "others": _digest(others),
            "calibration": fingerprint(calibration.accepted.to_json() if calibration.accepted else None),
        },
        settings={"grades": settings.grades},
        code=all_judgements,
    )


def _digest(rows: pa.Table) -> str:
    """A hash of the rows."""
    digest = hashlib.sha256()
    for batch in rows.to_batches(max_chunksize=65_536):
        digest.update(repr(batch.to_pylist()).encode())
    return digest.hexdigest()[:16]
