"""Items and pairs as Arrow rows: the rows of `pipelines.items.spark_columns`, without Spark."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from schemas.datasets import EVIDENCE
from schemas.item import Kind, full_text, item_id

Row = dict[str, Any]


def item_row(kind: Kind, note_id: str, image_ids: Sequence[str] = (), text: str | None = None) -> Row:
    """An ITEM with its id."""
    return {
        "item_id": item_id(kind, note_id, image_ids, None, text),
        "kind": kind,
        "note_id": note_id,
        "image_ids": list(image_ids),
        "region": None,
        "text": text,
    }


def pair_row(
    granularity: str, task: str, query: Row, target: Row, score: float, evidence: Mapping[str, Any] | None = None
) -> Row:
    """A row of PAIRS; `evidence` names the fields that apply, the others are null."""
    return {
        "pair_id": pair_id(granularity, task, query["item_id"], target["item_id"]),
        "granularity": granularity,
        "task": task,
        "query": query,
        "target": target,
        "score": score,
        "evidence": dict.fromkeys(EVIDENCE.names) | dict(evidence or {}),
    }


def pair_id(granularity: str, task: str, query_id: str, target_id: str) -> str:
    """Name a pair as `pipelines.items.spark_columns.pair` does: 32 hex digits."""
    return hashlib.sha256(" ".join((granularity, task, query_id, target_id)).encode()).hexdigest()[:32]


def note_rows(notes: pa.Table, images: pa.Table, note_ids: set[str]) -> dict[str, Row]:
    """The items of some whole notes by note_id, as `pipelines.items.spark_columns.note_items` has them.

    Args:
        notes: note_id, title, body.
        images: IMAGES, the pictures that could be read.
        note_ids: of the notes.
    """
    pictures: dict[str, list[tuple[int, str]]] = {}
    for image in images.select(["note_id", "position", "image_id"]).to_pylist():
        if image["note_id"] in note_ids:
            pictures.setdefault(image["note_id"], []).append((image["position"], image["image_id"]))
    return {
        note["note_id"]: item_row(
            "note",
            note["note_id"],
            [image_id for _, image_id in sorted(pictures.get(note["note_id"], []))],
            full_text(note["title"], note["body"]),
        )
        for note in notes.select(["note_id", "title", "body"]).to_pylist()
        if note["note_id"] in note_ids
    }
