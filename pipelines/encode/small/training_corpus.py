"""Training data of the small encoder: pictures, captions and texts of a sample corpus's folder."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pyarrow.parquet as pq

from pipelines.media.decode import BadPicture, Decoding, Pixels, decode
from schemas.item import full_text

SIDE = 160
"""Side of the squares, in pixels, that pictures are resized to: crops of them still fill the network's input."""


@dataclass(frozen=True, slots=True)
class CaptionedPicture:
    """A picture of a note and its captions."""

    pixels: Pixels
    """[SIDE, SIDE, 3]."""
    family: str
    """Name shared by a picture and its copies and crops."""
    zh: str | None
    """Chinese caption; None if it has no caption."""
    en: str | None
    """English caption."""


@dataclass(frozen=True, slots=True)
class TrainingNote:
    """A note with at least one readable picture."""

    note_id: str
    text: str
    pictures: tuple[CaptionedPicture, ...]


def read_notes(folder: Path, side: int = SIDE) -> list[TrainingNote]:
    """Read the notes of a sample corpus that have a readable picture, sorted by note_id.

    Args:
        folder: as `pipelines.sources.sample_corpus` writes it: notes.parquet, images/, truth/images.parquet.
        side: of the squares that pictures are resized to, pixels.

    Cost: one decode a picture; side^2 * 3 bytes a picture.
    """
    truth = {r["image_id"]: r for r in pq.read_table(folder / "truth" / "images.parquet").to_pylist()}
    notes = {}
    for row in pq.read_table(folder / "notes.parquet").to_pylist():
        pictures = [_picture(folder / i["uri"], truth[i["image_id"]], side) for i in row["images"] if i["image_id"] in truth]
        readable = tuple(p for p in pictures if p)
        if row["note_id"] and readable:
            notes[row["note_id"]] = TrainingNote(row["note_id"], full_text(row["title"], row["body"]).strip(), readable)
    return [notes[key] for key in sorted(notes)]


def _picture(path: Path, truth: dict[str, str | None], side: int) -> CaptionedPicture | None:
    try:
        whole = decode(path.read_bytes(), Decoding(working_side=2 * side)).rgb
    except (BadPicture, OSError):
        return None  # damaged files are planted by the corpus
    pixels = cv2.resize(whole, (side, side), interpolation=cv2.INTER_AREA)
    return CaptionedPicture(np.ascontiguousarray(pixels), truth["family"] or "", truth["zh"], truth["en"])
