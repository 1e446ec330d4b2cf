"""A Delta or Iceberg table as of its newest version: the files that count, by the table's own log."""

from pipelines.input_tables.files.listing import Listing
from pipelines.input_tables.table_logs.delta_log import delta_snapshot
from pipelines.input_tables.table_logs.iceberg_metadata import iceberg_snapshot
from pipelines.input_tables.table_logs.snapshot import Snapshot


def open_snapshot(listing: Listing) -> Snapshot:
    """The newest version of a table.

    Raises:
        DataError: the package that reads its log is not installed, or the table has what cannot be read here, such as
            rows that are deleted without their file being written again.
    """
    if listing.table_place is None:
        raise TypeError(f"{listing.uri}: not a table format")
    return delta_snapshot(listing.table_place) if listing.table_format == "delta" else iceberg_snapshot(listing.table_place)
