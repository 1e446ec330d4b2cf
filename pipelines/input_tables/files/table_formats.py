"""Delta and Iceberg tables by their folders: which of the files there count is in their logs."""

from collections.abc import Sequence
from typing import Literal

from pipelines.input_tables.files.folders import children, entry_at
from pipelines.input_tables.files.patterns import is_pattern
from pipelines.input_tables.files.places import FilePlace
from schemas.errors import DataError

METADATA = ".metadata.json"
LEVELS = 4
"""Folders above a file in which a table's log is looked for: partition folders lie between."""
OTHERS = {".hoodie": "a Hudi table", "_spark_metadata": "what a Spark stream wrote"}
"""Logs of formats that are not read."""


def table_format_of(folder: FilePlace, names: Sequence[str] | None = None) -> Literal["delta", "iceberg"] | None:
    """Whether a folder is a table whose log says which files count.

    Args:
        folder: to look at.
        names: of the folders in it, where they are known.

    Raises:
        DataError: it is of a format that is not read.
    """
    if names is None:
        looked_for = ("_delta_log", "metadata", *OTHERS)
        names = [name for name in looked_for if _is_folder(folder.below(name))]
    for name, what in OTHERS.items():
        if name in names:
            raise DataError(
                f"{folder.uri} is {what}: its log ({name}) says which files count, and is not read here; "
                "write it out as Parquet first (spark.read...write.parquet), and give that folder"
            )
    if "_delta_log" in names:
        return "delta"
    if "metadata" in names and _has_metadata(folder.below("metadata")):
        return "iceberg"
    return None


def enclosing_table(place: FilePlace) -> tuple[str, FilePlace] | None:
    """The table that a file, a folder or a pattern lies in, and its format."""
    parts = place.key.split("/")
    fixed = next((k for k, part in enumerate(parts) if is_pattern(part)), len(parts))
    here: FilePlace | None = place if entry_at(place) is not None else place.at("/".join(parts[:fixed]) or place.key[:1])
    if here == place:
        here = place.parent()
    for _ in range(LEVELS):
        if here is None or not here.key.strip("/"):
            return None
        kind = table_format_of(here) if place.scheme == "" or _may_be_listed(here) else None
        if kind is not None:
            return kind, here
        here = here.parent()
    return None


def _may_be_listed(folder: FilePlace) -> bool:
    """Whether this user may see what is in a folder of a store: who may read an object may not see the ones beside it."""
    try:
        return bool(children(folder))
    except DataError:
        return False


def _is_folder(place: FilePlace) -> bool:
    entry = entry_at(place)
    return entry is not None and entry.is_folder


def _has_metadata(folder: FilePlace) -> bool:
    return any(entry.place.name.endswith(METADATA) for entry in children(folder))
