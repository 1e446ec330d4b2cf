"""Cards of the negatives: query, positive and negative side by side, with the guard's checks."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from pipelines.inspect.report.cards.card import Card, Key, Notes, side
from pipelines.inspect.report.cards.evidence_text import Fact
from pipelines.inspect.report.cards.filter_explanation import filter_explanation
from pipelines.inspect.report.sections.hardest_negatives import Negative
from pipelines.inspect.report.settings import Shown

Row = Mapping[str, Any]


class Known(NamedTuple):
    """What the cards' ids stand for."""

    items: Mapping[str, Row]
    """ITEM by item_id, rule-made negatives too."""
    notes: Notes
    pictures: Mapping[Key, Row]
    """IMAGES of the notes that are shown."""
    components: Mapping[str, str]
    """component_id of these notes."""


def negative_card(negative: Negative, known: Known, guard: Row, shown: Shown) -> Card | None:
    """A negative; None where an item of it is not in the workspace. `guard`: the run's settings."""
    row, notes = negative.row, known.notes
    trio = [known.items.get(row[name]) for name in ("query_id", "positive_id", "candidate_id")]
    query, positive, candidate = trio
    if query is None or positive is None or candidate is None:
        return None
    note_ids = [item["note_id"] for item in (query, positive, candidate)]
    made = row["source"] == "rule"
    checks = [] if made else _checks(row, note_ids, known, guard)
    return Card(
        query_id=row["query_id"],
        candidate_id=row["candidate_id"],
        section="negatives",
        task=negative.task,
        why=negative.why if made else "",
        sides=(
            side("Query", query, notes, shown),
            side("Positive", positive, notes, shown),
            side("Negative", candidate, notes, shown),
        ),
        score=negative.nearness if negative.nearness is not None else row["similarity"],
        score_name="similarity to the query" if negative.nearness is None else "similarity to the positive",
        facts=(*_facts(negative), *checks),
        footer=(Fact("rank", str(row["rank"])), Fact("source", row["source"]), Fact("candidate", row["candidate_id"])),
    )


def _checks(row: Row, note_ids: Sequence[str], known: Known, guard: Row) -> list[Fact]:
    hashes = [[picture["pdq"] for key, picture in known.pictures.items() if key[0] == note] for note in note_ids]
    return filter_explanation(row["similarity"], [known.components.get(note) for note in note_ids], hashes, guard)


def _facts(negative: Negative) -> Iterable[Fact]:
    row = negative.row
    if row["source"] == "rule":
        yield Fact("made", "the positive without the part that was asked for")
    if row["soft_label"] is not None and row["label_from"] == "judge":
        yield Fact("judged", f"{row['soft_label']:.2f} likely relevant")
