"""What mining and annotation know of pictures and passages, as `overlap` asks for it."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeVar

import pyarrow as pa

from pipelines.media.text_fold import fold

OWN_WORDS = ("note-title", "note-body")
"""Annotators that have not looked at the picture: their words are the note's, and prove nothing of what it shows."""
K = TypeVar("K")
WIDE = 3
REMEMBERED = 65_536
"""Texts whose letters are kept."""


@dataclass(frozen=True, slots=True)
class Known:
    """Plain mappings; goes between processes."""

    families: Mapping[str, int] = field(default_factory=dict)
    """image_id -> family: pictures that are copies or crops of each other have one number. One that is not in it is alone."""
    places: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    """note_id and text -> the pictures of the note that an annotator gave this text."""
    read: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """image_id -> the words that were read in it."""
    described: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """image_id -> its descriptions by who looked at it; they stand in a note where the picture was taken out."""
    passages: Mapping[tuple[str, str], tuple[tuple[str, str], ...]] = field(default_factory=dict)
    """Two note_ids -> the passages that they share, as each has them; both orders are there."""


def known(families: Mapping[str, int], annotations: pa.Table, passages: pa.Table) -> Known:
    """Gather it.

    Args:
        families: image_id -> family (`media.image_families` makes them of PICTURE_PAIRS).
        annotations: ANNOTATIONS, or its columns note_id, image_id, kind, model and text.
        passages: pairs of shared passages: POSITIVES or PAIRS with granularity partial_text; of others nothing is taken.

    Cost: linear, the texts in memory.
    """
    places: dict[tuple[str, str], list[str]] = {}
    read: dict[str, list[str]] = {}
    described: dict[str, list[str]] = {}
    for row in annotations.select(["note_id", "image_id", "kind", "model", "text"]).to_pylist():
        if row["text"] is not None:
            places.setdefault((row["note_id"], row["text"]), []).append(row["image_id"])
            if row["model"] not in OWN_WORDS:
                (read if row["kind"] == "ocr" else described).setdefault(row["image_id"], []).append(row["text"])
    shared: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for row in passages.select(["granularity", "query", "target"]).to_pylist():
        if row["granularity"] == "partial_text":
            one, other = row["query"], row["target"]
            shared.setdefault((one["note_id"], other["note_id"]), []).append((one["text"], other["text"]))
            shared.setdefault((other["note_id"], one["note_id"]), []).append((other["text"], one["text"]))
    once = {pair: tuple(dict.fromkeys(found)) for pair, found in shared.items()}
    return Known(dict(families), _tuples(places), _tuples(read), _tuples(described), once)


def stands(passage: str, text: str) -> bool:
    """Whether all letters of a passage stand in a text in a row, whatever case, width and punctuation; an empty one does not.

    >>> stands("Red mug!", "the RED MUG, left")
    True
    """
    letters = _letters(passage)
    return bool(letters) and letters in _letters(text)


@lru_cache(maxsize=REMEMBERED)
def weight(text: str) -> float:
    """How much a text says: its letters and digits, a wide one (Chinese and the like) as three; a part never more than all."""
    return float(sum(WIDE if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in _letters(text)))


@lru_cache(maxsize=REMEMBERED)
def _letters(text: str) -> str:
    return fold(text).letters


def _tuples(found: Mapping[K, Sequence[str]]) -> dict[K, tuple[str, ...]]:
    return {key: tuple(dict.fromkeys(values)) for key, values in found.items()}
