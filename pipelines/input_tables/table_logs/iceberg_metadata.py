"""The files of an Iceberg table's current snapshot, by the pyiceberg package, where that is installed."""

from typing import Any

from pipelines.input_tables.files.folders import Entry, children, entry_at
from pipelines.input_tables.files.listing import InputFile
from pipelines.input_tables.files.places import FilePlace, parse_place
from pipelines.input_tables.table_logs.snapshot import Snapshot, not_readable
from schemas.errors import DataError

KIND = "an Iceberg"


def iceberg_snapshot(place: FilePlace) -> Snapshot:
    """The current snapshot of an Iceberg table, by its newest metadata file.

    Raises:
        DataError: pyiceberg is not installed, the metadata cannot be read, or the snapshot cannot be read as whole files:
            deleted rows must not come back, and columns that were renamed must not be taken for others.
    """
    try:
        from pyiceberg.table import StaticTable
    except ImportError:
        raise not_readable(place, KIND, "and the package pyiceberg is not installed (pip install pyiceberg==0.12.0)") from None
    metadata = _newest_metadata(place)
    try:
        table = StaticTable.from_metadata(metadata.uri)
        snapshot = table.current_snapshot()
        tasks = list(table.scan().plan_files()) if snapshot is not None else []
    except Exception as error:  # pyiceberg raises what its stores and codecs raise
        raise DataError(f"{place.uri}: its Iceberg metadata cannot be read: {' '.join(str(error).split())[:300]}") from None
    if any(task.delete_files for task in tasks):
        raise not_readable(place, KIND, "with deleted rows that its files still hold (rewrite_data_files removes them)")
    if _was_renamed(table):
        raise not_readable(place, KIND, "whose columns were renamed after files were written")
    files = tuple(sorted(_file(place, task.file) for task in tasks))
    identity = f"iceberg {table.metadata.table_uuid} {snapshot.snapshot_id if snapshot else 'empty'}"
    return Snapshot(
        files, identity, f"snapshot {snapshot.snapshot_id if snapshot else '-'} of the Iceberg table, {len(files):,} files"
    )


def _newest_metadata(place: FilePlace) -> FilePlace:
    """The file that version-hint.text names, else the one that was written last."""
    folder = place.below("metadata")
    entries: list[Entry] = [entry for entry in children(folder) if entry.place.name.endswith(".metadata.json")]
    return max(entries, key=lambda entry: (_number(entry.place.name), entry.modified_ms)).place


def _number(name: str) -> int:
    """v3.metadata.json, or 00003-<uuid>.metadata.json."""
    digits = name.lstrip("v").partition("-")[0].partition(".")[0]
    return int(digits) if digits.isdigit() else -1


def _was_renamed(table: Any) -> bool:  # noqa: ANN401
    """Whether a column's id has had another name in an earlier schema."""
    names: dict[int, set[str]] = {}
    for schema in table.metadata.schemas:
        for field in schema.fields:
            names.setdefault(field.field_id, set()).add(field.name)
    return any(len(spellings) > 1 for spellings in names.values())


def _file(table: FilePlace, data_file: Any) -> InputFile:  # noqa: ANN401
    place = parse_place(data_file.file_path)._replace(options=table.options)
    entry = entry_at(place)
    if entry is None:
        raise DataError(f"{place.uri}: no file there, though the Iceberg table {table.uri} lists it")
    if str(data_file.file_format).rpartition(".")[2].upper() != "PARQUET":
        raise not_readable(table, KIND, f"of {data_file.file_format} files")
    return InputFile(place, entry.size_bytes, entry.modified_ms, ())
