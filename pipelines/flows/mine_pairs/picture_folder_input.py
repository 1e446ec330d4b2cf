"""--notes may be a folder of pictures: its notes are written into the workspace, and its pictures are the image root."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pipelines.flows.mine_pairs.settings import Input, MinePairs
from pipelines.sources.picture_folder.corpus_kind import NotesTable
from pipelines.sources.picture_folder.open_folder import (
    OpenFolder,
    PictureNotes,
    kind_of_folder,
    open_folder,
    parquet_bytes,
    picture_notes,
)
from pipelines.workspace.filesystem import Folder
from pipelines.workspace.progress_line import log_progress
from schemas.errors import SettingsError

NAMED_TABLES = 100
"""Tables of notes in one folder that are named one by one; of more, the folder is read."""
FOLDER, FILE = "picture_folder", "notes.parquet"
"""Below the workspace: where the notes of a folder of pictures are written."""


@dataclass(frozen=True, slots=True)
class FolderInput:
    """The settings with the input that mining reads."""

    settings: MinePairs
    pictures_fingerprint: str | None = None
    """Of the pictures of a folder; None where the notes came as a table."""


def with_picture_folder(settings: MinePairs) -> FolderInput:
    """The settings with a table of notes as input, where --notes is a folder with pictures.

    Where such a folder holds tables of notes, these alone are read.

    Raises:
        DataError: the folder has tables of neither notes nor captions, or one that cannot be read.
        SettingsError: --images or --image-root came with a folder of pictures.
    """
    folder = open_folder(settings.input.notes) if settings.input.notes else None
    if folder is None:
        return FolderInput(settings)
    kind = kind_of_folder(folder)
    if isinstance(kind, NotesTable):
        return FolderInput(replace(settings, input=_table_input(settings, folder, kind.tables)))
    if settings.input.images is not None or settings.input.image_root is not None:
        raise SettingsError(
            f"--notes {folder.uri} is a folder of pictures without a table of notes: its pictures are the notes, "
            "so --images and --image-root do not apply; leave them out"
        )
    corpus = picture_notes(folder, kind, settings.picture_folder)
    for line in messages(folder, corpus, settings):
        log_progress(line)
    target = Folder(settings.workspace) / FOLDER
    content = parquet_bytes(corpus.notes)
    if target.read(FILE) != content:  # an unchanged file keeps its time: the next run skips what it made
        target.write(FILE, content)
    notes_input = replace(settings.input, notes=f"{target.uri}/{FILE}", image_root=folder.uri)
    return FolderInput(replace(settings, input=notes_input), corpus.pictures_fingerprint)


def _table_input(settings: MinePairs, folder: OpenFolder, tables: Sequence[str]) -> Input:
    """The folder's tables of notes; their pictures' uris count from the folder, however deep a table lies."""
    top = folder.uri.rstrip("/")
    named = len(tables) == 1 or (len(tables) <= NAMED_TABLES and not any("," in f"{top}{table}" for table in tables))
    notes = ",".join(f"{top}/{table}" for table in tables) if named else settings.input.notes
    return replace(settings.input, notes=notes, image_root=settings.input.image_root or folder.uri)


def messages(folder: OpenFolder, corpus: PictureNotes, settings: MinePairs) -> list[str]:
    """What the job says of a folder of pictures before it works."""
    unit = "picture" if settings.picture_folder.note_is == "picture" else "folder"
    pictures, captions = corpus.counts["pictures"], corpus.counts["pictures with a caption"]
    lines = [
        f"{folder.uri}: no table of notes, so a folder of pictures: {corpus.notes.num_rows:,} notes, one a {unit}, "
        f"{pictures:,} pictures, {captions:,} with a caption"
    ]
    reported = ("pictures", "pictures with a caption", "rows of captions")
    lines += [f"{name}: {n:,}" for name, n in corpus.counts.items() if n and name not in reported]
    lines += _captions_without_picture(corpus, next(iter(folder.files.pictures)))
    return lines


def _captions_without_picture(corpus: PictureNotes, picture: str) -> Sequence[str]:
    if not corpus.unmatched:
        return []
    names = ", ".join(repr(name) for name in corpus.unmatched)
    return [f"captions name {names}; pictures are named like {picture!r}: file_name counts from the folder of its table"]
