"""Split a note into two disjoint halves, and make candidates that overlap more and more (method.md, section 7). No engine."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.shards.ranking_lists.sentence_split import content, parted
from schemas.item import item_id

NO_PICTURES = "the note has no picture"
ONE_PART = "the note has only one picture and no text"
Item = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Halves:
    """The query N_A and the relevant candidates of a note."""

    query: Item
    """N_A."""
    relevant: list[Item]
    """From most to least overlap: N_B with the first M families of pictures of A, ..., with one, N_B alone."""
    shares: list[float]
    """For each candidate the share of A's content that it has too, counted in families of pictures and sentences, 0 to 1."""
    as_noise: Item
    """One of the candidates, drawn by a hash: the item that the note becomes as noise in another note's list."""


def halves(note_id: str, text: str, image_ids: Sequence[str], families: Sequence[int], shared: int, seed: int) -> Halves | str:
    """Split a note, or return the reason why it cannot be split.

    Pictures of one family go to the same side, and are added to N_B together, so that each step of overlap adds new content. A
    has at least one family; B has pictures or text.

    Args:
        note_id: the note.
        text: title and body.
        image_ids: its pictures in order.
        families: the family of each picture.
        shared: M, families that a candidate shares, at most.
        seed: enters the hashes that draw.
    """
    family = dict(zip(image_ids, families, strict=True))
    names = sorted(set(family.values()), key=lambda f: (_draw(seed, note_id, "family", f), f))
    if not names:
        return NO_PICTURES
    if len(names) == 1 and not content(text):
        return ONE_PART
    of_a = set(names[: -(-len(names) // 2)])
    first, second = parted(text)
    text_a, text_b = (second, first) if first and _draw(seed, note_id, "text", 0) % 2 else (first, second)
    steps = list(dict.fromkeys(f for f in family.values() if f in of_a))[:shared]
    rest = {f for f in names if f not in of_a}
    units = len(of_a) + len(content(text_a))
    counts = range(len(steps), -1, -1)
    relevant = [_item(note_id, [i for i, f in family.items() if f in rest | set(steps[:k])], text_b) for k in counts]
    return Halves(
        query=_item(note_id, [i for i, f in family.items() if f in of_a], text_a),
        relevant=relevant,
        shares=[k / units for k in counts],
        as_noise=relevant[_draw(seed, note_id, "noise", 0) % len(relevant)],
    )


def _item(note_id: str, image_ids: list[str], text: str) -> Item:
    return {
        "item_id": item_id("note", note_id, image_ids, text=text),
        "kind": "note",
        "note_id": note_id,
        "image_ids": image_ids,
        "region": None,
        "text": text,
    }


def _draw(seed: int, note_id: str, purpose: str, number: int) -> int:
    """A 64-bit hash of seed, purpose, number and note."""
    text = f"{seed} {purpose} {number} {note_id}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
