"""The cards of the mined pairs."""

from collections.abc import Mapping
from typing import Any

from pipelines.inspect.report.card_sampling import BORDERLINE, Chosen
from pipelines.inspect.report.cards.card import Card, Notes, side
from pipelines.inspect.report.cards.evidence_text import Fact, facts
from pipelines.inspect.report.settings import Shown

Row = Mapping[str, Any]
LEAST_MARKED = 8
"""Characters of a query's text that are looked for in its note: shorter ones stand there by chance."""


def pair_card(chosen: Chosen, notes: Notes, shown: Shown) -> Card:
    """A pair with its evidence."""
    row = chosen.row
    evidence, query, target = row["evidence"], row["query"], row["target"]
    marked = query["text"] if query["kind"] == "text" and target["kind"] == "note" else ""
    marked = marked if marked and len(marked) >= LEAST_MARKED else ""
    sides = (
        side("Query", query, notes, shown, span=_span(evidence, "query")),
        side("Target", target, notes, shown, span=_span(evidence, "target"), marked=marked),
    )
    return Card(
        query_id=query["item_id"],
        candidate_id=target["item_id"],
        section="pairs",
        task=row["task"],
        why=chosen.why if chosen.why == BORDERLINE else "",
        sides=sides,
        granularity=row["granularity"],
        score=row["score"],
        facts=tuple(facts(evidence)),
        footer=(Fact("split", row["split"]), Fact("component", row["component_id"]), Fact("pair", row["pair_id"])),
    )


def _span(evidence: Row, which: str) -> tuple[int, int] | None:
    start, end = evidence[f"{which}_start"], evidence[f"{which}_end"]
    return None if start is None or end is None else (start, end)
