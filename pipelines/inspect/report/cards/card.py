"""A card of the page: two or three items side by side. Pure functions of rows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pipelines.inspect.report.cards.evidence_text import KIND_LABELS, Box, Fact, box
from pipelines.inspect.report.cards.excerpt import Excerpt, excerpt, passage, readable
from pipelines.inspect.report.settings import CardStyle
from schemas.item import full_text

Row = Mapping[str, Any]
Key = tuple[str, str]
"""Key of a picture: note_id, image_id."""


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
    """Title of its note."""
    pictures: tuple[Picture, ...] = ()
    more: int = 0
    """Number of pictures that are not shown."""
    text: Excerpt | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A query and the items compared with it, for a person to label."""

    query_id: str
    candidate_id: str
    section: str
    """Section of the page: pairs, negatives or judge."""
    task: str
    why: str
    """Why it was sampled, if not for the same reason as its neighbours; else ''."""
    sides: tuple[Side, ...]
    granularity: str = ""
    score: float | None = None
    score_name: str = "score"
    """Name of `score`, by which cards are filtered."""
    facts: tuple[Fact, ...] = ()
    footer: tuple[Fact, ...] = field(default=())
    """Split, component, ids."""

    def pictures(self) -> Iterable[Picture]:
        """Iterate over its pictures, in order."""
        return (picture for side in self.sides for picture in side.pictures)


@dataclass(frozen=True, slots=True)
class Notes:
    """Rows of the notes on the page, and positions of their pictures."""

    rows: Mapping[str, Row]
    """Columns note_id, title, body, image_count; by note_id."""
    positions: Mapping[Key, int]

    def title(self, note_id: str) -> str:
        """Return the note's title, or the first line of its body."""
        row = self.rows.get(note_id)
        if row is None:
            return ""
        first = (row["title"] or "").strip() or (row["body"] or "").strip().partition("\n")[0]
        return readable(first)[:80]

    def text(self, note_id: str) -> str | None:
        """Return title and body joined, the text in which positions of a passage count."""
        row = self.rows.get(note_id)
        return None if row is None else full_text(row["title"], row["body"])


def side(role: str, item: Row, notes: Notes, style: CardStyle, span: tuple[int, int] | None = None, marked: str = "") -> Side:
    """Build a side of a card from an item.

    Args:
        role: its role on the card.
        item: ITEM.
        notes: rows of the notes on the page.
        style: how much of it to show.
        span: start and end of a passage in the note's whole text; the excerpt is then taken around it.
        marked: a passage to highlight in the item's own text.
    """
    listed = item["image_ids"][: style.per_note]
    region = box(item["region"])
    return Side(
        role=role,
        kind=KIND_LABELS[item["kind"]],
        note_id=item["note_id"],
        title=notes.title(item["note_id"]),
        pictures=tuple(_picture(item["note_id"], name, notes, region) for name in listed),
        more=len(item["image_ids"]) - len(listed),
        text=_text(item, notes, style, span, marked),
    )


def _picture(note_id: str, image_id: str, notes: Notes, region: Box | None) -> Picture:
    row, position = notes.rows.get(note_id), notes.positions.get((note_id, image_id))
    place = "Picture" if position is None else f"Picture {position + 1}"
    total = f" of {row['image_count']}" if row is not None and position is not None else ""
    boxed = ", with a box around the matching region" if region else ""
    return Picture(key=(note_id, image_id), alt=f"{place}{total} of the note “{notes.title(note_id)}”{boxed}", box=region)


def _text(item: Row, notes: Notes, style: CardStyle, span: tuple[int, int] | None, marked: str) -> Excerpt | None:
    whole = notes.text(item["note_id"])
    if span is not None and whole is not None:
        return passage(whole, *span, style.characters)
    text = (item["text"] or "").strip("\n")
    if not text:
        return None
    at = text.find(marked) if marked else -1
    return passage(text, at, at + len(marked), style.characters) if at >= 0 else excerpt(text, style.characters)
