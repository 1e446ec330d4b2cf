"""The corpus's files as tables: the input's columns, and the truth's."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.sources.sample_corpus.click_logs import NEWEST
from pipelines.sources.sample_corpus.notes import SampleNote
from pipelines.sources.sample_corpus.scenes.captions import description
from pipelines.sources.sample_corpus.seeded_random import dice

STRING = pa.string()
NOTES = pa.schema(
    [(name, STRING) for name in ("note_id", "title", "body", "topic")]
    + [("images", pa.list_(pa.struct([("image_id", STRING), ("uri", STRING)])))]
    + [(name, pa.int64()) for name in ("like_count", "collect_count", "comment_count", "share_count")]
    + [("author_id", STRING), ("published_at", pa.timestamp("us", tz="UTC")), ("note_type", STRING)]
)
IMAGES_TRUTH = pa.schema(
    [(name, STRING) for name in ("image_id", "note_id", "family", "edit", "kind")]
    + [("box", pa.list_(pa.float64())), ("variant_of", STRING), ("text", STRING), ("zh", STRING), ("en", STRING)]
)
PASSAGES_TRUTH = pa.schema(
    [(name, STRING) for name in ("source_note", "target_note", "host_note", "passage")] + [("edit_rate", pa.float64())]
)
ODDITIES_TRUTH = pa.schema([(name, STRING) for name in ("id", "source", "fault")])
ALIASES_TRUTH = pa.schema([("a", STRING), ("b", STRING)])


def note_row(note: SampleNote, likes: int, seed: int) -> dict[str, Any]:
    """A row of the notes file: a few notes lack a topic, a title or shares, as real ones do."""
    chance = dice(seed, "row", note.note_id, note.title)
    keep = [chance.random() >= 0.02 for _ in range(3)]
    return {
        "note_id": note.note_id,
        "title": note.title if keep[0] else None,
        "body": note.body,
        "topic": note.topic if keep[1] else None,
        "images": [{"image_id": p.image_id, "uri": f"images/{p.image_id}{p.suffix}"} for p in note.pictures],
        "like_count": likes,
        "collect_count": int(max(likes, 0) * chance.uniform(0.1, 0.7)),
        "comment_count": int(max(likes, 0) * chance.uniform(0.01, 0.2)),
        "share_count": int(max(likes, 0) * chance.uniform(0, 0.1)) if keep[2] else None,
        "author_id": f"author_{chance.randrange(150):03}",
        "published_at": (NEWEST - chance.randrange(90 * 86_400)) * 1_000_000,
        "note_type": note.note_type,
    }


def picture_rows(note: SampleNote) -> list[dict[str, Any]]:
    """The truth of a note's pictures."""
    return [
        {
            "image_id": p.image_id, "note_id": note.note_id, "family": p.family, "edit": p.edit, "kind": p.kind,
            "box": list(p.box) if p.box else None, "variant_of": p.variant_of, "text": p.text,
            "zh": description(p.scene, "zh") if p.scene else None, "en": description(p.scene, "en") if p.scene else None,
        }
        for p in note.pictures
    ]  # fmt: skip


def write_rows(rows: Iterable[dict[str, Any]], schema: pa.Schema, path: Path) -> None:
    """A Parquet file of these rows."""
    pq.write_table(pa.Table.from_pylist(list(rows), schema), path, compression="zstd")
