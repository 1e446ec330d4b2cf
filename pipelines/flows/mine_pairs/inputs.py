"""The input tables of a run, checked before any work, with all faults in one message."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession

from pipelines.flows.mine_pairs.settings import Input
from pipelines.input_tables.files.input_folder import folder_of
from pipelines.input_tables.settings import ReadOptions
from pipelines.media.decode import BadPicture
from pipelines.media.picture_uri import root_of
from pipelines.mining.intake.readers import OpenedInput, open_input
from pipelines.sources.importers.known_layouts import import_command
from pipelines.sources.importers.webdataset import is_webdataset
from pipelines.workspace.filesystem import canonical
from pipelines.workspace.progress_line import log_progress
from pipelines.workspace.uri_credentials import redacted
from schemas.errors import DataError
from schemas.inputs import CLICKS_IN, IMAGES_IN, NOTES_IN

WAY_OUT = ". To map columns"
"""In a message of the reader, before a command that maps columns one by one."""
INPUT_SCHEMAS: Mapping[str, pa.Schema] = {"notes": NOTES_IN, "images": IMAGES_IN, "clicks": CLICKS_IN}


@dataclass(frozen=True, slots=True)
class Inputs:
    """The input tables of a run, by name: notes, images, clicks."""

    tables: dict[str, DataFrame]
    """Lazy."""
    fingerprints: dict[str, str]
    """Fingerprints of their files, by name."""
    size_bytes: int
    """Size of all their files."""
    image_root: str
    """Absolute: the pictures' uris are read by other jobs, from other folders."""
    image_place: str
    """The same place in canonical form."""
    rows: dict[str, int | None] = field(default_factory=dict)
    """Number of rows of each table, if its files say it."""
    first_rows: dict[str, Callable[[int], pa.Table]] = field(default_factory=dict)
    """Reads the first rows of each table of files, without Spark."""


def open_inputs(
    spark: SparkSession, settings: Input, read: ReadOptions | None = None, pictures_fingerprint: str | None = None
) -> Inputs:
    """Find and check the input: reads every file's schema or first lines, and logs what the user should know of them.

    Args:
        spark: the session.
        settings: where the input is.
        read: how its files are read.
        pictures_fingerprint: of the picture files, if they are known: when one is replaced, the pictures are read again.

    Raises:
        DataError: every fault of every table.
    """
    uris = {name: uri for name in INPUT_SCHEMAS if (uri := getattr(settings, name)) is not None}
    opened, faults = dict[str, OpenedInput](), list[str]()
    for name, uri in uris.items():
        try:
            opened[name] = open_input(spark, uri, INPUT_SCHEMAS[name], read, name)
        except DataError as error:
            faults.append(f"{name}: {_with_way_out(str(error), uri, read, name)}")
    if faults:
        raise DataError("; ".join(faults))
    image_root = absolute_root(settings.image_root) if settings.image_root else folder_of(uris["notes"])
    for name, table in opened.items():
        for message in table.messages:
            log_progress(f"{name}: {message}")
    fingerprints = {name: table.fingerprint() for name, table in opened.items()}
    if pictures_fingerprint is not None:
        fingerprints["images"] = pictures_fingerprint
    return Inputs(
        tables={name: table.rows for name, table in opened.items()},
        fingerprints=fingerprints,
        size_bytes=sum(table.size_bytes for table in opened.values()),
        image_root=image_root,
        image_place=canonical(root_of(image_root).prefix),
        rows={name: table.count for name, table in opened.items()},
        first_rows={name: table.first_rows for name, table in opened.items() if table.first_rows is not None},
    )


def _with_way_out(error: str, uri: str, read: ReadOptions | None, name: str) -> str:
    """The message about a table of another layout, with the command that imports it if the layout is known."""
    if is_webdataset(uri):
        return f"{redacted(uri)}: tar archives. To import it: {import_command(uri, read)}"
    command = import_command(uri, read) if name == "notes" and WAY_OUT in error else None
    return error if command is None else f"{error.partition(WAY_OUT)[0]}. To import it: {command}"


def absolute_root(uri: str) -> str:
    """An image root that a process in another working folder can use.

    Raises:
        DataError: pictures cannot be read from there.
    """
    try:
        root = root_of(uri)
    except BadPicture as bad:
        raise DataError(f"--image-root {redacted(uri)}: {bad.detail}") from None
    return uri if root.place.scheme else root.place.key
