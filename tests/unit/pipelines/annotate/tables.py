"""Literal rows as the tables that the steps read."""

import pyarrow as pa

from schemas.datasets import ANNOTATIONS, IMAGES, NOTES


def filled(rows, schema):
    """A table of the schema; columns that a row does not name are null."""
    return pa.Table.from_pylist(rows, pa.schema([field.with_nullable(True) for field in schema]))


def notes(*rows):
    return filled([dict(zip(("note_id", "title", "body"), row, strict=True)) for row in rows], NOTES.columns)


def images(*rows):
    return filled([dict(zip(("note_id", "position", "image_id", "sha256"), row, strict=True)) for row in rows], IMAGES.columns)


def annotation(note_id, image_id, text, *, kind="ocr", model="m#1", confidence=None, sha256=None, reason=None):
    return {
        "note_id": note_id, "image_id": image_id, "text": text, "kind": kind, "model": model, "confidence": confidence,
        "sha256": sha256 or f"sha-{image_id}", "reason": reason,
    }  # fmt: skip


def annotations(*rows):
    return pa.Table.from_pylist(list(rows), ANNOTATIONS.columns)
