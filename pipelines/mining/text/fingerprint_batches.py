"""Arrow batches of texts -> fingerprints and digests. No engine."""

import hashlib
from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa

from pipelines.media.boilerplate import tags
from pipelines.mining.text.boilerplate_letters import boilerplate_letters, covered
from pipelines.mining.text.normalise import FoldedBatch, fold
from pipelines.mining.text.prepared_text import numbered
from pipelines.mining.text.settings import PartialText
from pipelines.mining.text.winnowing import Bounds, Fingerprints, Places, grams, linked, widths, winnowed

CHARS_AT_ONCE = 1 << 20
"""Characters folded together; the arrays of a batch take some 200 bytes each."""

FINGERPRINTS = pa.schema([("fingerprint", pa.int64()), ("note_id", pa.string()), ("at", pa.int32()), ("chars", pa.int32())])
"""`at`: index of the folded character at which it first begins; `chars`: folded characters of the whole text.

Odd fingerprints are grams, even ones links."""

DIGESTS = pa.schema(
    [
        ("note_id", pa.string()),
        ("digest", pa.binary()),
        ("is_whole", pa.bool_()),
        ("columns", pa.int32()),
        ("chars", pa.int32()),
        ("start", pa.int32()),
        ("end", pa.int32()),
    ]
)
"""Digest of folded letters with their numbers. `is_whole`: of title and body without tags; else of the body alone, or with
the letters of the tags. `chars` folded characters, `columns` wide; `start`, `end`: their place in the original."""


def fingerprints(batches: Iterable[pa.RecordBatch], settings: PartialText) -> Iterator[pa.RecordBatch]:
    """FINGERPRINTS of note_id, text: each at most once a note, none that holds boilerplate by form.

    Cost: linear in the characters.
    """
    for ids, texts in _portions(batches):
        folded = fold(texts)
        long = grams(folded.codes, folded.bounds, settings.gram_columns)
        boilerplate_before = np.concatenate([[0], np.cumsum(boilerplate_letters(texts, folded))])
        short = grams(folded.codes, folded.bounds, settings.link_columns)
        for kind, selected in (
            (1, winnowed(long, settings.gram_window)),
            (0, linked(short, settings.link_reach, settings.link_window)),
        ):
            yield _rows(ids, selected, boilerplate_before, folded.bounds, kind)


def digests(batches: Iterable[pa.RecordBatch], min_columns: int, min_body_columns: int) -> Iterator[pa.RecordBatch]:
    """DIGESTS of note_id, text, body_at: of the texts, and of the bodies, which begin at body_at, that are wide enough.

    Tags (hashtags, mentions, links) do not count for the width.
    """
    for batch in batches:
        body_at = dict(zip(batch["note_id"].to_pylist(), batch["body_at"].to_pylist(), strict=True))
        for ids, texts in _portions([batch]):
            folded = fold(texts)
            width = widths(folded.codes)
            rows = []
            for b, note_id in enumerate(ids.to_pylist()):
                spelled = np.frombuffer(numbered(texts[b], folded, b).encode("utf-32-le"), "<u4")
                low, high = folded.bounds[b : b + 2].tolist()
                whole = np.arange(low, high)
                is_tag = covered(folded, b, tags(texts[b]))
                in_body = folded.starts[low:high] >= body_at[note_id]
                parts = [(np.ones(high - low, bool), True, min_columns)]
                if not in_body.all():
                    parts.append((in_body, False, min_body_columns))
                for part, is_whole, enough in parts:
                    kept = whole[part & ~is_tag]
                    columns = int(width[kept].sum())
                    if columns < enough:
                        continue
                    rows.append(_digest(note_id, spelled[kept - low], folded, kept, is_whole, columns))
                    if (part & is_tag).any():
                        rows.append(_digest(note_id, spelled[part], folded, whole[part], False, columns))
            yield pa.RecordBatch.from_pylist(rows, schema=DIGESTS)


def _digest(
    note_id: str, spelled: np.ndarray, folded: FoldedBatch, part: np.ndarray, is_whole: bool, columns: int
) -> dict[str, object]:
    return {
        "note_id": note_id,
        "digest": hashlib.sha256(spelled.tobytes()).digest()[:16],
        "is_whole": is_whole,
        "columns": columns,
        "chars": len(part),
        "start": int(folded.starts[part[0]]),
        "end": int(folded.ends[part[-1]]),
    }


def _rows(ids: pa.Array, fingerprints: Fingerprints, boilerplate_before: Places, bounds: Bounds, kind: int) -> pa.RecordBatch:
    kept = boilerplate_before[fingerprints.until] == boilerplate_before[fingerprints.at]
    values, owner = (fingerprints.values[kept] & ~1) | kind, fingerprints.owner[kept]
    at = (fingerprints.at[kept] - bounds[owner]).astype(np.int32)
    chars = np.diff(bounds)[owner].astype(np.int32)
    return pa.record_batch([pa.array(values), ids.take(pa.array(owner)), pa.array(at), pa.array(chars)], schema=FINGERPRINTS)


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
