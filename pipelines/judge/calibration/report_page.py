"""judge_report.html: the evaluation of a judge in one file with its charts, without scripts or external resources."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipelines.judge.calibration.agreement_metrics import Interval
from pipelines.judge.calibration.control_questions import ScoreChange
from pipelines.judge.calibration.evaluate import Evaluation
from pipelines.judge.calibration.svg_charts import histogram_chart, reliability_chart, roc_chart

DISAGREEMENTS = 20
"""Most pairs in the table of disagreements."""
MAX_CHARACTERS = 140
"""A longer text is cut."""
REFITTED = "interval by bootstrap over components, the map fitted again and measured on the rest"
STYLE = """
body{font:15px/1.45 sans-serif;color:#222;max-width:1080px;margin:2em auto;padding:0 1em}
table{border-collapse:collapse;margin:.6em 0 1.6em}
td,th{border:1px solid #ccc;padding:.25em .6em;text-align:left;vertical-align:top}
td.n{text-align:right;font-variant-numeric:tabular-nums}.charts{display:flex;flex-wrap:wrap;gap:1em}figure{margin:0}
.verdict{padding:.6em .9em;border-left:5px solid #888;background:#f5f5f5}code{overflow-wrap:anywhere}
"""


@dataclass(frozen=True, slots=True)
class ReportHeader:
    """The judge, its verdict and its metrics."""

    model: str
    prompt_hash: str
    verdict: str
    """Whether the judge is calibrated, and by which labels."""
    evaluation: Evaluation | None
    """None: the judge was not evaluated, and the page has its answers only."""


def page(header: ReportHeader, pairs: pa.Table, answers: pa.Table, labels: NDArray[np.int8]) -> str:
    """The page.

    Args:
        header: the judge and its metrics.
        pairs: PAIRS_TO_JUDGE.
        answers: their ANSWERS.
        labels: [pairs] 1: relevant, 0: not, -1: unlabelled; empty if there are none.
    """
    evaluation = header.evaluation
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Judge report</title>',
        f"<style>{STYLE}</style></head><body><h1>Judge report</h1>",
        f"<p>Judge <code>{escape(header.model)}</code>, question <code>{escape(header.prompt_hash)}</code>.</p>",
        f'<p class="verdict">{escape(header.verdict)}</p>',
    ]
    if evaluation:
        parts += [_charts(evaluation), "<h2>Metrics</h2>", _table(("metric", "value", "meaning"), _metrics(evaluation))]
        parts += ["<h2>By task</h2>", _table(("task", "labelled", "relevant", "ROC-AUC"), _by_task(evaluation))]
        parts += ["<h2>Controls</h2>", _table(("control", "value", "meaning"), _controls(evaluation))]
    parts += ["<h2>Answers</h2>", _table(("count of", "value", "pairs"), _answers(pairs, answers))]
    if len(labels):
        worst = _disagreements(pairs, answers, labels)
        head = ("score", "label", "task", "query", "candidate")
        parts += ["<h2>Largest disagreements of judge and label</h2>", _table(head, worst) if worst else "<p>None.</p>"]
    return "".join([*parts, "</body></html>\n"])


def _charts(evaluation: Evaluation) -> str:
    before, after = (
        (bins.predicted, bins.observed, bins.counts.astype(np.float64)) for bins in (evaluation.before, evaluation.after)
    )
    charts = [
        reliability_chart(before, after),
        roc_chart(*evaluation.roc, evaluation.auc),
        histogram_chart(*evaluation.histogram),
    ]
    return f'<div class="charts">{"".join(f"<figure>{chart}</figure>" for chart in charts)}</div>'


def _metrics(evaluation: Evaluation) -> list[Sequence[object]]:
    return [
        ("labels", f"{evaluation.labels:,}", f"{evaluation.relevant:,} of them relevant"),
        ("ROC-AUC", _n(evaluation.auc), "probability that a relevant pair scores above another"),
        (
            "expected calibration error, raw scores",
            _n(evaluation.error_before),
            "mean gap between predicted and observed share",
        ),
        ("the same, calibrated", _n(evaluation.error_after), "cross-fitted: each pair by a map fitted without its component"),
        ("the same, by chance alone", _n(evaluation.error_floor), "mean of a perfectly calibrated judge on as many pairs"),
        (
            "Cohen's kappa",
            _interval(evaluation.kappa),
            "agreement of the verdicts beyond chance; interval by bootstrap over components",
        ),
        ("agreement", _n(evaluation.agreement), "share of the labels"),
        ("sensitivity", _interval(evaluation.rates.sensitivity), f"share of the relevant pairs that it finds; {REFITTED}"),
        ("specificity", _interval(evaluation.rates.specificity), f"share of the others that it leaves out; {REFITTED}"),
        ("written negatives called relevant", _n(evaluation.apparent), "by the judge's verdicts"),
        ("the same, corrected", _interval(evaluation.rate), "corrected for the judge's known errors (Rogan, Gladen)"),
        ("distinct scores", f"{evaluation.ties.distinct:,}", "of all labelled pairs"),
        ("tied", _n(evaluation.ties.tied), "share of the pairs that share their score with another"),
        ("most common score", _n(evaluation.ties.largest), "share of the pairs with it"),
    ]


def _by_task(evaluation: Evaluation) -> list[Sequence[object]]:
    return [(task, n, relevant, _n(auc)) for task, (n, relevant, auc) in evaluation.by_task.items()]


def _controls(evaluation: Evaluation) -> list[Sequence[object]]:
    original, blank = evaluation.blank_auc
    return [
        *_change("query and candidate swapped", evaluation.swap, "no task of these pairs has a reverse"),
        (
            "rank correlation with the swapped scores",
            _n(evaluation.swap_correlation),
            "1: the order of query and candidate does not matter",
        ),
        *_change("pictures blank", evaluation.blank, "the judge reads no pictures, or the pairs have none"),
        (
            "ROC-AUC of these pairs: original, blank",
            f"{_n(original)}, {_n(blank)}",
            "if blank is no worse, the judge does not use the pictures",
        ),
    ]


def _change(name: str, change: ScoreChange | None, why_not: str) -> list[Sequence[object]]:
    if change is None or not change.pairs:
        return [(name, "not run", why_not)]
    return [
        (f"{name}: mean change of the score", _n(change.mean), f"over {change.pairs} pairs"),
        (f"{name}: score changed", _n(change.changed), "share of the pairs"),
        (f"{name}: verdict changed", _n(change.flipped), "share of the pairs"),
    ]


def _answers(pairs: pa.Table, answers: pa.Table) -> list[Sequence[object]]:
    rows: list[Sequence[object]] = []
    for kind, values in (
        ("source", pairs.column("source").to_pylist()),
        ("task", pairs.column("task").to_pylist()),
        ("without a score", answers.column("reason").to_pylist()),
        ("flagged", answers.column("flagged").to_pylist()),
    ):
        counts = Counter(value for value in values if value is not None)
        rows += [(kind, value, count) for value, count in sorted(counts.items(), key=lambda one: (-one[1], one[0]))]
    return rows


def _disagreements(pairs: pa.Table, answers: pa.Table, labels: NDArray[np.int8]) -> list[Sequence[object]]:
    scores = np.asarray(answers.column("score").to_numpy(), np.float64)
    gap = np.where(labels >= 0, np.abs(scores - labels), np.nan)
    worst = [n for n in np.argsort(-np.nan_to_num(gap, nan=-1.0), kind="stable")[:DISAGREEMENTS].tolist() if gap[n] > 0.5]
    items = pairs.select(["task", "query", "candidate"]).take(pa.array(worst, pa.int64())).to_pylist()
    return [
        (_n(float(scores[n])), "relevant" if labels[n] else "not", row["task"], _item(row["query"]), _item(row["candidate"]))
        for n, row in zip(worst, items, strict=True)
    ]


def _item(item: Mapping[str, Any]) -> str:
    text = item["text"] or ""
    words = text[:MAX_CHARACTERS] + ("..." if len(text) > MAX_CHARACTERS else "")
    return f"{item['kind']} {item['item_id']} {' '.join(item['image_ids'] or [])} {words}"


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    top = "".join(f"<th>{escape(name)}</th>" for name in head)
    lines = "".join(f"<tr>{''.join(_cell(value) for value in row)}</tr>" for row in rows)
    return f"<table><tr>{top}</tr>{lines}</table>"


def _cell(value: object) -> str:
    if isinstance(value, int):
        return f'<td class="n">{value:,}</td>'
    return f"<td>{escape(str(value))}</td>"


def _interval(one: Interval) -> str:
    return f"{_n(one.value)} ({_n(one.low)} to {_n(one.high)})"


def _n(value: float) -> str:
    return f"{value:.4f}" if np.isfinite(value) else "unknown"
