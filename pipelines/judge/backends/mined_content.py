"""Content found by mining and annotation (picture families, passages, texts of pictures), for the judge `overlap`."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeVar

import pyarrow as pa

from pipelines.media.text_fold import fold

NOTE_TEXT_MODELS = ("note-title", "note-body")
"""Annotators that copy the note's text without reading the picture: their texts prove nothing about it."""
K = TypeVar("K")
WIDE = 3
"""Weight of a wide (Chinese) character; another letter has 1."""
CACHE_SIZE = 65_536
"""Texts that are cached."""


@dataclass(frozen=True, slots=True)
class MinedContent:
    """Plain mappings, sent to the judges' processes."""

    families: Mapping[str, int] = field(default_factory=dict)
    """image_id -> family: copies and crops of each other have the same number. A picture not in it has no copies."""
    annotated: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    """(note_id, text) -> the pictures of the note with this annotation."""
    ocr_texts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """image_id -> the texts that were read in it."""
    descriptions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """image_id -> its descriptions by models; a note from which the picture was removed has one instead."""
    passages: Mapping[tuple[str, str], tuple[tuple[str, str], ...]] = field(default_factory=dict)
    """(note_id, note_id) -> the passages that they share, in the words of each; both orders are included."""


def mined_content(families: Mapping[str, int], annotations: pa.Table, passages: pa.Table) -> MinedContent:
    """Collect the content.

    Args:
        families: image_id -> family (`media.image_families` computes them from PICTURE_PAIRS).
        annotations: ANNOTATIONS, or its columns note_id, image_id, kind, model and text.
        passages: pairs of shared passages: POSITIVES or PAIRS with granularity partial_text; others are ignored.

    Cost: linear, the texts in memory.
    """
    annotated: dict[tuple[str, str], list[str]] = {}
    ocr_texts: dict[str, list[str]] = {}
    descriptions: dict[str, list[str]] = {}
    for row in annotations.select(["note_id", "image_id", "kind", "model", "text"]).to_pylist():
        if row["text"] is not None:
            annotated.setdefault((row["note_id"], row["text"]), []).append(row["image_id"])
            if row["model"] not in NOTE_TEXT_MODELS:
                (ocr_texts if row["kind"] == "ocr" else descriptions).setdefault(row["image_id"], []).append(row["text"])
    shared: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for row in passages.select(["granularity", "query", "target"]).to_pylist():
        if row["granularity"] == "partial_text":
            one, other = row["query"], row["target"]
            shared.setdefault((one["note_id"], other["note_id"]), []).append((one["text"], other["text"]))
            shared.setdefault((other["note_id"], one["note_id"]), []).append((other["text"], one["text"]))
    distinct = {pair: tuple(dict.fromkeys(texts)) for pair, texts in shared.items()}
    return MinedContent(dict(families), _tuples(annotated), _tuples(ocr_texts), _tuples(descriptions), distinct)


def contains(text: str, passage: str) -> bool:
    """Whether a text contains a passage, ignoring case, width and punctuation; False for a passage without letters.

    >>> contains("the RED MUG, left", "Red mug!")
    True
    """
    letters = _letters(passage)
    return bool(letters) and letters in _letters(text)


@lru_cache(maxsize=CACHE_SIZE)
def weight(text: str) -> float:
    """The weight of a text: its letters and digits, a wide one counting three; a part never weighs more than the whole."""
    return float(sum(WIDE if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in _letters(text)))


@lru_cache(maxsize=CACHE_SIZE)
def _letters(text: str) -> str:
    return fold(text).letters


def _tuples(lists: Mapping[K, Sequence[str]]) -> dict[K, tuple[str, ...]]:
    return {key: tuple(dict.fromkeys(values)) for key, values in lists.items()}
