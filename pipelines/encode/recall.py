"""Recall at k, and an encoder's recall on a sample corpus that it has not seen."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from pipelines.encode.batching import batches
from pipelines.encode.item_content import Content
from pipelines.encode.protocol import Encoder, Preparer, Vectors
from pipelines.encode.small.training_corpus import Shot, Told

Relevant = Sequence[frozenset[int]]
"""For each query the targets that are right."""
KS = (1, 5, 10)
"""As the paper reports."""


def recall(queries: Vectors, targets: Vectors, relevant: Relevant, k: int) -> float:
    """Share of queries that have a right target among their k best.

    Args:
        queries: [q, d], rows of unit length.
        targets: [t, d], rows of unit length; of equal ones the first ranks higher.
        relevant: as long as queries.
        k: how many targets a query is given.
    """
    scores = queries @ targets.T
    best = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return float(np.mean([bool(right & set(row.tolist())) for right, row in zip(relevant, best, strict=True)]))


def vectors(contents: Sequence[Content], preparer: Preparer, encoder: Encoder, size: int = 64) -> Vectors:
    """The contents' vectors [n, d], in their order."""
    items = [preparer.prepare(c) for c in contents]
    out = np.empty((len(items), encoder.dimensions), np.float32)
    for rows in batches([i.length for i in items], max_items=size):
        out[rows] = encoder.encode([items[r] for r in rows])
    return out


class _Shown(NamedTuple):
    """A captioned picture and the number of its note."""

    note: int
    shot: Shot


def sample_recall(told: Sequence[Told], preparer: Preparer, encoder: Encoder) -> dict[str, dict[int, float]]:
    """Recall at 1, 5 and 10 for each task, on a sample corpus.

    The note of `image_to_note` is asked for with the picture taken out and its caption put
    in (method.md section 1, modal replacement); `exact_image_to_note` leaves it in.
    `text_to_note` asks with a caption. A caption or a note is right when it says or shows the same scene.
    """
    shown = [_Shown(n, shot) for n, note in enumerate(told) for shot in note.shots if shot.en]
    images = vectors([Content(kind="image", images=(s.shot.pixels,)) for s in shown], preparer, encoder)
    whole = [Content(kind="note", images=tuple(s.pixels for s in t.shots), text=t.text) for t in told]
    notes = vectors(whole, preparer, encoder)
    said = [s.shot.en for s in shown]
    captions = [frozenset(j for j, other in enumerate(said) if other == mine) for mine in said]
    holders = [frozenset(s.note for s in shown if s.shot.en == mine) for mine in said]
    out: dict[str, dict[int, float]] = {}
    for language in ("zh", "en"):
        texts = vectors([Content(kind="text", text=getattr(s.shot, language)) for s in shown], preparer, encoder)
        out[f"image_to_text {language}"] = _at(images, texts, captions)
        out[f"text_to_image {language}"] = _at(texts, images, captions)
        out[f"text_to_note {language}"] = _at(texts, notes, holders)
    replaced = vectors([_replaced(told[s.note], s.shot) for s in shown], preparer, encoder)
    out["image_to_note"] = _among_others(images, replaced, notes, [s.note for s in shown], holders)
    out["exact_image_to_note"] = _at(images, notes, holders)
    return out


def _replaced(note: Told, shot: Shot) -> Content:
    """The note with the picture's caption in its place."""
    return Content(kind="note", images=tuple(s.pixels for s in note.shots if s is not shot), text=f"{note.text}\n{shot.zh}")


def _among_others(images: Vectors, own: Vectors, notes: Vectors, note: Sequence[int], holders: Relevant) -> dict[int, float]:
    """Each picture meets its own changed note and the others as they are; others that show it are neither right nor wrong."""
    ranks = []
    for row, query in enumerate(images):
        others = np.delete(notes @ query, sorted(holders[row] | {note[row]}))
        ranks.append(int((others > own[row] @ query).sum()))
    return {k: float(np.mean(np.array(ranks) < k)) for k in KS}


def _at(queries: Vectors, targets: Vectors, relevant: Relevant) -> dict[int, float]:
    return {k: recall(queries, targets, relevant, k) for k in KS}
