"""Arrow batches of texts -> fingerprints and digests. No engine."""

import hashlib
from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa

from pipelines.mining.text.normalise import fold
from pipelines.mining.text.prepared_text import numbered
from pipelines.mining.text.settings import PartialText
from pipelines.mining.text.winnowing import Fingerprints, grams, linked, widths, winnowed

CHARS_AT_ONCE = 1 << 20
"""Characters folded together; the arrays of a batch take some 200 bytes each."""

FINGERPRINTS = pa.schema([("fingerprint", pa.int64()), ("note_id", pa.string()), ("at", pa.int32())])
"""`at`: index of the folded character at which it first begins. Odd fingerprints are grams, even ones links."""

DIGESTS = pa.schema(
    [("note_id", pa.string()), ("digest", pa.binary()), ("chars", pa.int32()), ("start", pa.int32()), ("end", pa.int32())]
)
"""Digest of the whole folded text, with its numbers; `chars`: folded; `start`, `end`: what is kept of the original."""


def fingerprints(batches: Iterable[pa.RecordBatch], settings: PartialText) -> Iterator[pa.RecordBatch]:
    """FINGERPRINTS of note_id, text: each at most once a note. Cost: linear in the characters."""
    for ids, texts in _portions(batches):
        folded = fold(texts)
        long = grams(folded.codes, folded.bounds, settings.gram_columns)
        short = grams(folded.codes, folded.bounds, settings.link_columns)
        for kind, selected in (
            (1, winnowed(long, settings.gram_window)),
            (0, linked(short, settings.link_reach, settings.link_window)),
        ):
            yield _rows(ids, selected, folded.bounds, kind)


def digests(batches: Iterable[pa.RecordBatch], min_chars: int) -> Iterator[pa.RecordBatch]:
    """DIGESTS of note_id, text, for the texts that are at least `min_chars` columns wide after folding."""
    for ids, texts in _portions(batches):
        folded = fold(texts)
        lengths = np.diff(folded.bounds)
        columns = np.diff(np.concatenate([[0], np.cumsum(widths(folded.codes))])[folded.bounds])
        long = np.flatnonzero(columns >= min_chars)
        spans = [(int(folded.bounds[b]), int(folded.bounds[b + 1])) for b in long]
        spelled = [numbered(texts[b], folded, int(b)).encode("utf-32-le") for b in long]
        yield pa.record_batch(
            [
                ids.take(pa.array(long)),
                pa.array([hashlib.sha256(text).digest()[:16] for text in spelled], pa.binary()),
                pa.array(lengths[long].astype(np.int32)),
                pa.array(np.array([folded.starts[s] for s, _ in spans], np.int32)),
                pa.array(np.array([folded.ends[e - 1] for _, e in spans], np.int32)),
            ],
            schema=DIGESTS,
        )


def _rows(ids: pa.Array, fingerprints: Fingerprints, bounds: np.ndarray, kind: int) -> pa.RecordBatch:
    at = (fingerprints.at - bounds[fingerprints.owner]).astype(np.int32)
    return pa.record_batch(
        [pa.array((fingerprints.values & ~1) | kind), ids.take(pa.array(fingerprints.owner)), pa.array(at)], schema=FINGERPRINTS
    )


def _portions(batches: Iterable[pa.RecordBatch]) -> Iterator[tuple[pa.Array, list[str]]]:
    """Note ids and texts, in portions of bounded size whatever the lengths of the texts."""
    for batch in batches:
        ids, texts = batch["note_id"], batch["text"].to_pylist()
        begin = size = 0
        for row, text in enumerate(texts):
            size += len(text)
            if size >= CHARS_AT_ONCE:
                yield ids[begin : row + 1], texts[begin : row + 1]
                begin, size = row + 1, 0
        if begin < len(texts):
            yield ids[begin:], texts[begin:]
