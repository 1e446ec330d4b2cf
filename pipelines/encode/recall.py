"""Recall at k, and an encoder's recall on a sample corpus that it has not seen."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from pipelines.encode.batches import batches
from pipelines.encode.content import Content
from pipelines.encode.encoder import Encoder, Preparer, Vectors
from pipelines.encode.small.corpus import Told

Relevant = Sequence[frozenset[int]]
"""For each query the targets that are right."""


def recall(queries: Vectors, targets: Vectors, relevant: Relevant, k: int) -> float:
    """Share of queries that have a right target among their k best.

    Args:
        queries: [q, d], rows of unit length.
        targets: [t, d], rows of unit length.
        relevant: as long as queries; a target that ties with a right one and comes before it counts as before it.
        k: how many targets a query is given.
    """
    scores = queries @ targets.T
    best = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return float(np.mean([bool(right & set(row.tolist())) for right, row in zip(relevant, best, strict=True)]))


def vectors(contents: Sequence[Content], preparer: Preparer, encoder: Encoder, size: int = 64) -> Vectors:
    """The contents' vectors, in their order."""
    items = [preparer.prepare(c) for c in contents]
    out = np.empty((len(items), encoder.dimensions), np.float32)
    for rows in batches([i.length for i in items], max_items=size):
        out[rows] = encoder.encode([items[r] for r in rows])
    return out


def sample_recall(told: Sequence[Told], preparer: Preparer, encoder: Encoder) -> dict[str, dict[int, float]]:
    """Recall at 1, 5 and 10 for each task, on a sample corpus.

    The note of `image_to_note` is asked for with the picture taken out and its caption put
    in (METHOD.md section 1, modal replacement); `exact_image_to_note` leaves it in.
    `text_to_note` asks with a caption. A target is right when it shows the same family or has the same caption.
    """
    shown = [(n, s) for n, note in enumerate(told) for s in note.shots if s.en]
    images = vectors([Content(kind="image", images=(s.pixels,)) for _, s in shown], preparer, encoder)
    notes = vectors(
        [Content(kind="note", images=tuple(s.pixels for s in t.shots), text=t.text) for t in told], preparer, encoder
    )
    out: dict[str, dict[int, float]] = {}
    said = [s.en for _, s in shown]
    same_caption = [frozenset(j for j, other in enumerate(said) if other == mine) for mine in said]
    in_notes = [frozenset(n for (n, s) in shown if s.en == mine) for mine in said]
    for language in ("zh", "en"):
        texts = vectors([Content(kind="text", text=s.zh if language == "zh" else s.en) for _, s in shown], preparer, encoder)
        out[f"image_to_text {language}"] = _at(images, texts, same_caption)
        out[f"text_to_image {language}"] = _at(texts, images, same_caption)
        out[f"text_to_note {language}"] = _at(texts, notes, in_notes)
    out["exact_image_to_note"] = _at(images, notes, in_notes)
    out["image_to_note"] = _replaced(told, shown, notes, images, in_notes, preparer, encoder)
    return out


def _replaced(
    told: Sequence[Told],
    shown: Sequence[tuple[int, object]],
    notes: Vectors,
    images: Vectors,
    in_notes: Relevant,
    preparer: Preparer,
    encoder: Encoder,
) -> dict[int, float]:
    """Each query meets the other notes as they are, and its own without the picture."""
    without = []
    for n, shot in shown:
        kept = tuple(s.pixels for s in told[n].shots if s is not shot)
        caption = getattr(shot, "zh", None) or ""
        without.append(Content(kind="note", images=kept, text=f"{told[n].text}\n{caption}"))
    own = vectors(without, preparer, encoder)
    hits: dict[int, list[bool]] = {k: [] for k in KS}
    for row, ((n, _), right) in enumerate(zip(shown, in_notes, strict=True)):
        scores = notes @ images[row]
        scores[n] = own[row] @ images[row]
        others = np.delete(scores, sorted(right - {n}))  # another note that shows it is neither right nor wrong here
        rank = int(np.sum(others > scores[n]))
        for k in KS:
            hits[k].append(rank < k)
    return {k: float(np.mean(v)) for k, v in hits.items()}


KS = (1, 5, 10)


def _at(queries: npt.NDArray[np.float32], targets: npt.NDArray[np.float32], relevant: Relevant) -> dict[int, float]:
    return {k: recall(queries, targets, relevant, k) for k in KS}
