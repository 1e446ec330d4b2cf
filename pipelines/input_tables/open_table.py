"""Open an input: list its files, look at every one, and know what is read of each."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from pipelines.input_tables.files.file_names import FORMATS, FormatName, format_of_name, is_beside
from pipelines.input_tables.files.fingerprint import files_fingerprint
from pipelines.input_tables.files.listing import InputFile, Listing, list_files
from pipelines.input_tables.formats.file_look import UNKNOWN_TEXT, FileLook, look_at, may_be_table
from pipelines.input_tables.formats.foreign_files import way_out
from pipelines.input_tables.settings import AUTO, ReadOptions
from pipelines.input_tables.table_logs.snapshot import Snapshot
from pipelines.input_tables.table_logs.table_snapshot import open_snapshot
from pipelines.workspace.uri_credentials import redacted
from schemas.errors import DataError

READERS = 16
"""Files that are looked at at a time: an object store answers late."""
SHOWN = 3
NOT_UTF_8 = (
    "neither UTF-8 nor GB18030, bytes that are not UTF-8 become U+FFFD; set the encoding with --set read.encoding=cp1252 "
    "(Western European), big5, shift_jis, euc_kr, ..."
)
BACKSLASHES = "backslashes before quotes or line ends; if they escape these (MySQL, Hive, Spark), --set read.escape=backslash"
MOST_FAULTS = 5
MOST_KEPT = 20_000
"""Looks at files, some kilobytes each."""
_looks: dict[tuple[object, ...], FileLook] = {}
"""Of this process, by place, size and time of change: a file is looked at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InputTable:
    """An input whose files have been looked at."""

    uri: str
    files: tuple[InputFile, ...]
    """Those that are read, and the empty ones."""
    format: FormatName
    looks: tuple[FileLook, ...]
    """Of the files that have rows, or may have."""
    columns: dict[str, str]
    """Type by name, of all files and partition folders."""
    messages: list[str] = field(default_factory=list)
    """What the user should know: files that were left out, encodings and delimiters that were recognised."""
    snapshot: Snapshot | None = None
    """Of a Delta or Iceberg table: which version is read."""

    @property
    def rows(self) -> int | None:
        """Exact, where the files say it; None for texts."""
        rows = [look.rows for look in self.looks]
        return None if None in rows else sum(rows)  # type: ignore[arg-type]

    @property
    def size_bytes(self) -> int:
        """Of all files, as they are stored."""
        return sum(file.size_bytes for file in self.files)

    @property
    def fingerprint(self) -> str:
        """Equal as long as nothing was touched. Cost: at most 512 KB of each file."""
        return self.snapshot.fingerprint if self.snapshot else files_fingerprint(self.files)


def open_table(uri: str, expected: Sequence[str] = (), options: ReadOptions | None = None) -> InputTable:
    """List an input and look at every file.

    Args:
        uri: a path, folder, pattern or table folder, or several of them separated by commas.
        expected: names of columns that are asked for: they tell the delimiter of a CSV and its header.
        options: how to read.

    Raises:
        DataError: nothing is there, files cannot be read, or they are of several formats: all that is wrong in one message.

    Cost: one to three reads of each file, READERS at a time.
    """
    options = options or ReadOptions()
    listing = list_files(uri)
    if listing.table_format is not None:
        return _opened_snapshot(listing)
    files, left_out = _chosen(listing.files)
    looks = _looked(uri, files, lambda file: _look(file, tuple(expected), options))
    tables = [look for look in looks if look.format is not None]
    unread = [look for look in looks if look.format is None]
    _refuse(uri, tables, unread, left_out)
    empty = [look for look in unread if look.problem in ("empty", "blank")]
    others = [look.file for look in unread if look not in empty] + left_out
    kept = [look.file for look in tables] + [look.file for look in empty]
    messages = [
        *_left_out(others, "left out, no tables"),
        *_left_out([look.file for look in empty], "empty"),
        *_recognised(tables),
    ]
    return InputTable(
        uri=uri,
        files=tuple(sorted(kept)),
        format=tables[0].format if tables else (format_of_name(kept[0].place.name) or "json"),  # type: ignore[arg-type]
        looks=tuple(tables),
        columns=_columns(tables),
        messages=messages,
    )


def shown_names(files: Sequence[InputFile]) -> str:
    """Some of the files, for a message."""
    names = ", ".join(file.uri for file in files[:SHOWN])
    return names + (f" and {len(files) - SHOWN:,} more" if len(files) > SHOWN else "")


def _opened_snapshot(listing: Listing) -> InputTable:
    snapshot = open_snapshot(listing)
    looks = _looked(listing.uri, list(snapshot.files), lambda file: look_at(file, (), ReadOptions()))
    return InputTable(
        uri=listing.uri,
        files=snapshot.files,
        format="parquet",
        looks=tuple(looks),
        columns=_columns(looks),
        messages=[snapshot.message],
        snapshot=snapshot,
    )


def _chosen(files: Sequence[InputFile]) -> tuple[list[InputFile], list[InputFile]]:
    """Files that may be tables, and those that names speak against."""
    named = [file for file in files if format_of_name(file.place.name) and not is_beside(file.place.name)]
    plain = [
        file for file in files if may_be_table(file) and not format_of_name(file.place.name) and not is_beside(file.place.name)
    ]
    chosen = [*named, *plain] or list(files)
    places = {file.place for file in chosen}
    return chosen, [file for file in files if file.place not in places]


