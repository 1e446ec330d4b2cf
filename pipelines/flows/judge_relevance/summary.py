"""What jobs/judge_relevance.py says: the plan before, or what it did, what it cost, what was refused and what to run next."""

from collections import Counter
from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.flows.judge_relevance.flow import PAGE, Done, Planned
from pipelines.flows.judge_relevance.settings import JudgeRelevance
from pipelines.judge.budget import Bill
from pipelines.judge.calibration.evaluate import Measured
from pipelines.judge.select_pairs import SOURCES
from pipelines.workspace.arrow_stages import ArrowStages
from schemas.datasets import HARD_NEGATIVES, JUDGEMENTS

SHOWN = 8
"""Reasons, and flags, that are named."""


def plan(done: Planned, settings: JudgeRelevance) -> str:
    """What a run would be; nothing was asked."""
    limit = settings.budget.max_pairs
    asked = done.calls if limit is None else min(limit, done.calls)
    lines = [
        f"\nPlan for judge {done.model}: {len(done.pairs):,} pairs",
        *_sources(done.pairs),
        *_dropped(done.dropped),
        f"  {done.known:>11,}  in the cache already",
        f"  {done.calls:>11,}  calls to make, one a pair",
        *([f"  {asked:>11,}  of them within budget.max_pairs"] if asked < done.calls else []),
        *([f"  {done.controls:>11,}  calls more at most, for the controls of --calibrate"] if done.controls else []),
        f"  {done.tokens:>11,}  prompt tokens, estimated",
        *([f"  {done.cost:>11,.2f}  their cost, at the preset's price"] if done.cost else []),
        "",
        "Nothing was asked. Next: the same command without --plan",
    ]
    return "\n".join(lines) + "\n"


def summary(stages: ArrowStages, done: Done) -> str:
    """The last words. Cost: reads some columns of judgements and negatives."""
    said, folder = done.answers.said, stages.workspace.folder.uri
    scored = len(said) - pc.sum(pc.is_valid(said.column("reason"))).as_py() if len(said) else 0
    lines = [
        f"\nJudged in {folder} by {done.model}: {scored:,} of {len(done.pairs):,} pairs have a score",
        *_sources(done.pairs),
        "",
        f"  {done.answers.asked:>11,}  pairs asked now, {done.found.asked:,} more for the controls",
        f"  {done.answers.known:>11,}  saved by the cache",
        *_dropped(done.dropped),
        *_spent(done.bill),
        *_refused(said),
        "",
        done.found.told,
        *(_measured(done.found.measured) if done.found.measured else []),
        *_grades(stages),
        "",
        f"Report: {folder}/{PAGE}",
        f"Next: {_next(stages, done)}",
    ]
    return "\n".join(lines) + "\n"


def _next(stages: ArrowStages, done: Done) -> str:
    """Mining and judging take turns until no written negative is called relevant and all carry the judge's labels."""
    folder = stages.workspace.folder.uri
    if done.found.calibration is None:
        again = f".venv/bin/python jobs/judge_relevance.py --workspace {folder} --calibrate labels.csv"
        return f"{again}; mining ignores a judge that is not calibrated"
    said = stages.read(JUDGEMENTS, ["query_id", "candidate_id", "calibrated"])
    said = said.filter(pc.is_valid(said.column("calibrated")))
    relevant = said.filter(pc.greater_equal(said.column("calibrated"), done.found.calibration.threshold))
    written = stages.read(HARD_NEGATIVES, ["query_id", "candidate_id", "label_from"])
    false = _among(written, relevant)
    unlabelled = _among(written.filter(pc.not_equal(pc.fill_null(written.column("label_from"), ""), "judge")), said)
    mine = f".venv/bin/python jobs/mine_hard_negatives.py --workspace {folder}"
    if false:
        return f"{mine}; it drops {false:,} that the judge calls relevant and takes others; then judge those"
    if unlabelled:
        return f"{mine}; it takes the judge's labels for {unlabelled:,} negatives, and drops none"
    return f".venv/bin/python jobs/build_shards.py --workspace {folder}; the negatives are settled"


def _among(rows: pa.Table, others: pa.Table) -> int:
    """How many rows' query and candidate are in the others."""
    one, other = (
        pc.binary_join_element_wise(t.column("query_id"), t.column("candidate_id"), "\n").combine_chunks()
        for t in (rows, others)
    )
    return int(np.asarray(pc.is_in(one, value_set=other), bool).sum())


def _measured(found: Measured) -> list[str]:
    rate = found.rate
    lines = [
        f"  ROC-AUC {found.auc:.4f}; calibration error {found.error_before:.4f} as given, {found.error_after:.4f} calibrated",
        f"  kappa {found.kappa.value:.3f} ({found.kappa.low:.3f} to {found.kappa.high:.3f}) on {found.labels:,} labels, "
        f"{found.relevant:,} of them relevant",
        f"  relevant among the written negatives {_share(rate.value)} ({_share(rate.low)} to {_share(rate.high)}), the judge's "
        "errors taken out",
        f"  {found.ties.distinct:,} different scores; {found.ties.tied:.1%} of the pairs share theirs",
    ]
    if found.swap and found.swap.pairs:
        lines.append(
            f"  swapped: {found.swap.pairs} pairs moved by {found.swap.mean:.4f}, {found.swap.flipped:.1%} change verdict"
        )
    if found.blank and found.blank.pairs:
        lines.append(f"  blank pictures: {found.blank.moved:.1%} of {found.blank.pairs} pairs moved, by {found.blank.mean:.4f}")
    return lines


def _grades(stages: ArrowStages) -> list[str]:
    grades = Counter(stages.read(JUDGEMENTS, ["grade"]).column("grade").to_pylist())
    told = ", ".join(
        f"{name} {grades[k]:,}" for k, name in enumerate(("not relevant", "a little", "for the most part", "the same"))
    )
    return [f"  grades: {told}; without {grades[None]:,}"]


def _sources(pairs: pa.Table) -> list[str]:
    by = Counter(zip(pairs.column("task").to_pylist(), pairs.column("source").to_pylist(), strict=True))
    lines = []
    for task in sorted({task for task, _ in by}):
        told = ", ".join(f"{by[task, source]:,} {source}" for source in SOURCES if by[task, source])
        lines.append(f"  {task:<15} {told}")
    return lines


def _refused(said: pa.Table) -> list[str]:
    lines = []
    for column, name in (("reason", "without a score"), ("flagged", "flagged")):
        counts = Counter(value for value in said.column(column).to_pylist() if value)
        for value, count in counts.most_common(SHOWN):
            lines.append(f"  {count:>11,}  {name}: {value}")
            lines += [f"  {'':>11}  such as: {detail}" for detail in [_detail(said, value)] if column == "reason" and detail]
    return lines


def _detail(said: pa.Table, reason: str) -> str | None:
    """One detail of a reason: the smallest, so that every run says the same."""
    return pc.min(said.filter(pc.equal(said["reason"], reason))["detail"]).as_py()


def _dropped(dropped: Mapping[str, int]) -> list[str]:
    return [f"  {count:>11,}  saved: {reason}" for reason, count in sorted(dropped.items())]


def _spent(bill: Bill | None) -> list[str]:
    if bill is None:
        return []
    return [
        f"  {bill.requests:>11,}  requests sent, retries too",
        f"  {bill.tokens:>11,}  tokens of prompts",
        f"  {bill.cost:>11,.2f}  cost, at the preset's prices",
    ]


def _share(value: float) -> str:
    return f"{value:.2%}" if np.isfinite(value) else "not known"
