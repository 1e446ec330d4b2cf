"""Bad rows, as real logs have them; each must end in quarantine."""

import struct
import zlib
from typing import NamedTuple

from pipelines.sources.sample_corpus.note_text import wording
from pipelines.sources.sample_corpus.notes import SampleNote
from pipelines.sources.sample_corpus.picture_files import SamplePicture
from pipelines.sources.sample_corpus.seeded_random import dice, name_of


class PlantedFault(NamedTuple):
    """A row of truth/oddities."""

    id: str | None
    """None: the row has no id of its own."""
    source: str
    """notes, images or clicks."""
    fault: str


class OddNote(NamedTuple):
    """A note with a fault."""

    note: SampleNote
    like_count: int
    fault: PlantedFault


def bomb(side: int = 40_000) -> bytes:
    """A PNG of a few hundred bytes whose header claims `side` x `side` pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(100_000), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def odd_notes(seed: int) -> list[OddNote]:
    """Four notes with a picture that cannot be read, one with negative likes, one id twice, one without an id."""
    broken = {
        "missing file": (".jpg", None),
        "empty image": (".jpg", b""),
        "undecodable image": (".jpg", b"\xff\xd8\xff\xe0 not a picture"),
        "decompression bomb": (".png", bomb()),
    }
    out = []
    for fault, (suffix, content) in broken.items():
        note = _note(fault, seed)
        picture = SamplePicture(
            image_id=f"{note.note_id}_0", suffix=suffix, content=content, family=f"{note.note_id}_0", kind="broken"
        )
        out.append(OddNote(note._replace(pictures=(picture,)), 500, PlantedFault(picture.image_id, "images", fault)))
    negative, repeated, repetition, nameless = (_note(f, seed) for f in ("negative likes", "twice", "again", "nameless"))
    out.append(OddNote(negative, -5, PlantedFault(negative.note_id, "notes", "negative likes")))
    out.append(OddNote(repeated, 500, PlantedFault(repeated.note_id, "notes", "note_id twice")))
    out.append(
        OddNote(repetition._replace(note_id=repeated.note_id), 600, PlantedFault(repeated.note_id, "notes", "note_id twice"))
    )
    out.append(OddNote(nameless._replace(note_id=""), 500, PlantedFault(None, "notes", "empty note_id")))
    return out


def _note(what: str, seed: int) -> SampleNote:
    chance = dice(seed, "odd", what)
    return SampleNote(name_of("n", seed, "odd", what), "zh", "desk", *wording("desk", [], "zh", chance), ())