def _look(file: InputFile, expected: tuple[str, ...], options: ReadOptions) -> FileLook:
    key = (file.place, file.size_bytes, file.modified_ms, expected, options)
    look = _looks.get(key)
    if look is None:
        look = look_at(file, expected, options)
        if len(_looks) < MOST_KEPT:
            _looks[key] = look
    return look._replace(file=file)


def _looked(uri: str, files: list[InputFile], look: Callable[[InputFile], FileLook]) -> list[FileLook]:
    faults: list[str] = []

    def guarded(file: InputFile) -> FileLook | None:
        try:
            return look(file)
        except DataError as error:
            faults.append(str(error))
            return None

    with ThreadPoolExecutor(min(READERS, max(1, len(files)))) as readers:
        looks = list(readers.map(guarded, files))
    if faults:
        more = f"; and {len(faults) - MOST_FAULTS:,} more files" if len(faults) > MOST_FAULTS else ""
        raise DataError("; ".join(sorted(faults)[:MOST_FAULTS]) + more)
    return [one for one in looks if one is not None]


def _refuse(uri: str, tables: list[FileLook], unread: list[FileLook], left_out: list[InputFile]) -> None:
    """Raise where names promise tables that are none, or where formats are mixed."""
    broken = [
        look
        for look in unread
        if look.problem not in ("empty", "blank") and (format_of_name(look.file.place.name) or not tables)
    ]
    if broken:
        first = broken[0]
        more = f" (and {len(broken) - 1} more files)" if len(broken) > 1 else ""
        unknown = first.problem.startswith(UNKNOWN_TEXT)
        found = f"cannot tell the format of {first.file.uri}:" if unknown else f"{first.file.uri} is"
        raise DataError(f"{redacted(uri)}: {found} {first.problem}{more}; {_expected(first)}")
    by_format = {look.format: look.file for look in reversed(tables)}
    if len(by_format) > 1:
        named = " and ".join(f"{file.uri} ({name})" for name, file in sorted(by_format.items(), key=lambda item: item[1]))
        raise DataError(f"{redacted(uri)}: {named} are of different formats; give one of them, or a pattern (*.parquet)")
    keys = {tuple(name for name, _ in look.file.partitions): look.file for look in reversed(tables) if look.file.partitions}
    if len(keys) > 1:
        named = " and ".join(f"{file.uri} ({', '.join(names)})" for names, file in sorted(keys.items()))
        raise DataError(f"{redacted(uri)}: {named} are in partition folders of different columns; give one of them")
    if not tables and not unread:
        raise DataError(f"{redacted(uri)}: no table there, only {shown_names(left_out)}")


def _expected(unread: FileLook) -> str:
    """What to do with a file that is no table here."""
    if unread.problem.startswith(UNKNOWN_TEXT):
        return (
            f"expected a name with one of {sorted(FORMATS)}, or --set read.format=csv (or json), and for a CSV without a "
            "header --set 'read.names=[...]'"
        )
    return way_out(unread.problem, unread.file.place) or f"expected one of {sorted(set(FORMATS.values()))}"


def _columns(looks: Sequence[FileLook]) -> dict[str, str]:
    columns: dict[str, str] = {}
    for look in looks:
        for name, kind in look.columns.items():
            columns.setdefault(name, "text" if look.text else str(kind))
        columns |= {name: "text" for name, _ in look.file.partitions if name not in columns}
    return columns


def _left_out(files: list[InputFile], why: str) -> list[str]:
    return [f"{len(files):,} file{'s' if len(files) > 1 else ''} {why}: {shown_names(files)}"] if files else []


def _recognised(tables: list[FileLook]) -> list[str]:
    """Encodings and dialects that are not the usual ones, with the files that have them."""
    files_by_message: dict[str, list[InputFile]] = {}
    for look in tables:
        if look.text is not None and look.text.encoding.name not in ("utf-8", AUTO):
            other = "; for another one --set read.encoding=euc_kr, ..." if look.text.encoding.name == "gb18030" else ""
            files_by_message.setdefault(f"read as {look.text.encoding.name}{other}", []).append(look.file)
        if look.text is not None and not look.text.encoding.is_valid:
            files_by_message.setdefault(NOT_UTF_8, []).append(look.file)
        if look.dialect is not None and look.dialect.delimiter != ",":
            files_by_message.setdefault(f"fields separated by {look.dialect.delimiter!r}", []).append(look.file)
        if look.dialect is not None and look.dialect.quote != '"':
            quoted = f"fields quoted by {look.dialect.quote}" if look.dialect.quote else "no field is quoted"
            files_by_message.setdefault(quoted, []).append(look.file)
        if look.dialect is not None and look.dialect.title:
            files_by_message.setdefault("the lines before the header are left out", []).append(look.file)
        if look.dialect is not None and look.dialect.backslashes:
            files_by_message.setdefault(BACKSLASHES, []).append(look.file)
    return [f"{what}: {shown_names(files)}" for what, files in files_by_message.items()]
