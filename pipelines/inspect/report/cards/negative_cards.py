"""Cards of negatives: query, positive and negative side by side, with the checks of the false-negative filter."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from pipelines.inspect.report.cards.card import Card, Key, Notes, side
from pipelines.inspect.report.cards.evidence_text import Fact
from pipelines.inspect.report.cards.filter_explanation import filter_checks
from pipelines.inspect.report.sections.hardest_negatives import NegativeSample
from pipelines.inspect.report.settings import CardStyle

Row = Mapping[str, Any]


class CardData(NamedTuple):
    """Rows that the ids on the cards refer to."""

    items: Mapping[str, Row]
    """ITEM by item_id, including generated negatives."""
    notes: Notes
    pictures: Mapping[Key, Row]
    """IMAGES of the notes on the page."""
    components: Mapping[str, str]
    """component_id of these notes."""


def negative_card(negative: NegativeSample, data: CardData, guard: Row, style: CardStyle) -> Card | None:
    """Build the card of a negative; None if one of its items is not in the workspace. `guard`: the run's settings."""
    row, notes = negative.row, data.notes
    items = [data.items.get(row[name]) for name in ("query_id", "positive_id", "candidate_id")]
    query, positive, candidate = items
    if query is None or positive is None or candidate is None:
        return None
    note_ids = [item["note_id"] for item in (query, positive, candidate)]
    generated = row["source"] == "rule"
    checks = [] if generated else _checks(row, note_ids, data, guard)
    return Card(
        query_id=row["query_id"],
        candidate_id=row["candidate_id"],
        section="negatives",
        task=negative.task,
        why=negative.why if generated else "",
        sides=(
            side("Query", query, notes, style),
            side("Positive", positive, notes, style),
            side("Negative", candidate, notes, style),
        ),
        score=negative.nearness if negative.nearness is not None else row["similarity"],
        score_name="similarity to the query" if negative.nearness is None else "similarity to the positive",
        facts=(*_facts(negative), *checks),
        footer=(Fact("rank", str(row["rank"])), Fact("source", row["source"]), Fact("candidate", row["candidate_id"])),
    )


def _checks(row: Row, note_ids: Sequence[str], data: CardData, guard: Row) -> list[Fact]:
    hashes = [[picture["pdq"] for key, picture in data.pictures.items() if key[0] == note] for note in note_ids]
    return filter_checks(row["similarity"], [data.components.get(note) for note in note_ids], hashes, guard)


def _facts(negative: NegativeSample) -> Iterable[Fact]:
    row = negative.row
    if row["source"] == "rule":
        yield Fact("generated", "the positive without the queried part")
    if row["soft_label"] is not None and row["label_from"] == "judge":
        yield Fact("judged", f"{row['soft_label']:.2f} probability of relevance")
