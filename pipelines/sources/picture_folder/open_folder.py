"""Reads a folder of pictures: lists it, decides what it is, and writes its notes as a table that mining reads."""

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import fs

from pipelines.input_tables.files.places import FilePlace, open_place, parse_place
from pipelines.sources.picture_folder.caption_tables import table_columns, table_rows
from pipelines.sources.picture_folder.captions import Caption, caption_of_file, captions_by_picture, decode_text
from pipelines.sources.picture_folder.corpus_kind import FILE_NAME, FILE_NAMES, NotesTable, PictureCorpus, corpus_kind
from pipelines.sources.picture_folder.folder_files import FolderFiles, sort_files
from pipelines.sources.picture_folder.notes_of_pictures import notes_of_pictures
from pipelines.sources.picture_folder.picture_names import PictureNames
from pipelines.sources.picture_folder.settings import PictureFolder
from pipelines.workspace.manifest import fingerprint
from schemas.errors import DataError

READERS = 32
"""Small files that are read at a time: an object store answers late."""
MAX_SIDECAR_BYTES = 1 << 20
MOST_TEXTS = 20
"""Texts beside no picture that may be tables; of more, none is looked at."""
SAMPLED_ROWS = 200
NO_NAME = "files whose names are not UTF-8, left out"


@dataclass(frozen=True, slots=True)
class OpenFolder:
    """A folder, listed."""

    uri: str
    place: FilePlace
    system: fs.FileSystem
    path: str
    stats: dict[str, tuple[int, int]]
    """Path below the folder -> size in bytes, time of change in ns."""
    files: FolderFiles
    unnamed: int
    """Files whose names are not UTF-8: no table can name them."""

    def uri_of(self, name: str) -> str:
        """The uri of a file below the folder, with the options of its store."""
        uri = self.place.below(name).uri
        return f"{uri}?{self.place.options}" if self.place.options else uri

    def read(self, name: str, at_most: int) -> bytes | None:
        """The bytes of a file; None where it is larger or cannot be read."""
        if self.stats[name][0] > at_most:
            return None
        try:
            with self.system.open_input_file(f"{self.path.rstrip('/')}/{name}") as stream:
                return bytes(stream.read())
        except OSError:
            return None

    def pictures_fingerprint(self) -> str:
        """A hash of the pictures' names, sizes and times of change: when one is replaced, the next run reads it again."""
        return fingerprint([[name, *self.stats[name]] for name in self.files.pictures])


@dataclass(frozen=True, slots=True)
class PictureNotes:
    """A folder of pictures as notes."""

    notes: pa.Table
    pictures_fingerprint: str
    counts: Counter[str]
    """What was read, and what was left out and why."""
    unmatched: tuple[str, ...]
    """Names in a table of captions that are no picture of the folder, at most two."""


def open_folder(uri: str) -> OpenFolder | None:
    """The folder's files, if it is a folder with pictures; None of anything else.

    Cost: one listing. Links are followed, each folder once.
    """
    place = parse_place(uri)
    system, path = open_place(place)
    if isinstance(system, fs.LocalFileSystem):
        stats, unnamed = _local_files(path)
    elif system.get_file_info(path).type == fs.FileType.Directory:
        infos = system.get_file_info(fs.FileSelector(path, recursive=True))
        start = len(path.rstrip("/")) + 1
        stats = {i.path[start:]: (i.size or 0, i.mtime_ns or 0) for i in infos if i.type == fs.FileType.File}
        unnamed = 0
    else:
        return None
    files = sort_files(stats)
    return OpenFolder(uri, place, system, path, stats, files, unnamed) if files.pictures else None


def kind_of_folder(folder: OpenFolder, id_column: str = "note_id") -> NotesTable | PictureCorpus:
    """As `corpus_kind`, by the columns of the folder's tables.

    Raises:
        DataError: there are tables of neither kind, or one cannot be read.
    """
    columns = {name: table_columns(folder.uri_of(name)) for name in folder.files.tables}
    known = {id_column, FILE_NAME, FILE_NAMES}
    unknown = [name for name, found in columns.items() if found and known.isdisjoint(found)]
    texts = folder.files.texts if len(folder.files.texts) <= MOST_TEXTS else ()
    return corpus_kind(folder.uri, folder.files, columns, id_column, _name_columns(folder, [*unknown, *texts]))


