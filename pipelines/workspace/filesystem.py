"""Access to files on any file system: local folders, s3://, gs://, hdfs://, and all that fsspec supports."""

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
    """Open the file system of a URI, and return it with the path on it; a plain path is local.

    Raises:
        DataError: neither pyarrow nor an installed fsspec package supports the scheme.
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
    """Make a small file on S3 a single atomic put instead of the three requests of a multipart upload."""
    return f"{uri}{'&' if '?' in uri else '?'}allow_delayed_open=true" if uri.startswith("s3://") else uri


def absolute(uri: str) -> str:
    """Make a URI valid for a process with another working directory."""
    system, path = open_filesystem(uri)
    return path if isinstance(system, fs.LocalFileSystem) else uri


def canonical(uri: str) -> str:
    """Normalize a URI for comparison: resolves links of a local path, and replaces s3a:// by s3://."""
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
        """Return the subfolder `name`."""
        return Folder(f"{self.uri.rstrip('/')}/{name}")

    def is_local(self) -> bool:
        """Whether the folder is on this machine's file system."""
        return isinstance(open_filesystem(self.uri)[0], fs.LocalFileSystem)

    def read(self, name: str) -> bytes | None:
        """Read a file's bytes; None if there is no such file."""
        system, path = open_filesystem(f"{self.uri}/{name}")
        try:
            with system.open_input_stream(path) as stream:
                return bytes(stream.read())
        except FileNotFoundError:
            return None

    def write(self, name: str, content: bytes) -> None:
        """Replace a file atomically: a reader sees the old bytes or the new ones, never a part.

        On a disk a finished file is renamed over it, after its bytes are synced: else a power cut could leave the new name with
        0 bytes. On an object store a put is atomic.
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
        """List the names of direct subfolders; empty if the folder does not exist."""
        system, path = open_filesystem(self.uri)
        infos = system.get_file_info(fs.FileSelector(path, allow_not_found=True))
        return sorted(info.base_name for info in infos if info.type == fs.FileType.Directory)

    def parquet_files(self) -> list[str]:
        """List the names of the Parquet files directly in it, in order."""
        system, path = open_filesystem(self.uri)
        infos = system.get_file_info(fs.FileSelector(path, allow_not_found=True))
        return sorted(info.base_name for info in infos if info.base_name.endswith(".parquet"))

    def delete(self) -> None:
        """Delete the folder and its contents, if it exists."""
        system, path = open_filesystem(self.uri)
        if system.get_file_info(path).type == fs.FileType.Directory:
            system.delete_dir(path)


def sync(path: str | os.PathLike[str]) -> None:
    """Flush a local file, or the entries of a local folder, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.EBADF, errno.ENOTSUP):  # some network file systems sync no folders
            raise
    finally:
        os.close(descriptor)


def checksum(uri: str) -> tuple[int, str]:
    """Compute size in bytes and sha256 of a file, read in chunks."""
    system, path = open_filesystem(uri)
    digest, size = hashlib.sha256(), 0
    with system.open_input_stream(path) as stream:
        while chunk := stream.read(CHUNK_BYTES):
            digest.update(chunk)
            size += len(chunk)
    return size, digest.hexdigest()
