"""The closing summary of jobs/judge_relevance.py, or its plan: pairs, calls, cost, failures, the next command."""

from collections import Counter
from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.flows.judge_relevance.flow import PAGE, JudgePlan, JudgeResult
from pipelines.flows.judge_relevance.settings import JudgeRelevance
from pipelines.judge.budget import Spending
from pipelines.judge.calibration.agreement_metrics import Interval
from pipelines.judge.calibration.evaluate import Evaluation
from pipelines.judge.select_pairs import SOURCES
from pipelines.workspace.arrow_stages import ArrowStages
from schemas.datasets import HARD_NEGATIVES, JUDGEMENTS

MAX_REASONS = 8
"""Most reasons, and most flags, in the summary."""


def plan(size: JudgePlan, settings: JudgeRelevance) -> str:
    """The size of a run; no request was sent."""
    limit = settings.budget.max_pairs
    within_budget = size.calls if limit is None else min(limit, size.calls)
    lines = [
        f"\nPlan for judge {size.model}: {len(size.pairs):,} pairs",
        *_sources(size.pairs),
        *_dropped(size.dropped),
        f"  {size.cached:>11,}  in the cache",
        f"  {size.calls:>11,}  calls to make, one per pair",
        *([f"  {within_budget:>11,}  of them within budget.max_pairs"] if within_budget < size.calls else []),
        *([f"  {size.controls:>11,}  additional calls at most, for the controls of --calibrate"] if size.controls else []),
        f"  {size.tokens:>11,}  prompt tokens, estimated",
        *([f"  {size.cost:>11,.2f}  estimated cost, at the preset's price"] if size.cost else []),
        "",
        "No request was sent. Next: the same command without --plan",
    ]
    return "\n".join(lines) + "\n"


def summary(stages: ArrowStages, result: JudgeResult) -> str:
    """The closing summary. Cost: reads some columns of judgements and negatives."""
    answers, folder = result.scores.answers, stages.workspace.folder.uri
    scored = len(answers) - pc.sum(pc.is_valid(answers.column("reason"))).as_py() if len(answers) else 0
    lines = [
        f"\nJudged in {folder} by {result.model}: {scored:,} of {len(result.pairs):,} pairs have a score",
        *_sources(result.pairs),
        "",
        f"  {result.scores.calls:>11,}  pairs judged now, and {result.calibration.control_calls:,} for the controls",
        f"  {result.scores.cached:>11,}  from the cache",
        *_dropped(result.dropped),
        *_spending(result.spending),
        *_failures(answers),
        "",
        result.calibration.message,
        *(_metrics(result.calibration.evaluation) if result.calibration.evaluation else []),
        *_grades(stages),
        "",
        f"Report: {folder}/{PAGE}",
        f"Next: {_next(stages, result)}",
    ]
    return "\n".join(lines) + "\n"


def _next(stages: ArrowStages, result: JudgeResult) -> str:
    """The next command: mining and judging alternate until no negative is called relevant and all have the judge's labels."""
    folder = stages.workspace.folder.uri
    calibration = result.calibration.accepted
    if calibration is None:
        again = f".venv/bin/python jobs/judge_relevance.py --workspace {folder} --calibrate labels.csv"
        return f"{again}; mining ignores a judge without a calibration"
    judged = stages.read(JUDGEMENTS, ["query_id", "candidate_id", "calibrated"])
    judged = judged.filter(pc.is_valid(judged.column("calibrated")))
    relevant = judged.filter(pc.greater_equal(judged.column("calibrated"), calibration.threshold))
    written = stages.read(HARD_NEGATIVES, ["query_id", "candidate_id", "label_from"])
    false_negatives = _count_in(written, relevant)
    unlabelled = _count_in(written.filter(pc.not_equal(pc.fill_null(written.column("label_from"), ""), "judge")), judged)
    mine = f".venv/bin/python jobs/mine_hard_negatives.py --workspace {folder}"
    if false_negatives:
        return f"{mine}; it replaces {false_negatives:,} that the judge calls relevant; then judge the new ones"
    if unlabelled:
        return f"{mine}; it uses the judge's labels for {unlabelled:,} negatives, and drops none"
    return f".venv/bin/python jobs/build_shards.py --workspace {folder}; no negative changes any more"