def picture_notes(folder: OpenFolder, corpus: PictureCorpus, settings: PictureFolder) -> PictureNotes:
    """The folder's pictures as notes, with their captions: from tables first, then from the files beside them.

    Raises:
        DataError: a table of captions cannot be read.

    Cost: each small file beside a picture is read, READERS at a time.
    """
    counts, unmatched = Counter[str](), list[str]()
    pictures = folder.files.pictures
    tables = {name: (column, table_rows(folder.uri_of(name), counts)) for name, column in corpus.captions.items()}
    captions, rows = captions_by_picture(pictures, tables, counts, unmatched)
    for picture, caption in _sidecar_captions(folder, counts).items():
        captions[picture] = captions.get(picture, Caption()).or_else(caption)
    texts = _folder_texts(folder) if settings.note_is == "folder" else {}
    notes = notes_of_pictures(pictures, captions, settings, texts, rows)
    with_text = sum(1 for caption in captions.values() if caption.body or caption.title)
    counts["pictures"], counts["pictures with a caption"] = len(pictures), with_text
    for kind, n in folder.files.ignored.items():
        counts[f"files left out: {'.' + kind if kind else 'without an ending'}"] += n
    counts[NO_NAME] += folder.unnamed
    return PictureNotes(notes, folder.pictures_fingerprint(), counts, tuple(unmatched))


def parquet_bytes(table: pa.Table) -> bytes:
    """A table as the bytes of a Parquet file: the same for the same rows."""
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd", row_group_size=50_000)
    return bytes(sink.getvalue())


def _name_columns(folder: OpenFolder, tables: Sequence[str]) -> dict[str, str]:
    """Table -> its column whose values name pictures, as far as its first rows show one; a text may be a table, too."""
    names, columns = PictureNames(folder.files.pictures), dict[str, str]()
    for table in tables:
        try:
            rows = list(islice(table_rows(folder.uri_of(table), Counter()), SAMPLED_ROWS))
        except DataError:
            if table not in folder.files.texts:
                raise
            continue
        column = names.column_of(table, rows) if rows else None
        if column is not None:
            columns[table] = column
    return columns


def _local_files(top: str) -> tuple[dict[str, tuple[int, int]], int]:
    stats, unnamed, visited = dict[str, tuple[int, int]](), 0, set[str]()
    for folder, subfolders, names in os.walk(top, followlinks=True):
        real = os.path.realpath(folder)
        if real in visited:  # a link that leads back
            subfolders.clear()
            continue
        visited.add(real)
        for name in names:
            path = os.path.join(folder, name)
            try:
                relative = os.path.relpath(path, top)
                relative.encode("utf8")
                status = os.stat(path)
            except UnicodeEncodeError:
                unnamed += 1
                continue
            except OSError:  # a link to nothing
                continue
            stats[relative.replace(os.sep, "/")] = (status.st_size, status.st_mtime_ns)
    return stats, unnamed


def _sidecar_captions(folder: OpenFolder, counts: Counter[str]) -> dict[str, Caption]:
    def caption(names: Sequence[str]) -> Caption:
        merged = Caption()
        for name in names:
            content = folder.read(name, MAX_SIDECAR_BYTES)
            if content is not None:
                merged = merged.or_else(caption_of_file(name, content))
        return merged

    beside = folder.files.sidecars
    with ThreadPoolExecutor(READERS) as readers:
        captions = dict(zip(beside, readers.map(caption, beside.values()), strict=True))
    without = sum(1 for c in captions.values() if c == Caption())
    counts["files beside a picture that hold no caption"] += without
    return captions


def _folder_texts(folder: OpenFolder) -> dict[str, str]:
    """Folder -> the text of the only .txt in it that is not beside a picture."""
    by_folder: dict[str, list[str]] = {}
    for name in folder.files.texts:
        by_folder.setdefault(name.rpartition("/")[0], []).append(name)
    alone: Iterable[tuple[str, str]] = ((path, names[0]) for path, names in by_folder.items() if len(names) == 1)
    texts = {path: decode_text(folder.read(name, MAX_SIDECAR_BYTES) or b"").strip() for path, name in alone if path}
    return {path: text for path, text in texts.items() if text}
