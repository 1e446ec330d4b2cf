"""A Delta or Iceberg table as of its newest version: the files that count, by the table's own log."""

from typing import NamedTuple

from pipelines.input_tables.listing import InputFile, Listing
from schemas.errors import DataError


class Snapshot(NamedTuple):
    """A version of a table."""

    files: tuple[InputFile, ...]
    fingerprint: str
    message: str
    """Which version is read, for the user."""


def open_snapshot(listing: Listing) -> Snapshot:
    """The newest version of a table.

    Raises:
        DataError: the package that reads its log is not installed, or the table has what cannot be read here.
    """
    place = listing.table_place
    kind = str(listing.table_format).title()
    where = place.uri if place is not None else listing.uri
    raise DataError(f"{where} is a {kind} table and cannot be read here; write its rows out as Parquet, and give that folder")
