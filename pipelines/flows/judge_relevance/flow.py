"""Judge relevance: which pairs, what is known, whom to ask, and what is published. Every decision is in the steps."""

import hashlib
from collections import Counter
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipelines.engines.ray.cluster import Machines
from pipelines.flows.judge_relevance.calibration_stage import Found, calibration_for, given_labels
from pipelines.flows.judge_relevance.inputs import Files, chunk_rows, earlier, files, pairs_of
from pipelines.flows.judge_relevance.judge_actors import bench
from pipelines.flows.judge_relevance.score_pairs import Answers, Asking, Budget, ask, failed, unknown
from pipelines.flows.judge_relevance.settings import JudgeRelevance
from pipelines.judge.budget import Bill
from pipelines.judge.calibration.report_page import Shown, page
from pipelines.judge.grades import all_judgements
from pipelines.judge.judge_chunk import unspelled
from pipelines.judge.preset import load_spec
from pipelines.judge.protocol import PAIRS
from pipelines.judge.score_cache import Cache, cache_of
from pipelines.judge.select_pairs import Asked
from pipelines.judge.token_estimate import prompt_tokens
from pipelines.workspace.arrow_stages import ArrowOutput, ArrowStages
from pipelines.workspace.filesystem import Folder, absolute, canonical
from pipelines.workspace.manifest import fingerprint
from pipelines.workspace.stage_plan import Plan
from schemas.datasets import JUDGEMENTS

PAGE = "judge_report.html"
CACHE = "judge_cache"
MILLION = 1e6
WORTH = ("label", "band", "positive", "rule", "earlier")
"""In which order a budget is spent."""


class Planned(NamedTuple):
    """What a run would ask."""

    model: str
    pairs: pa.Table
    """ASKED."""
    dropped: dict[str, int]
    known: int
    calls: int
    tokens: int
    """Estimated, of the prompts."""
    cost: float
    """Of them, by the preset's price."""
    controls: int
    """At most so many calls more, of the controls of a calibration."""


class Done(NamedTuple):
    """What the last words need beside the manifests."""

    model: str
    pairs: pa.Table
    """ASKED: what the table holds of this judge."""
    answers: Answers
    dropped: dict[str, int]
    found: Found
    bill: Bill | None


def judge_relevance(stages: ArrowStages, settings: JudgeRelevance, machines: Machines) -> Planned | Done:
    """Every stage of the job, in order; or, with `plan`, what it would be."""
    labels = given_labels(settings)
    what = pairs_of(stages, settings, labels)
    judge = bench(stages, load_spec(settings.judge.name, settings.judge.set, settings.judge.path), machines)
    pictures = files(stages, judge.told)
    rows = chunk_rows(what.pairs, pictures)
    cache = _cache(settings, judge.name())
    before = failed(earlier(stages), cache.model, cache.prompt_hash)
    asking = Asking(judge, cache, settings, Budget(settings.budget.max_pairs), before)
    if settings.plan:
        return _planned(asking, what, rows, pictures)
    with judge:
        kept, answers = _answered(asking, what.pairs, rows)
        found = calibration_for(stages, asking, kept, answers.said, labels, pictures)
        bill = judge.bill()
    asking.cache.gather()
    _publish(stages, settings, asking.cache, answers.said, found)
    if found.measured or not found.calibration:
        shown = Shown(asking.cache.model, asking.cache.prompt_hash, found.told, found.measured)
        stages.workspace.folder.write(PAGE, page(shown, kept, answers.said, found.labels).encode())
    return Done(asking.cache.model, kept, answers, what.dropped, found, bill)


def _cache(settings: JudgeRelevance, name: str) -> Cache:
    workspace = absolute(settings.workspace)
    folder = Folder(absolute(settings.cache.folder)) if settings.cache.folder else Folder(workspace) / CACHE
    return cache_of(folder, *unspelled(name), canonical(workspace))


def _planned(asking: Asking, what: Asked, rows: pa.Table, pictures: Files) -> Planned:
    known = asking.cache.known(rows)
    asks = rows.filter(pa.array(unknown(rows, known) & _askable(what.pairs)))
    spec, controls = asking.bench.spec, 2 * asking.settings.labels.controls if asking.settings.labels.calibrate else 0
    tokens = prompt_tokens(spec, asks.select(PAIRS.names), pictures.sizes)
    cost = tokens * spec.server.price_in / MILLION
    return Planned(asking.cache.model, what.pairs, what.dropped, len(known), len(asks), tokens, cost, controls)


def _answered(asking: Asking, pairs: pa.Table, rows: pa.Table) -> tuple[pa.Table, Answers]:
    """The pairs that there is an answer to, and the answers. Earlier pairs come from the cache or not at all."""
    known = asking.cache.known(rows)
    kept = pa.array(_askable(pairs) | ~unknown(rows, known))
    pairs, rows = pairs.filter(kept), rows.filter(kept)
    return pairs, ask(asking, rows, _worth(pairs), known)


def _askable(pairs: pa.Table) -> NDArray[np.bool_]:
    return np.asarray(pc.not_equal(pairs.column("source"), "earlier"), bool)


def _worth(pairs: pa.Table) -> NDArray[np.int64]:
    """[n] the place of each pair when not all can be asked: labels, then the nearest negatives, positives, rule-made ones."""
    first = np.asarray(pc.index_in(pairs.column("source"), value_set=pa.array(WORTH)), np.int64)
    similarity = np.nan_to_num(np.asarray(pairs.column("similarity").to_numpy(), np.float64), nan=1.0)
    place = np.empty(len(pairs), np.int64)
    place[np.lexsort((-similarity, first))] = np.arange(len(pairs))
    return place


def _publish(stages: ArrowStages, settings: JudgeRelevance, judge: Cache, said: pa.Table, found: Found) -> None:
    """JUDGEMENTS: of this judge what was answered, of others what stands there."""

    def make(_: Plan) -> list[ArrowOutput]:
        whole = all_judgements(said, (judge.model, judge.prompt_hash), found.calibration, settings.grades, others)
        reasons = Counter(reason for reason in said.column("reason").to_pylist() if reason)
        report = {"judge": judge.model, "prompt_hash": judge.prompt_hash, "calibration": found.told, "refused": dict(reasons)}
        return [ArrowOutput(parts=[whole], report=report)]

    before = earlier(stages)
    ours = pc.and_(pc.equal(before.column("judge"), judge.model), pc.equal(before.column("prompt_hash"), judge.prompt_hash))
    others = before.filter(pc.invert(ours)) if settings.keep_others else before.slice(0, 0)
    stages.run(
        [JUDGEMENTS],
        make,
        inputs={
            "answers": _digest(said),
            "judge": f"{judge.model} {judge.prompt_hash}",
            "others": _digest(others),
            "calibration": fingerprint(found.calibration.to_json() if found.calibration else None),
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
