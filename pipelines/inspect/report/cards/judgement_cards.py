"""Cards of judged pairs."""

from collections.abc import Mapping
from typing import Any

from pipelines.inspect.report.cards.card import Card, Notes, side
from pipelines.inspect.report.cards.evidence_text import Fact
from pipelines.inspect.report.settings import CardStyle

Row = Mapping[str, Any]
GRADES = ("0, not relevant", "1, slightly relevant", "2, mostly relevant", "3, the same content")


def judgement_card(row: Row, items: Mapping[str, Row], notes: Notes, style: CardStyle) -> Card | None:
    """Build the card of a judged pair; None if one of its items is not in the workspace."""
    query, candidate = items.get(row["query_id"]), items.get(row["candidate_id"])
    if query is None or candidate is None:
        return None
    return Card(
        query_id=row["query_id"],
        candidate_id=row["candidate_id"],
        section="judge",
        task=row["task"],
        why="",
        sides=(side("Query", query, notes, style), side("Candidate", candidate, notes, style)),
        score=row["calibrated"] if row["calibrated"] is not None else row["score"],
        score_name="judge's score" if row["calibrated"] is None else "probability of relevance",
        facts=tuple(_facts(row)),
        footer=(Fact("candidate", row["candidate_id"]),),
    )


def _facts(row: Row) -> list[Fact]:
    lines = [] if row["calibrated"] is None else [Fact("judge's score", f"{row['score']:.3f}")]
    if row["grade"] is not None and 0 <= row["grade"] < len(GRADES):
        lines.append(Fact("grade", GRADES[row["grade"]]))
    if row["similarity"] is not None:
        lines.append(Fact("encoder's similarity", f"{row['similarity']:.3f}"))
    if row["flagged"] is not None:
        lines.append(Fact("flagged", row["flagged"]))
    return lines
