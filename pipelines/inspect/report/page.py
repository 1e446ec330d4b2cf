"""The page: what the templates are given, and how they become one file that asks no network for anything."""

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
from pipelines.inspect.report.cards.evidence_text import task_says
from pipelines.inspect.report.sections.components import Component, Sized
from pipelines.inspect.report.sections.funnel import Level, Taken
from pipelines.inspect.report.sections.judge_section import Judged
from pipelines.inspect.report.sections.overview import Group
from pipelines.inspect.report.sections.refused_rows import Refused
from pipelines.inspect.report.thumbnails import Thumbnail
from schemas.granularity import GRANULARITIES

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """All that is told."""

    name: str
    """Of the workspace: the last part of its URI, so that a page that is passed on tells no one's folders."""
    seed: int
    store: str
    """Under which name the browser keeps the labels: those of one set of positives are kept together."""
    runs: Sequence[tuple[str, int, str]]
    """Dataset, rows, when it was published."""
    levels: Sequence[Level]
    caps: Sequence[tuple[str, Taken]]
    groups: Sequence[tuple[Group, Sequence[Card]]]
    negatives: Sequence[tuple[str, Sequence[Card]]]
    by_vectors: bool
    """Whether negatives are ordered by their nearness to the positive."""
    guard: Sequence[Taken]
    sizes: Sequence[Sized]
    components: Sequence[Component]
    covers: Mapping[str, Key]
    judged: Judged | None
    opinions: Sequence[tuple[str, Sequence[Card]]]
    quarantine: Sequence[Refused]
    later: Sequence[Refused]
    notes: Notes
    thumbnails: Mapping[Key, Thumbnail]


def rendered(page: Page) -> str:
    """The page as HTML. Whatever comes from a note is escaped; the policy lets the browser run this script alone."""
    style, script = ((HERE / name).read_text(encoding="utf8") for name in ("report.css", "report.js"))
    return (
        _environment()
        .get_template("page.html")
        .render(page=page, style=Markup(style), script=Markup(script), policy=policy(style, script))
    )


def policy(style: str, script: str) -> str:
    """The Content-Security-Policy: nothing from a network, pictures from the page itself, one style sheet, one script."""
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
    found = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters |= {"task": task_says, "count": _count, "percent": _percent, "sentence": _sentence}
    says: dict[str, Any] = {
        "segments": chart_geometry.segments,
        "bars": chart_geometry.bars,
        "bins_say": chart_geometry.bins_say,
    }
    found.globals |= says | {"granularities": {granularity.name: granularity for granularity in GRANULARITIES}}
    return found


def _count(value: int) -> str:
    return f"{value:,}"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:].rstrip(".")


def _percent(value: float) -> str:
    return "<1%" if 0 < value < 0.01 else f"{value:.0%}"
