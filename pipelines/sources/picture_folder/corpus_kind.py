"""Decides what a folder is: a table of notes, or a corpus of pictures with or without a table of captions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from pipelines.sources.picture_folder.folder_files import FolderFiles
from schemas.errors import DataError

FILE_NAME, FILE_NAMES = "file_name", "file_names"
"""The columns that make a table one of captions, as in Hugging Face's ImageFolder: one picture a row, or a list of them."""
CLICK_COLUMNS = frozenset({"user_id", "clicked_at"})
IMG2DATASET = frozenset({"key", "status", "url"})
"""Columns of the report that img2dataset writes beside its folders of pictures."""
NAMED_TABLES = 3


@dataclass(frozen=True, slots=True)
class NotesTable:
    """The folder holds tables of notes, which are read; the pictures are the ones that they name."""

    tables: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PictureCorpus:
    """The folder's pictures are the notes."""

    captions: Mapping[str, str]
    """Table -> its column with the pictures' names; none: captions come from the files beside the pictures, or there are
    none."""


def corpus_kind(
    folder: str,
    files: FolderFiles,
    columns: Mapping[str, Sequence[str]],
    id_column: str = "note_id",
    name_columns: Mapping[str, str] = MappingProxyType({}),
) -> NotesTable | PictureCorpus:
    """A table of notes wins; a table of captions or no table makes it a corpus of pictures.

    Args:
        folder: for the message.
        files: the folder's files, pictures among them.
        columns: table -> its columns; a table that has none (a file of settings) is no table.
        id_column: the column that makes a table one of notes: ours, or the one that a mapping names.
        name_columns: table without these -> its column whose values name pictures of the folder.

    Raises:
        DataError: there are tables, and none of them has `id_column` or FILE_NAME.
    """
    tables = {path: names for path, names in columns.items() if names and not set(names) >= IMG2DATASET}
    notes = [path for path, names in tables.items() if id_column in names]
    if notes:
        posts = [path for path in notes if not set(tables[path]) >= CLICK_COLUMNS]
        return NotesTable(tuple(sorted(posts or notes)))
    captions = {path: name for path, name in name_columns.items() if path in tables or path in files.texts}
    captions |= {path: name for path, names in tables.items() for name in (FILE_NAMES, FILE_NAME) if name in names}
    if captions or not tables:
        return PictureCorpus(dict(sorted(captions.items())))
    described = "; ".join(f"{path} with the columns {list(names)}" for path, names in sorted(tables.items())[:NAMED_TABLES])
    raise DataError(
        f"{folder}: {len(files.pictures):,} pictures and a table that is neither of notes nor of captions: {described}. "
        f"Expected a column '{id_column}' (a table of notes; jobs/import_table.py maps other names to ours), a column "
        f"'{FILE_NAME}' (captions of the pictures), or one whose values name pictures of the folder; without any, move the "
        "table out of the folder: each picture is then a note"
    )
