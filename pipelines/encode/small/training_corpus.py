"""What the small encoder learns from: the pictures, captions and texts of a sample corpus's folder."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pyarrow.parquet as pq

from pipelines.media.decode import BadPicture, Decoding, Pixels, decode
from schemas.item import full_text

KEPT = 160
"""Pixels; pictures are held as squares of this side: what is cut out of them still fills the network's input."""


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture of a note and what it shows."""

    pixels: Pixels
    """[KEPT, KEPT, 3]."""
    family: str
    """The picture that this is, or is a copy or piece of."""
    zh: str | None
    """None where words cannot tell what it shows."""
    en: str | None


@dataclass(frozen=True, slots=True)
class Told:
    """One note."""

    note_id: str
    text: str
    shots: tuple[Shot, ...]


def read_notes(folder: Path, side: int = KEPT) -> list[Told]:
    """The notes of a sample corpus that have a picture which can be read, by note_id.

    Args:
        folder: as `pipelines.sources.sample_corpus` writes it: notes.parquet, images/, truth/images.parquet.
        side: of the squares that pictures are squeezed to, pixels.

    Cost: one decode a picture; side^2 * 3 bytes a picture.
    """
    truth = {r["image_id"]: r for r in pq.read_table(folder / "truth" / "images.parquet").to_pylist()}
    notes = {}
    for row in pq.read_table(folder / "notes.parquet").to_pylist():
        shots = [_shot(folder / i["uri"], truth[i["image_id"]], side) for i in row["images"] if i["image_id"] in truth]
        read = tuple(s for s in shots if s)
        if row["note_id"] and read:
            notes[row["note_id"]] = Told(row["note_id"], full_text(row["title"], row["body"]).strip(), read)
    return [notes[key] for key in sorted(notes)]


def _shot(path: Path, truth: dict[str, str | None], side: int) -> Shot | None:
    try:
        whole = decode(path.read_bytes(), Decoding(working_side=2 * side)).rgb
    except (BadPicture, OSError):
        return None  # planted by the corpus: quarantine is tested elsewhere
    pixels = cv2.resize(whole, (side, side), interpolation=cv2.INTER_AREA)
    return Shot(np.ascontiguousarray(pixels), truth["family"] or "", truth["zh"], truth["en"])
