"""Files on any file system: a local folder, s3://, gs://, hdfs://, or whatever fsspec knows."""

import errno
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pyarrow as pa
from pyarrow import fs

from schemas.errors import DataError

CHUNK_BYTES = 1 << 20


def open_filesystem(uri: str) -> tuple[fs.FileSystem, str]:
    """The file system of a URI and the path on it; a plain path is local.

    Raises:
        DataError: a scheme that neither pyarrow nor an installed fsspec package knows.
    """
    scheme = urlsplit(uri).scheme
    if len(scheme) <= 1:  # no scheme, or a Windows drive
        return fs.LocalFileSystem(), str(Path(uri).absolute())
    if scheme == "file":
        return fs.LocalFileSystem(), urlsplit(uri).path
    try:
        system, path = fs.FileSystem.from_uri(_with_plain_puts(uri.replace("s3a://", "s3://", 1)))
    except pa.ArrowInvalid:
        return _fsspec_filesystem(uri, scheme)
    return system, path


def _with_plain_puts(uri: str) -> str:
    """On S3 a small file is one put, which is whole or nothing, and not the three requests of an upload in parts."""
    return f"{uri}{'&' if '?' in uri else '?'}allow_delayed_open=true" if uri.startswith("s3://") else uri


def absolute(uri: str) -> str:
    """The URI as it can be handed to a process that works in another folder."""
    system, path = open_filesystem(uri)
    return path if isinstance(system, fs.LocalFileSystem) else uri


def canonical(uri: str) -> str:
    """One spelling of a place, to compare places by: of a path on a disk what its links lead to, of s3a:// s3://."""
    system, path = open_filesystem(uri)
    if isinstance(system, fs.LocalFileSystem):
        return os.path.realpath(path)
    scheme, _, key = uri.replace("s3a://", "s3://", 1).partition("://")
    return f"{scheme}://{os.path.normpath(key)}"


def _fsspec_filesystem(uri: str, scheme: str) -> tuple[fs.FileSystem, str]:
    try:
        import fsspec

        return fs.PyFileSystem(fs.FSSpecHandler(fsspec.filesystem(scheme))), uri.split("://", 1)[1]
    except (ImportError, ValueError) as error:
        raise DataError(f"{uri}: no file system for '{scheme}://' ({error}); install its fsspec package") from None


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder by its URI."""

    uri: str

    def __truediv__(self, name: str) -> "Folder":
        """The folder below this one."""
        return Folder(f"{self.uri.rstrip('/')}/{name}")

    def is_local(self) -> bool:
        """Whether it lies on a disk of this machine."""
        return isinstance(open_filesystem(self.uri)[0], fs.LocalFileSystem)

    def read(self, name: str) -> bytes | None:
        """A file's bytes, or None where there is no such file."""
        system, path = open_filesystem(f"{self.uri}/{name}")
        try:
            with system.open_input_stream(path) as stream:
                return bytes(stream.read())
        except FileNotFoundError:
            return None

    def write(self, name: str, content: bytes) -> None:
        """Replace a file at once: a reader sees the old bytes or the new ones, never a part.

        On a disk by renaming a finished file over it, once its bytes are safe from a power cut: else the name could outlive
        them, as a file of 0 bytes. On an object store a put is whole or nothing.
        """
        system, path = open_filesystem(f"{self.uri}/{name}")
        system.create_dir(os.path.dirname(path), recursive=True)
        local = isinstance(system, fs.LocalFileSystem)
        target = f"{path}.{os.getpid()}.tmp" if local else path
        with system.open_output_stream(target) as stream:
            stream.write(content)
        if local:
            sync(target)
            os.replace(target, path)
            sync(os.path.dirname(path))

    def folders(self) -> list[str]:
        """The names of the folders right below; none where this one does not exist."""
        system, path = open_filesystem(self.uri)
        found = system.get_file_info(fs.FileSelector(path, allow_not_found=True))
        return sorted(info.base_name for info in found if info.type == fs.FileType.Directory)

    def parquet_files(self) -> list[str]:
        """The names of the Parquet files right in it, in the order of their parts."""
        system, path = open_filesystem(self.uri)
        found = system.get_file_info(fs.FileSelector(path, allow_not_found=True))
        return sorted(info.base_name for info in found if info.base_name.endswith(".parquet"))

    def delete(self) -> None:
        """Remove it and all below it, if it is there."""
        system, path = open_filesystem(self.uri)
        if system.get_file_info(path).type == fs.FileType.Directory:
            system.delete_dir(path)


def sync(path: str | os.PathLike[str]) -> None:
    """Wait until the bytes of a local file, or the names in a local folder, are safe from a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.EBADF, errno.ENOTSUP):  # some network file systems sync no folders
            raise
    finally:
        os.close(descriptor)


def checksum(uri: str) -> tuple[int, str]:
    """Size in bytes and sha256 of a file, read in pieces."""
    system, path = open_filesystem(uri)
    digest, size = hashlib.sha256(), 0
    with system.open_input_stream(path) as stream:
        while chunk := stream.read(CHUNK_BYTES):
            digest.update(chunk)
            size += len(chunk)
    return size, digest.hexdigest()
