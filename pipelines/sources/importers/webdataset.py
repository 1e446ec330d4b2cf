"""WebDataset shards (img2dataset's tars) -> our notes and the bytes of their pictures, a sample at a time."""

import tarfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import IO, NamedTuple

import pyarrow as pa

from pipelines.input_tables.files.byte_streams import open_bytes
from pipelines.input_tables.files.file_names import format_of_name, is_beside
from pipelines.input_tables.files.folders import children, entry_at
from pipelines.input_tables.files.listing import list_files
from pipelines.input_tables.files.places import FilePlace, parse_place
from pipelines.sources.importers.column_mapping import WANTED
from pipelines.sources.importers.parquet_parts import write_parts, write_tables
from pipelines.sources.importers.value_counts import ValueCounts
from pipelines.sources.picture_folder.captions import Caption, caption_of_file
from pipelines.sources.picture_folder.folder_files import PICTURE_ENDINGS
from schemas.errors import DataError

TAR_ENDINGS = (".tar", ".tar.gz", ".tgz")
SAMPLES = 256
"""Samples that are written at a time."""
MOST_TEXT = 1 << 20
"""Bytes; a longer text or JSON beside a picture is no caption."""
NOTES = pa.schema([WANTED["notes"].field(name) for name in ("note_id", "title", "body", "topic", "images")])


class Sample(NamedTuple):
    """The members of a shard that have one key."""

    key: str
    members: Mapping[str, bytes]
    """Ending -> content."""


def is_webdataset(uri: str) -> bool:
    """Whether a path or a pattern names tars, by its ending, or a folder has some and no other file."""
    if uri.lower().rstrip("*").endswith(TAR_ENDINGS):
        return True
    place = parse_place(uri)
    here = entry_at(place)
    if here is None or not here.is_folder:
        return False
    names = [entry.place.name.lower() for entry in children(place) if not entry.is_folder and not is_beside(entry.place.name)]
    tars = [name for name in names if name.endswith(TAR_ENDINGS)]
    beside = {f"{name.partition('.')[0]}.parquet" for name in tars}  # img2dataset describes each shard in one
    return bool(tars) and not any(format_of_name(name) for name in names if name not in tars and name not in beside)


def import_webdataset(uri: str, out: Path) -> dict[str, ValueCounts]:
    """Write notes.parquet and images.parquet from the shards that a path or a pattern names.

    Returns:
        What was read, by table.

    Raises:
        DataError: there is no tar, or one is damaged.
    """
    shards = [file.place for file in list_files(uri).files if file.place.name.lower().endswith(TAR_ENDINGS)]
    if not shards:
        raise DataError(f"{uri}: no file with one of {list(TAR_ENDINGS)} there")
    counts = {name: ValueCounts(name) for name in ("notes", "images")}

    def pictures(target: Path) -> int:
        rows = (row for sample in _samples(shards, counts["notes"]) for row in picture_rows(sample))
        return write_tables(_tables(rows, WANTED["images"]), WANTED["images"], target)

    def notes(target: Path) -> int:
        return write_tables(_tables(map(note_row, _samples(shards, ValueCounts("notes"))), NOTES), NOTES, target)

    counts["images"].rows = write_parts(out / "images.parquet", pictures)
    counts["notes"].rows = write_parts(out / "notes.parquet", notes)
    return counts


def samples_of(members: Iterable[tuple[str, bytes]]) -> Iterator[Sample]:
    """Members that follow each other with one key: the name up to the first dot of its last part.

    >>> [(s.key, sorted(s.members)) for s in samples_of([("a/1.jpg", b""), ("a/1.txt", b""), ("a/2.seg.png", b"")])]
    [('a/1', ['jpg', 'txt']), ('a/2', ['seg.png'])]
    """
    key, members_of_key = "", dict[str, bytes]()
    for name, content in members:
        path = PurePosixPath(name)
        stem, _, ending = path.name.partition(".")
        if not stem or not ending:
            continue
        its_key = str(path.with_name(stem))
        if members_of_key and its_key != key:
            yield Sample(key, members_of_key)
            members_of_key = {}
        key = its_key
        members_of_key[ending.lower()] = content
    if members_of_key:
        yield Sample(key, members_of_key)


def note_row(sample: Sample) -> dict[str, object]:
    """A note of a sample: its caption from .json, .txt or .caption, its pictures by their key and ending."""
    caption = Caption()
    for ending in ("txt", "caption", "json"):
        if ending in sample.members:
            caption = caption.or_else(caption_of_file(f"x.{ending}", sample.members[ending]))
    images = [{"image_id": row["image_id"], "uri": None} for row in picture_rows(sample)]
    return {"note_id": sample.key, "title": caption.title, "body": caption.body, "topic": caption.topic, "images": images}


def picture_rows(sample: Sample) -> list[dict[str, object]]:
    """image_id and content of the pictures of a sample."""
    endings = [ending for ending in sample.members if ending.rpartition(".")[2] in PICTURE_ENDINGS]
    return [{"image_id": f"{sample.key}.{ending}", "content": sample.members[ending]} for ending in sorted(endings)]


def _samples(shards: Iterable[FilePlace], counts: ValueCounts) -> Iterator[Sample]:
    keys: set[str] = set()
    for shard in shards:
        for sample in samples_of(_members(shard)):
            if sample.key in keys:
                counts.dropped["samples whose key another sample has (note_id is the key)"] += 1
                continue
            keys.add(sample.key)
            yield sample


def _members(shard: FilePlace) -> Iterator[tuple[str, bytes]]:
    try:
        with open_bytes(shard, None) as stream, tarfile.open(fileobj=_as_file(stream), mode="r|*") as archive:
            for member in archive:
                picture = PurePosixPath(member.name).suffix[1:].lower() in PICTURE_ENDINGS
                if member.isfile() and (picture or member.size <= MOST_TEXT):
                    content = archive.extractfile(member)
                    yield member.name, content.read() if content else b""
    except (tarfile.TarError, OSError, EOFError) as error:
        raise DataError(f"{shard.uri}: damaged, or no tar ({error}); fetch it again or take it out") from None


def _as_file(stream: pa.NativeFile) -> IO[bytes]:
    return stream  # a NativeFile has read()


def _tables(rows: Iterable[Mapping[str, object]], schema: pa.Schema) -> Iterator[pa.Table]:
    pending: list[Mapping[str, object]] = []
    nullable = pa.schema([field.with_nullable(True) for field in schema])
    for row in rows:
        pending.append(row)
        if len(pending) == SAMPLES:
            yield pa.Table.from_pylist(pending, schema=nullable)
            pending = []
    if pending:
        yield pa.Table.from_pylist(pending, schema=nullable)
