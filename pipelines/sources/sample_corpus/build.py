"""Generates the sample corpus and writes it: the input of jobs/mine_pairs.py, and its truth."""

import json
import os
import shutil
import tempfile
from collections import defaultdict
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, NamedTuple

import pyarrow.parquet as pq
from pydantic import Field

from pipelines.sources.sample_corpus.bad_rows import PlantedFault, odd_notes
from pipelines.sources.sample_corpus.click_logs import click_log
from pipelines.sources.sample_corpus.notes import SampleNote, copiable, detail, own_note, quote, repost, variant
from pipelines.sources.sample_corpus.output_tables import (
    ALIASES_TRUTH,
    IMAGES_TRUTH,
    NOTES,
    ODDITIES_TRUTH,
    PASSAGES_TRUTH,
    note_row,
    picture_rows,
    write_rows,
)
from pipelines.sources.sample_corpus.repost_edits import CROP_AREAS, EDITS
from pipelines.sources.sample_corpus.seeded_random import dice
from pipelines.workspace.code_fingerprint import code_fingerprint
from schemas.errors import DataError, SettingsError
from schemas.settings import Seed

MIN_NOTES = 60
MARKER = "sample.json"
"""The file with the settings and the code fingerprint of the corpus."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Settings of `make_sample`."""

    notes: Annotated[int, Field(ge=60, le=1_000_000)] = 400
    """Number of notes, the bad rows included. 400 give some 700 pictures and 20 MB in 10 s."""
    seed: Seed = 0
    """Seed of all notes, pictures and clicks."""


class _NoteRow(NamedTuple):
    note: SampleNote
    like_count: int


def make_sample(folder: Path, settings: Sample) -> None:
    """Write notes.parquet, clicks.parquet, images/ and truth/ below `folder`, unless the folder has them with these settings.

    The files are written to a folder beside it and moved last, so that a killed run leaves
    no partial corpus. Same settings, same bytes (with the same versions of Pillow and pyarrow).

    Raises:
        SettingsError: too few notes.
        DataError: the folder has files of something else; they are not touched.
        UninoteError: the font that the pictures need is not installed.

    Cost: linear in notes; one core.
    """
    if settings.notes < MIN_NOTES:
        raise SettingsError(
            f"sample.notes: expected at least {MIN_NOTES} (fewer are too few to plant pairs in), got {settings.notes}"
        )
    if _exists(folder, settings):
        return
    if folder.exists() and not (folder / MARKER).exists() and any(folder.iterdir()):
        raise DataError(
            f"{folder}: expected a sample corpus, got files without {MARKER}; move them away, or set another folder"
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        _write(beside, settings)
        (beside / MARKER).write_text(_mark(settings))
        beside.chmod(0o755)
        if not _exists(folder, settings):  # another run may have been faster
            shutil.rmtree(folder, ignore_errors=True)
            os.replace(beside, folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _exists(folder: Path, settings: Sample) -> bool:
    return (folder / MARKER).exists() and (folder / MARKER).read_text() == _mark(settings)


def _mark(settings: Sample) -> str:
    """The content of `MARKER`: with any other the corpus is generated again."""
    return json.dumps({"code": code_fingerprint(make_sample), **asdict(settings)}) + "\n"


def _write(folder: Path, settings: Sample) -> None:
    odd = odd_notes(settings.seed)
    notes, passages = _notes(settings.notes - len(odd), settings.seed)
    rows = [_NoteRow(note, _likes(note, n, settings.seed)) for n, note in enumerate(notes)]
    rows += [_NoteRow(o.note, o.like_count) for o in odd]
    rows.sort(key=lambda row: row.note.note_id)
    (folder / "images").mkdir()
    (folder / "truth").mkdir()
    for row in rows:
        for picture in row.note.pictures:
            if picture.content is not None:
                (folder / "images" / f"{picture.image_id}{picture.suffix}").write_bytes(picture.content)
    write_rows([note_row(row.note, row.like_count, settings.seed) for row in rows], NOTES, folder / "notes.parquet")
    by_topic = defaultdict(list)
    for note in notes:
        by_topic[note.topic].append(note.note_id)
    log = click_log(by_topic, 3 * settings.notes, settings.seed)
    pq.write_table(log.clicks, folder / "clicks.parquet", compression="zstd")
    pq.write_table(log.chains, folder / "truth" / "co_clicks.parquet", compression="zstd")
    faults = [o.fault for o in odd] + [
        PlantedFault(None, "clicks", "no user_id"),
        PlantedFault(None, "clicks", "no clicked_at"),
    ]
    write_rows(passages, PASSAGES_TRUTH, folder / "truth" / "passages.parquet")
    write_rows([f._asdict() for f in faults], ODDITIES_TRUTH, folder / "truth" / "oddities.parquet")
    write_rows([], ALIASES_TRUTH, folder / "truth" / "aliases.parquet")
    write_rows([r for n in notes for r in picture_rows(n)], IMAGES_TRUTH, folder / "truth" / "images.parquet")


def _notes(count: int, seed: int) -> tuple[list[SampleNote], list[dict[str, object]]]:
    """All notes without faults, and the planted quotes. Of 100 notes 16 are reposts, 9 details, 10 quotes, 5 variants."""
    reposts, details, quotes, variants = (count * share // 100 for share in (16, 9, 10, 5))
    own = [own_note(n, seed) for n in range(count - reposts - details - quotes - variants)]
    notes = list(own)
    donors = [n for n in own if n.note_type == "image" and copiable(n, keeps_text=False)]
    for n, donor in enumerate(_drawn(donors, reposts, seed, "reposts")):
        notes.append(repost(n, donor, EDITS[n % len(EDITS)], seed))
    areas = sorted(CROP_AREAS)
    for n, donor in enumerate(_drawn(donors, details, seed, "details")):
        notes.append(detail(n, donor, areas[n % len(areas)], seed))
    for n, donor in enumerate(_drawn(donors, variants, seed, "variants")):
        notes.append(variant(n, donor, seed))
    passages = []
    for n, donor in enumerate(_drawn(own, quotes, seed, "quotes")):
        note, planted = quote(n, donor, seed)
        notes.append(note)
        passages.append(planted)
    return notes, passages


def _drawn(notes: list[SampleNote], count: int, seed: int, what: str) -> list[SampleNote]:
    """Different notes at random; the first ones repeated if there are too few."""
    sampled = dice(seed, "donors", what).sample(notes, min(count, len(notes)))
    return [sampled[n % len(sampled)] for n in range(count)]


def _likes(note: SampleNote, number: int, seed: int) -> int:
    """Log-normal likes, mostly some hundreds; a few at the filter's threshold, on either side of it."""
    if number % 97 in (3, 5):
        return 100 + (number % 97 == 5)
    return int(dice(seed, "likes", note.note_id).lognormvariate(6.1, 1.3))
