"""The page: inputs of the templates, rendered to one file that makes no network requests."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from pipelines.inspect.report import chart_geometry
from pipelines.inspect.report.cards.card import Card, Key, Notes
from pipelines.inspect.report.cards.evidence_text import task_label
from pipelines.inspect.report.sections.components import Component, SizeBucket
from pipelines.inspect.report.sections.funnel import DroppedRows, Level
from pipelines.inspect.report.sections.judge_section import JudgeSummary
from pipelines.inspect.report.sections.overview import Group
from pipelines.inspect.report.sections.refused_rows import RejectedRows
from pipelines.inspect.report.thumbnails import Thumbnail
from schemas.granularity import GRANULARITIES, Granularity
from schemas.relations import VARIANT

HERE = Path(__file__).parent
VARIANTS = Granularity(
    name=VARIANT,
    evidence="pictures",
    ties_content=False,
    label="Variants",
    description="One layout, view or product with other content or colours. No positives, and no negatives.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """All data on the page."""

    name: str
    """Last part of the workspace's URI, so that a shared page does not reveal local folders."""
    seed: int
    store: str
    """Key under which the browser stores labels; the same for all pages of one set of positives."""
    runs: Sequence[tuple[str, int, str]]
    """Dataset, rows, publication time."""
    levels: Sequence[Level]
    caps: Sequence[tuple[str, DroppedRows]]
    groups: Sequence[tuple[Group, Sequence[Card]]]
    negatives: Sequence[tuple[str, Sequence[Card]]]
    by_vectors: bool
    """Whether negatives are ordered by similarity to the positive; else by similarity to the query."""
    guard: Sequence[DroppedRows]
    sizes: Sequence[SizeBucket]
    components: Sequence[Component]
    covers: Mapping[str, Key]
    judge: JudgeSummary | None
    disagreements: Sequence[tuple[str, Sequence[Card]]]
    quarantine: Sequence[RejectedRows]
    later_failures: Sequence[RejectedRows]
    notes: Notes
    thumbnails: Mapping[Key, Thumbnail]


def rendered(page: Page) -> str:
    """Render the page to HTML. All text from notes is escaped; the policy lets the browser run only this script."""
    style, script = ((HERE / name).read_text(encoding="utf8") for name in ("report.css", "report.js"))
    return (
        _environment()
        .get_template("page.html")
        .render(page=page, style=Markup(style), script=Markup(script), policy=policy(style, script))
    )


def policy(style: str, script: str) -> str:
    """Build the Content-Security-Policy: no network, pictures from the page itself, one style sheet, one script."""
    return "; ".join(
        [
            "default-src 'none'",
            "img-src data:",
            f"style-src '{_digest(style)}'",
            f"script-src '{_digest(script)}'",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"task": task_label, "count": _count, "percent": _percent, "sentence": _sentence}
    functions: dict[str, Any] = {
        "segments": chart_geometry.segments,
        "bars": chart_geometry.bars,
        "histogram_summary": chart_geometry.histogram_summary,
    }
    environment.globals |= functions | {"granularities": {one.name: one for one in (*GRANULARITIES, VARIANTS)}}
    return environment


def _count(value: int) -> str:
    return f"{value:,}"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:].rstrip(".")


def _percent(value: float) -> str:
    return "<1%" if 0 < value < 0.01 else f"{value:.0%}"
