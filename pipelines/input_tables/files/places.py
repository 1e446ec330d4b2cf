"""Where a file is: a path on a disk, or a key in a store. Any name a file can have is a name here."""

import os
import re
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from pyarrow import fs

from pipelines.workspace.object_stores import open_store
from schemas.errors import DataError

FAR = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://([^/?]*)/*(.*)", re.S)
OPTIONS = re.compile(r"\?([A-Za-z_]\w*=[^?]*)\Z", re.S)
"""At the end of a store's URI: options of its client. A `?` without `=` behind it belongs to a pattern."""
SAME_SCHEME = {"s3a": "s3", "s3n": "s3"}


class FilePlace(NamedTuple):
    """A file or folder."""

    scheme: str
    """Empty on this machine's disks."""
    authority: str
    """Bucket, container or host."""
    options: str
    """Of the store's client, from the URI that the user gave."""
    key: str
    """On a disk an absolute path, in a store the key, without slashes at its ends."""

    @property
    def uri(self) -> str:
        """For people and messages: without the client's options."""
        return f"{self.scheme}://{self.authority}/{self.key}" if self.scheme else self.key

    def at(self, key: str) -> "FilePlace":
        """Another key in the same store."""
        return self._replace(key=key)

    def below(self, name: str) -> "FilePlace":
        """A child by its name."""
        return self._replace(key=f"{self.key.rstrip('/')}/{name}" if self.key else name)

    def parent(self) -> "FilePlace | None":
        """The folder that it is in; None at the top."""
        folder = self.key.rstrip("/").rpartition("/")[0]
        if self.scheme == "":
            return self._replace(key=folder or "/") if self.key.strip("/") else None
        return self._replace(key=folder) if self.key else None

    @property
    def name(self) -> str:
        """The last part of the key."""
        return self.key.rstrip("/").rpartition("/")[2]


def parse_place(uri: str) -> FilePlace:
    """The place that a path or a URI names. Nothing is opened.

    A colon, `#` or `%` in a plain path is part of a name; a file: URI is decoded (RFC 8089), unless there is a file of its very
    spelling.

    Raises:
        DataError: a file: URI of another machine.
    """
    far = FAR.fullmatch(uri)
    if uri[:5].lower() == "file:":
        return FilePlace("", "", "", _file_path(uri))
    if far is None:
        return FilePlace("", "", "", str(Path(uri).absolute()))
    key, options = far[3], ""
    if match := OPTIONS.search(uri):
        options = match[1]
        key = key[: -len(match[0])] if key.endswith(match[0]) else ""
    scheme = far[1].lower()
    return FilePlace(SAME_SCHEME.get(scheme, scheme), far[2], options, key.strip("/"))


def open_place(place: FilePlace) -> tuple[fs.FileSystem, str]:
    """The file system of a place, and the path on it.

    Raises:
        DataError: there is no such file system, or its client cannot be made.
    """
    if place.scheme == "":
        return fs.LocalFileSystem(), place.key
    try:
        system, base = open_store(place.scheme, place.authority, place.options)
    except (OSError, ValueError, TypeError, ImportError) as error:
        raise DataError(f"{place.uri}: cannot be reached: {' '.join(str(error).split())[:300]}") from None
    return system, f"{base.rstrip('/')}/{place.key}".rstrip("/")


def _file_path(uri: str) -> str:
    rest = uri[5:]
    if rest.startswith("//"):
        host, slash, path = rest[2:].partition("/")
        if host.lower() not in ("", "localhost"):
            raise DataError(f"{uri}: a file: URI of another machine")
        rest = slash + path
    decoded = unquote(rest, errors="surrogateescape")
    chosen = rest if "%" in rest and os.path.lexists(rest) else decoded
    return str(Path(chosen).absolute())
