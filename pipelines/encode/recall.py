"""Recall at k, and an encoder's recall on a sample corpus that it was not trained on."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from pipelines.encode.batching import batches
from pipelines.encode.item_content import Content
from pipelines.encode.protocol import Encoder, Preparer, Vectors
from pipelines.encode.small.training_corpus import CaptionedPicture, TrainingNote

Relevant = Sequence[frozenset[int]]
"""For each query the relevant targets."""
KS = (1, 5, 10)
"""The values of k that the paper reports."""


def recall(queries: Vectors, targets: Vectors, relevant: Relevant, k: int) -> float:
    """Share of queries with a relevant target among their k best.

    Args:
        queries: [q, d], rows of unit length.
        targets: [t, d], rows of unit length; of equal ones the first ranks higher.
        relevant: as long as queries.
        k: number of targets of a query.
    """
    scores = queries @ targets.T
    best = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return float(np.mean([bool(targets_of & set(row.tolist())) for targets_of, row in zip(relevant, best, strict=True)]))


def vectors(contents: Sequence[Content], preparer: Preparer, encoder: Encoder, size: int = 64) -> Vectors:
    """Encode contents: [n, d], in their order."""
    items = [preparer.prepare(c) for c in contents]
    out = np.empty((len(items), encoder.dimensions), np.float32)
    for rows in batches([i.length for i in items], max_items=size):
        out[rows] = encoder.encode([items[r] for r in rows])
    return out


class _NotePicture(NamedTuple):
    """A captioned picture and the number of its note."""

    note: int
    picture: CaptionedPicture


def sample_recall(corpus_notes: Sequence[TrainingNote], preparer: Preparer, encoder: Encoder) -> dict[str, dict[int, float]]:
    """Recall at 1, 5 and 10 for each task, on a sample corpus.

    In `image_to_note` the note has the picture replaced by its caption (method.md section 1, modal replacement);
    `exact_image_to_note` leaves it in. The queries of `text_to_note` are captions. A caption or a note is relevant when it
    describes or shows the same scene.
    """
    pictures = [_NotePicture(n, picture) for n, note in enumerate(corpus_notes) for picture in note.pictures if picture.en]
    images = vectors([Content(kind="image", images=(s.picture.pixels,)) for s in pictures], preparer, encoder)
    whole = [Content(kind="note", images=tuple(s.pixels for s in t.pictures), text=t.text) for t in corpus_notes]
    notes = vectors(whole, preparer, encoder)
    captions_en = [s.picture.en for s in pictures]
    captions = [frozenset(j for j, other in enumerate(captions_en) if other == mine) for mine in captions_en]
    holders = [frozenset(s.note for s in pictures if s.picture.en == mine) for mine in captions_en]
    out: dict[str, dict[int, float]] = {}
    for language in ("zh", "en"):
        texts = vectors([Content(kind="text", text=getattr(s.picture, language)) for s in pictures], preparer, encoder)
        out[f"image_to_text {language}"] = _at(images, texts, captions)
        out[f"text_to_image {language}"] = _at(texts, images, captions)
        out[f"text_to_note {language}"] = _at(texts, notes, holders)
    replaced = vectors([_replaced(corpus_notes[s.note], s.picture) for s in pictures], preparer, encoder)
    out["image_to_note"] = _among_others(images, replaced, notes, [s.note for s in pictures], holders)
    out["exact_image_to_note"] = _at(images, notes, holders)
    return out


def _replaced(note: TrainingNote, picture: CaptionedPicture) -> Content:
    """The note with a picture replaced by its caption."""
    return Content(
        kind="note", images=tuple(s.pixels for s in note.pictures if s is not picture), text=f"{note.text}\n{picture.zh}"
    )


def _among_others(images: Vectors, own: Vectors, notes: Vectors, note: Sequence[int], holders: Relevant) -> dict[int, float]:
    """Recall of each picture among its own changed note and the other notes; others that show it are left out."""
    ranks = []
    for row, query in enumerate(images):
        others = np.delete(notes @ query, sorted(holders[row] | {note[row]}))
        ranks.append(int((others > own[row] @ query).sum()))
    return {k: float(np.mean(np.array(ranks) < k)) for k in KS}


def _at(queries: Vectors, targets: Vectors, relevant: Relevant) -> dict[int, float]:
    return {k: recall(queries, targets, relevant, k) for k in KS}
