"""Two or three items side by side, as the page shows them. Pure functions of rows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pipelines.inspect.report.cards.evidence_text import KIND_SAYS, Box, Fact, box
from pipelines.inspect.report.cards.excerpt import Excerpt, excerpt, passage, readable
from pipelines.inspect.report.settings import Shown
from schemas.item import full_text

Row = Mapping[str, Any]
Key = tuple[str, str]
"""note_id, image_id: names a picture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture of a card."""

    key: Key
    alt: str
    box: Box | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """An item of a card."""

    role: str
    """Query, target, positive, negative."""
    kind: str
    note_id: str
    title: str
    """Of its note."""
    pictures: tuple[Picture, ...] = ()
    more: int = 0
    """Pictures that are not shown."""
    text: Excerpt | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A query and what is held against it; what a person says of it is a label."""

    query_id: str
    candidate_id: str
    section: str
    """pairs, negatives, judge."""
    task: str
    why: str
    """Why it is shown, where it differs from its neighbours; else ''."""
    sides: tuple[Side, ...]
    granularity: str = ""
    score: float | None = None
    score_name: str = "score"
    """What `score` is; cards are filtered by it."""
    facts: tuple[Fact, ...] = ()
    footer: tuple[Fact, ...] = field(default=())
    """Split, component, ids."""

    def pictures(self) -> Iterable[Picture]:
        """All its pictures, in order."""
        return (picture for side in self.sides for picture in side.pictures)


@dataclass(frozen=True, slots=True)
class Notes:
    """What is known of the notes that are shown, by note_id."""

    rows: Mapping[str, Row]
    """note_id, title, body, image_count."""
    positions: Mapping[Key, int]

    def title(self, note_id: str) -> str:
        """The note's title, or how its body begins."""
        row = self.rows.get(note_id)
        if row is None:
            return ""
        first = (row["title"] or "").strip() or (row["body"] or "").strip().partition("\n")[0]
        return readable(first)[:80]

    def text(self, note_id: str) -> str | None:
        """Title and body, in which positions of a passage count."""
        row = self.rows.get(note_id)
        return None if row is None else full_text(row["title"], row["body"])


def side(role: str, item: Row, notes: Notes, shown: Shown, span: tuple[int, int] | None = None, marked: str = "") -> Side:
    """An item as a side of a card.

    Args:
        role: what it is there.
        item: ITEM.
        notes: the notes that are shown.
        shown: how much.
        span: first character and one past the last of the passage in the note's whole text, which is then shown around it.
        marked: a passage that is marked where it stands in the item's own text.
    """
    kept = item["image_ids"][: shown.per_note]
    drawn = box(item["region"])
    return Side(
        role=role,
        kind=KIND_SAYS[item["kind"]],
        note_id=item["note_id"],
        title=notes.title(item["note_id"]),
        pictures=tuple(_picture(item["note_id"], name, notes, drawn) for name in kept),
        more=len(item["image_ids"]) - len(kept),
        text=_text(item, notes, shown, span, marked),
    )


def _picture(note_id: str, image_id: str, notes: Notes, drawn: Box | None) -> Picture:
    row, position = notes.rows.get(note_id), notes.positions.get((note_id, image_id))
    place = "Picture" if position is None else f"Picture {position + 1}"
    total = f" of {row['image_count']}" if row is not None and position is not None else ""
    boxed = ", with a box around the part that is meant" if drawn else ""
    return Picture(key=(note_id, image_id), alt=f"{place}{total} of the note “{notes.title(note_id)}”{boxed}", box=drawn)


def _text(item: Row, notes: Notes, shown: Shown, span: tuple[int, int] | None, marked: str) -> Excerpt | None:
    whole = notes.text(item["note_id"])
    if span is not None and whole is not None:
        return passage(whole, *span, shown.characters)
    text = (item["text"] or "").strip("\n")
    if not text:
        return None
    at = text.find(marked) if marked else -1
    return passage(text, at, at + len(marked), shown.characters) if at >= 0 else excerpt(text, shown.characters)
