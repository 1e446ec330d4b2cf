"""The files of an input: of a path, a folder, a pattern, or several of them."""

from collections.abc import Iterator
from typing import Literal, NamedTuple

from pipelines.input_tables.files.folders import Entry, children, entry_at, is_hidden, walk
from pipelines.input_tables.files.partitions import Partitions, partitions_of
from pipelines.input_tables.files.patterns import is_pattern, part_pattern, split_list
from pipelines.input_tables.files.places import FilePlace, parse_place
from pipelines.input_tables.files.table_formats import enclosing_table, table_format_of
from pipelines.workspace.uri_credentials import redacted
from schemas.errors import DataError

TableFormat = Literal["delta", "iceberg"]
SHOWN = 3


class InputFile(NamedTuple):
    """One file of an input."""

    place: FilePlace
    size_bytes: int
    modified_ms: int
    partitions: Partitions

    @property
    def uri(self) -> str:
        """For people and messages."""
        return self.place.uri


class Listing(NamedTuple):
    """What an input consists of."""

    uri: str
    files: tuple[InputFile, ...]
    """Sorted by their places; empty for a table format, whose log says which files count."""
    table_format: TableFormat | None
    table_place: FilePlace | None


def list_files(uri: str) -> Listing:
    """The files at a path, below a folder, or matched by a pattern; hidden ones (`_x`, `.x`) are left out unless named.

    Raises:
        DataError: there is none, a place cannot be reached, or files of a table format would be read without its log.
    """
    files, faults = dict[FilePlace, InputFile](), list[str]()
    spelled = _spelled(uri)
    for one in spelled:
        place = parse_place(one)
        here = entry_at(place)
        kind = table_format_of(place) if here is not None and here.is_folder else None
        if kind is not None:
            if len(spelled) > 1:
                raise DataError(f"{redacted(one)}: {an(kind)} table is an input of its own; give it alone")
            return Listing(uri, (), kind, place)
        _refuse_inside_table(place)
        matched = {file.place: file for file in map(_input_file, _entries(place, here))}
        if not matched:
            faults.append(f"{redacted(one)}: no file there")
        files |= matched
    if faults:
        raise DataError("; ".join(faults))
    return Listing(uri, tuple(sorted(files.values())), None, None)


def _spelled(uri: str) -> list[str]:
    if "," not in uri or entry_at(parse_place(uri)) is not None:
        return [uri]
    return split_list(uri)


def _entries(place: FilePlace, here: Entry | None) -> Iterator[Entry]:
    """The files at a place, at a pattern's places, or below the folders there."""
    if here is not None:
        yield from [here] if not here.is_folder else _below(place)
        return
    parts = place.key.split("/")
    first = next((k for k, part in enumerate(parts) if is_pattern(part)), None)
    if first is None:
        return
    for match in _matches(place.at("/".join(parts[:first]) or ("/" if place.scheme == "" else "")), parts[first:]):
        yield from [match] if not match.is_folder else _below(match.place)


def _matches(folder: FilePlace, parts: list[str]) -> Iterator[Entry]:
    part, rest = parts[0], parts[1:]
    if part == "**":
        for below, entries in walk(folder):
            if rest:
                yield from _matches(below, rest)
            else:
                yield from (entry for entry in entries if not entry.is_folder and not is_hidden(entry.place.name))
        return
    here = entry_at(folder)
    if here is None or not here.is_folder:
        return
    entries = children(folder)
    literal = [entry for entry in entries if entry.place.name == part]
    wild = part_pattern(part)
    for entry in literal or [
        e for e in entries if wild.fullmatch(e.place.name) and (is_hidden(part) or not is_hidden(e.place.name))
    ]:
        if not rest:
            yield entry
        elif entry.is_folder:
            yield from _matches(entry.place, rest)


def _below(folder: FilePlace) -> Iterator[Entry]:
    for place, entries in walk(folder):
        kind = table_format_of(place, [entry.place.name for entry in entries if entry.is_folder])
        if kind is not None:
            raise DataError(f"{place.uri} is {an(kind)} table, below {folder.uri}; give its folder alone")
        yield from (entry for entry in entries if not entry.is_folder and not is_hidden(entry.place.name))


def _refuse_inside_table(place: FilePlace) -> None:
    table = enclosing_table(place)
    if table is not None:
        kind, root = table
        raise DataError(
            f"{place.uri} is inside {an(kind)} table; its files alone would bring back deleted rows: give {root.uri}"
        )


def _input_file(entry: Entry) -> InputFile:
    folders = entry.place.key.split("/")[:-1]
    return InputFile(entry.place, entry.size_bytes, entry.modified_ms, partitions_of(folders))


def an(table_format: str) -> str:
    """The format with its article."""
    return "an Iceberg" if table_format == "iceberg" else f"a {table_format.title()}"
