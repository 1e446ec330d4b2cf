"""What is in a folder, on a disk or in a store; links to folders are followed once."""

import os
import stat
from collections.abc import Iterator
from typing import NamedTuple

import pyarrow as pa
from pyarrow import fs

from pipelines.input_tables.files.places import FilePlace, open_place
from schemas.errors import DataError


class Entry(NamedTuple):
    """A file or folder with what a listing says of it."""

    place: FilePlace
    is_folder: bool
    size_bytes: int
    modified_ms: int


def entry_at(place: FilePlace) -> Entry | None:
    """What stands at a place; None: nothing.

    Raises:
        DataError: the place cannot be reached.
    """
    system, path = open_place(place)
    if place.scheme == "":
        return _local_entry(place)
    try:
        info = system.get_file_info(path)
    except (OSError, pa.ArrowException, ValueError) as error:
        raise _unreachable(place, error) from None
    return None if info.type == fs.FileType.NotFound else _far_entry(place, info)


def children(folder: FilePlace) -> list[Entry]:
    """What is right in a folder, sorted by name, hidden names included; a link whose target is missing is left out.

    Raises:
        DataError: the folder cannot be listed.
    """
    system, path = open_place(folder)
    try:
        if folder.scheme == "":
            entries = [_local_entry(folder.below(name)) for name in os.listdir(path)]
        else:
            infos = system.get_file_info(fs.FileSelector(path, allow_not_found=True))
            entries = [_far_entry(folder.below(info.base_name), info) for info in infos]
    except (OSError, pa.ArrowException, ValueError) as error:
        raise _unreachable(folder, error) from None
    return sorted(entry for entry in entries if entry is not None)


def walk(folder: FilePlace) -> Iterator[tuple[FilePlace, list[Entry]]]:
    """Each folder at and below one, with what is right in it. Hidden folders are listed by their parents and not entered.

    Cost: on a disk one listing a folder; in a store one listing of all.
    """
    if folder.scheme:
        yield from _walk_store(folder)
        return
    seen, waiting = set[str](), [folder]
    while waiting:
        here = waiting.pop()
        real = os.path.realpath(here.key)
        if real in seen:  # a link that leads back up, or twice to the same place
            continue
        seen.add(real)
        entries = children(here)
        yield here, entries
        waiting += [entry.place for entry in reversed(entries) if entry.is_folder and not is_hidden(entry.place.name)]


def is_hidden(name: str) -> bool:
    """Whether a name is left out in a folder: Spark, Hive and Jupyter keep their own things under such names."""
    return name.startswith(".") or (name.startswith("_") and "=" not in name)


def _walk_store(folder: FilePlace) -> Iterator[tuple[FilePlace, list[Entry]]]:
    system, path = open_place(folder)
    try:
        infos = system.get_file_info(fs.FileSelector(path, allow_not_found=True, recursive=True))
    except (OSError, pa.ArrowException, ValueError) as error:
        raise _unreachable(folder, error) from None
    by_folder: dict[str, list[Entry]] = {folder.key: []}
    for info in infos:
        parts = info.path.strip("/")[len(path.strip("/")) :].strip("/").split("/")
        if any(is_hidden(part) for part in parts[:-1]):
            continue
        place = folder.at("/".join(filter(None, [folder.key, *parts])))
        parent = place.parent()
        by_folder.setdefault(parent.key if parent else "", []).append(_far_entry(place, info))
    for key, entries in sorted(by_folder.items()):
        yield folder.at(key), sorted(entries)


def _local_entry(place: FilePlace) -> Entry | None:
    try:
        status = os.stat(place.key)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        raise _unreachable(place, error) from None
    if not (stat.S_ISDIR(status.st_mode) or stat.S_ISREG(status.st_mode)):  # a pipe would never end
        return None
    return Entry(place, stat.S_ISDIR(status.st_mode), status.st_size, status.st_mtime_ns // 1_000_000)


def _far_entry(place: FilePlace, info: fs.FileInfo) -> Entry:
    modified = 0 if info.mtime_ns is None else info.mtime_ns // 1_000_000
    return Entry(place, info.type == fs.FileType.Directory, info.size or 0, modified)


def _unreachable(place: FilePlace, error: Exception) -> DataError:
    reason = getattr(error, "strerror", None) or " ".join(str(error).split())[:300]
    return DataError(f"{place.uri}: cannot be reached: {reason}")
