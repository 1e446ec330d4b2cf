"""A version of a table that has a log."""

from typing import NamedTuple

from pipelines.input_tables.files.listing import InputFile
from pipelines.input_tables.files.places import FilePlace
from schemas.errors import DataError


class Snapshot(NamedTuple):
    """A version of a table: exactly these files, whole."""

    files: tuple[InputFile, ...]
    fingerprint: str
    message: str
    """Which version is read, for the user."""


def not_readable(place: FilePlace, kind: str, why: str) -> DataError:
    """The error for a table that cannot be read here, with a way out."""
    return DataError(f"{place.uri} is {kind} table {why}; write its rows out as Parquet (SELECT * ...), and give that folder")