def _count_in(rows: pa.Table, others: pa.Table) -> int:
    """Count the rows with a query and candidate that are in the others."""
    one, other = (
        pc.binary_join_element_wise(t.column("query_id"), t.column("candidate_id"), "\n").combine_chunks()
        for t in (rows, others)
    )
    return int(np.asarray(pc.is_in(one, value_set=other), bool).sum())


def _metrics(evaluation: Evaluation) -> list[str]:
    rate, kappa, (sensitivity, specificity) = evaluation.rate, evaluation.kappa, evaluation.rates
    lines = [
        f"  ROC-AUC {evaluation.auc:.4f}; expected calibration error {evaluation.error_before:.4f} raw, "
        f"{evaluation.error_after:.4f} calibrated ({evaluation.error_floor:.4f} is what chance alone shows)",
        f"  kappa {kappa.value:.3f} ({kappa.low:.3f} to {kappa.high:.3f}) on {evaluation.labels:,} labels, "
        f"{evaluation.relevant:,} of them relevant",
        f"  sensitivity {_rate(sensitivity)}, specificity {_rate(specificity)}, the map fitted again in each draw",
        f"  relevant among the written negatives {_share(rate.value)} ({_share(rate.low)} to {_share(rate.high)}), corrected "
        "for the judge's errors",
        f"  {evaluation.ties.distinct:,} distinct scores; {evaluation.ties.tied:.1%} of the pairs share theirs",
    ]
    if (swap := evaluation.swap) and swap.pairs:
        lines.append(
            f"  swapped: {swap.pairs} scores change by {swap.mean:.4f} on average, {swap.flipped:.1%} of verdicts change"
        )
    if (blank := evaluation.blank) and blank.pairs:
        lines.append(f"  blank pictures: {blank.changed:.1%} of {blank.pairs} scores change, by {blank.mean:.4f} on average")
    return lines


def _grades(stages: ArrowStages) -> list[str]:
    grades = Counter(stages.read(JUDGEMENTS, ["grade"]).column("grade").to_pylist())
    counts = ", ".join(
        f"{name} {grades[k]:,}" for k, name in enumerate(("not relevant", "partly relevant", "mostly relevant", "same content"))
    )
    return [f"  grades: {counts}; no grade {grades[None]:,}"]


def _sources(pairs: pa.Table) -> list[str]:
    by = Counter(zip(pairs.column("task").to_pylist(), pairs.column("source").to_pylist(), strict=True))
    lines = []
    for task in sorted({task for task, _ in by}):
        counts = ", ".join(f"{by[task, source]:,} {source}" for source in SOURCES if by[task, source])
        lines.append(f"  {task:<15} {counts}")
    return lines


def _failures(answers: pa.Table) -> list[str]:
    lines = []
    for column, name in (("reason", "without a score"), ("flagged", "flagged")):
        counts = Counter(value for value in answers.column(column).to_pylist() if value)
        for value, count in counts.most_common(MAX_REASONS):
            lines.append(f"  {count:>11,}  {name}: {value}")
            lines += [f"  {'':>11}  such as: {detail}" for detail in [_detail(answers, value)] if column == "reason" and detail]
    return lines


def _detail(answers: pa.Table, reason: str) -> str | None:
    """One detail of a reason: the smallest, so that every run prints the same."""
    return pc.min(answers.filter(pc.equal(answers["reason"], reason))["detail"]).as_py()


def _dropped(dropped: Mapping[str, int]) -> list[str]:
    return [f"  {count:>11,}  not judged: {reason}" for reason, count in sorted(dropped.items())]


def _spending(spending: Spending | None) -> list[str]:
    if spending is None:
        return []
    return [
        f"  {spending.requests:>11,}  requests sent, including retries",
        f"  {spending.tokens:>11,}  prompt tokens",
        f"  {spending.cost:>11,.2f}  cost, at the preset's prices",
    ]


def _share(value: float) -> str:
    return f"{value:.2%}" if np.isfinite(value) else "unknown"


def _rate(one: Interval) -> str:
    value, low, high = (f"{number:.3f}" if np.isfinite(number) else "unknown" for number in (one.value, one.low, one.high))
    return f"{value} ({low} to {high})"
