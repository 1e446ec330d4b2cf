"""Cards of mined pairs."""

from collections.abc import Mapping
from typing import Any

from pipelines.inspect.report.card_sampling import BORDERLINE, SampledPair
from pipelines.inspect.report.cards.card import Card, Notes, side
from pipelines.inspect.report.cards.evidence_text import Fact, facts
from pipelines.inspect.report.settings import CardStyle

Row = Mapping[str, Any]
MIN_MARKED = 8
"""Minimum length of a query's text to be highlighted in its note: shorter ones occur by chance."""


def pair_card(pair: SampledPair, notes: Notes, style: CardStyle) -> Card:
    """Build the card of a pair with its evidence."""
    row = pair.row
    evidence, query, target = row["evidence"], row["query"], row["target"]
    marked = query["text"] if query["kind"] == "text" and target["kind"] == "note" else ""
    marked = marked if marked and len(marked) >= MIN_MARKED else ""
    sides = (
        side("Query", query, notes, style, span=_span(evidence, "query")),
        side("Target", target, notes, style, span=_span(evidence, "target"), marked=marked),
    )
    return Card(
        query_id=query["item_id"],
        candidate_id=target["item_id"],
        section="pairs",
        task=row["task"],
        why=pair.why if pair.why == BORDERLINE else "",
        sides=sides,
        granularity=row["granularity"],
        score=row["score"],
        facts=tuple(facts(evidence)),
        footer=(*_place(row), Fact("pair", row["pair_id"])),
    )


def _place(row: Row) -> list[Fact]:
    """Split and component, which a variant has not."""
    return [Fact(name, row[column]) for name, column in (("split", "split"), ("component", "component_id")) if row[column]]


def _span(evidence: Row, which: str) -> tuple[int, int] | None:
    start, end = evidence[f"{which}_start"], evidence[f"{which}_end"]
    return None if start is None or end is None else (start, end)
