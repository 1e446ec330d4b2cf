"""judge_report.html: what a judge is worth, in one file with its charts; no script, nothing fetched."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipelines.judge.calibration.agreement_metrics import Interval
from pipelines.judge.calibration.control_questions import Moved
from pipelines.judge.calibration.evaluate import Measured
from pipelines.judge.calibration.svg_charts import histogram_chart, reliability_chart, roc_chart

DISAGREEMENTS = 20
"""Pairs that are shown on which judge and label differ most."""
WORDS = 140
"""Characters of a text that are shown."""
STYLE = """
body{font:15px/1.45 sans-serif;color:#222;max-width:1080px;margin:2em auto;padding:0 1em}
table{border-collapse:collapse;margin:.6em 0 1.6em}
td,th{border:1px solid #ccc;padding:.25em .6em;text-align:left;vertical-align:top}
td.n{text-align:right;font-variant-numeric:tabular-nums}.charts{display:flex;flex-wrap:wrap;gap:1em}figure{margin:0}
.verdict{padding:.6em .9em;border-left:5px solid #888;background:#f5f5f5}code{overflow-wrap:anywhere}
"""


@dataclass(frozen=True, slots=True)
class Shown:
    """What the page says first."""

    model: str
    prompt_hash: str
    verdict: str
    """Whether the judge is calibrated, and by what."""
    measured: Measured | None
    """None: nothing was measured, the page tells the answers only."""


def page(shown: Shown, pairs: pa.Table, said: pa.Table, labels: NDArray[np.int8]) -> str:
    """The page.

    Args:
        shown: judge and numbers.
        pairs: ASKED.
        said: their SAID.
        labels: [pairs] 1: relevant, 0: not, -1: nobody says; empty where there are none.
    """
    found = shown.measured
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Judge report</title>',
        f"<style>{STYLE}</style></head><body><h1>Judge report</h1>",
        f"<p>Judge <code>{escape(shown.model)}</code>, question <code>{escape(shown.prompt_hash)}</code>.</p>",
        f'<p class="verdict">{escape(shown.verdict)}</p>',
    ]
    if found:
        parts += [_charts(found), "<h2>Numbers</h2>", _table(("number", "value", "what it says"), _numbers(found))]
        parts += ["<h2>By task</h2>", _table(("task", "labelled", "relevant", "ROC-AUC"), _by_task(found))]
        parts += ["<h2>Controls</h2>", _table(("control", "value", "what it says"), _controls(found))]
    parts += ["<h2>Answers</h2>", _table(("count of", "value", "pairs"), _answers(pairs, said))]
    if len(labels):
        worst = _disagreements(pairs, said, labels)
        head = ("score", "label", "task", "query", "candidate")
        parts += ["<h2>Where judge and label differ most</h2>", _table(head, worst) if worst else "<p>Nowhere.</p>"]
    return "".join([*parts, "</body></html>\n"])


def _charts(found: Measured) -> str:
    before, after = ((b.said, b.so, b.counts.astype(np.float64)) for b in (found.before, found.after))
    charts = [reliability_chart(before, after), roc_chart(*found.roc, found.auc), histogram_chart(*found.histogram)]
    return f'<div class="charts">{"".join(f"<figure>{chart}</figure>" for chart in charts)}</div>'


def _numbers(found: Measured) -> list[Sequence[object]]:
    return [
        ("labels", f"{found.labels:,}", f"{found.relevant:,} of them relevant"),
        ("ROC-AUC", _n(found.auc), "chance that a relevant pair scores above another"),
        ("expected calibration error, as given", _n(found.error_before), "mean gap between what is said and what is so"),
        ("the same, calibrated", _n(found.error_after), "cross-fitted: no pair was told by a map that saw its component"),
        ("Cohen's kappa", _interval(found.kappa), "agreement of the verdicts beyond chance; components were resampled"),
        ("agreement", _n(found.agreed), "share of the labels"),
        ("written negatives called relevant", _n(found.apparent), "as the judge says"),
        ("the same, corrected", _interval(found.rate), "the judge's known errors taken out (Rogan, Gladen)"),
        ("different scores", f"{found.ties.distinct:,}", "of all labelled pairs"),
        ("tied", _n(found.ties.tied), "share of the pairs whose score another has too"),
        ("commonest score", _n(found.ties.largest), "share of the pairs that have it"),
    ]


def _by_task(found: Measured) -> list[Sequence[object]]:
    return [(task, n, relevant, _n(auc)) for task, (n, relevant, auc) in found.by_task.items()]


def _controls(found: Measured) -> list[Sequence[object]]:
    as_asked, blank = found.blank_auc
    return [
        *_moved("query and candidate swapped", found.swap, "no task of these pairs has a reverse"),
        ("rank correlation with the swapped scores", _n(found.swap_order), "1: the order of the two does not matter"),
        *_moved("pictures blank", found.blank, "the judge does not look at pictures, or the pairs show none"),
        (
            "ROC-AUC of these pairs: as asked, blank",
            f"{_n(as_asked)}, {_n(blank)}",
            "if blank is no worse, it does not use them",
        ),
    ]


def _moved(name: str, found: Moved | None, why_not: str) -> list[Sequence[object]]:
    if found is None or not found.pairs:
        return [(name, "not run", why_not)]
    return [
        (f"{name}: mean change of the score", _n(found.mean), f"of {found.pairs} pairs"),
        (f"{name}: changed at all", _n(found.moved), "share of the pairs"),
        (f"{name}: verdict changed", _n(found.flipped), "share of the pairs"),
    ]


def _answers(pairs: pa.Table, said: pa.Table) -> list[Sequence[object]]:
    rows: list[Sequence[object]] = []
    for kind, values in (
        ("source", pairs.column("source").to_pylist()),
        ("task", pairs.column("task").to_pylist()),
        ("without a score", said.column("reason").to_pylist()),
        ("flagged", said.column("flagged").to_pylist()),
    ):
        counts = Counter(value for value in values if value is not None)
        rows += [(kind, value, count) for value, count in sorted(counts.items(), key=lambda one: (-one[1], one[0]))]
    return rows


def _disagreements(pairs: pa.Table, said: pa.Table, labels: NDArray[np.int8]) -> list[Sequence[object]]:
    scores = np.asarray(said.column("score").to_numpy(), np.float64)
    gap = np.where(labels >= 0, np.abs(scores - labels), np.nan)
    worst = [n for n in np.argsort(-np.nan_to_num(gap, nan=-1.0), kind="stable")[:DISAGREEMENTS].tolist() if gap[n] > 0.5]
    shown = pairs.select(["task", "query", "candidate"]).take(pa.array(worst, pa.int64())).to_pylist()
    return [
        (_n(float(scores[n])), "relevant" if labels[n] else "not", row["task"], _item(row["query"]), _item(row["candidate"]))
        for n, row in zip(worst, shown, strict=True)
    ]


def _item(item: Mapping[str, Any]) -> str:
    text = item["text"] or ""
    words = text[:WORDS] + ("..." if len(text) > WORDS else "")
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
    return f"{value:.4f}" if np.isfinite(value) else "not known"
