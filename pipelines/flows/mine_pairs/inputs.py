"""What a run reads: checked before any work, all faults in one message."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession

from pipelines.flows.mine_pairs.settings import Input
from pipelines.media.decode import BadPicture
from pipelines.media.picture_uri import FAR, root_of
from pipelines.mining.intake.input_files import Listed, files_fingerprint, list_files
from pipelines.mining.intake.readers import read_input
from pipelines.workspace.filesystem import absolute, canonical
from pipelines.workspace.uri_credentials import redacted
from schemas.errors import DataError
from schemas.inputs import CLICKS_IN, IMAGES_IN, NOTES_IN

WANTED: Mapping[str, pa.Schema] = {"notes": NOTES_IN, "images": IMAGES_IN, "clicks": CLICKS_IN}


@dataclass(frozen=True, slots=True)
class Inputs:
    """The input tables that were given, by name: notes, images, clicks."""

    tables: dict[str, DataFrame]
    """Lazy."""
    fingerprints: dict[str, str]
    """Of their files."""
    size_bytes: int
    """Of all their files."""
    image_root: str
    """Absolute: the pictures' uris are read by other jobs, from other folders."""
    image_place: str
    """The same place, however it is spelled."""


def open_inputs(spark: SparkSession, settings: Input, pictures_fingerprint: str | None = None) -> Inputs:
    """Find and check the input; nothing is read yet but schemas and first lines.

    Args:
        spark: the session.
        settings: where the input is.
        pictures_fingerprint: of the picture files, where they are known: when one is replaced, the pictures are read again.

    Raises:
        DataError: every fault of every table.
    """
    given = {name: uri for name in WANTED if (uri := getattr(settings, name)) is not None}
    tables, faults = dict[str, DataFrame](), list[str]()
    files: dict[str, list[Listed]] = {}
    for name, uri in given.items():
        try:
            files[name] = list_files(spark, uri)
            tables[name] = read_input(spark, uri, WANTED[name])
        except DataError as error:
            faults.append(f"{name}: {error}")
    if faults:
        raise DataError("; ".join(faults))
    image_root = absolute_root(settings.image_root) if settings.image_root else _folder_of(given["notes"])
    size = sum(file.size_bytes for listed in files.values() for file in listed)
    fingerprints = {name: files_fingerprint(spark, listed) for name, listed in files.items()}
    if pictures_fingerprint is not None:
        fingerprints["images"] = pictures_fingerprint
    return Inputs(tables, fingerprints, size, image_root, canonical(root_of(image_root).prefix))


def _folder_of(uri: str) -> str:
    """The folder of a file, or of a pattern's fixed part."""
    fixed = re.split(r"[*?\[{]", uri.rstrip("/"), maxsplit=1)[0]
    folder = fixed.rsplit("/", 1)[0] if "/" in fixed else "."
    return folder if FAR.match(folder) and not folder.startswith("file:") else absolute(folder or "/")


def absolute_root(uri: str) -> str:
    """An image root as it can be handed to a process that works in another folder.

    Raises:
        DataError: pictures cannot be read from there.
    """
    try:
        root = root_of(uri)
    except BadPicture as bad:
        raise DataError(f"--image-root {redacted(uri)}: {bad.detail}") from None
    return uri if root.place.scheme else root.place.key
