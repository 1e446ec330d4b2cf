"""Reads a picture's bytes from disk or a store. What is no regular file is refused before it is opened: a pipe never ends."""

import errno
import os
import stat
from collections.abc import Callable
from functools import lru_cache, partial
from pathlib import Path

from pyarrow import fs

from pipelines.media.decode import BadPicture
from pipelines.media.picture_uri import (
    NO_FILE,
    OUTSIDE,
    UNREADABLE,
    PictureLocation,
    Root,
    checked_key,
    far_below,
    is_plain_authority,
    place_of,
    root_of,
    without_dots,
)
from pipelines.workspace.object_stores import open_store, status
from pipelines.workspace.retry import RetriesExhausted, with_retries
from pipelines.workspace.uri_credentials import redacted
from schemas.errors import DataError, StoreError

MAX_BYTES = 200 << 20
"""A picture of 100 million pixels, stored without loss, has less."""
MISSING = "missing file"
OF_THE_NAME = (errno.ELOOP, errno.ENAMETOOLONG, errno.EINVAL, errno.EISDIR, errno.EACCES, errno.EPERM)
"""Errors of a file's name or permissions; all other errors of a disk are transient."""

OURS = (TypeError, AttributeError, LookupError, ArithmeticError, AssertionError, NotImplementedError, MemoryError)
ARCHIVED = "InvalidObjectState"
"""S3's error for an archived object: permanent."""
DENIED = "a store also answers so for a missing object if the bucket may not be listed: allow s3:ListBucket"

Claim = Callable[[int], None]
"""Called with a picture's size before its bytes are read; returns when there is room for them."""
_roots_read: set[str] = set()
"""Local roots below which this process has read a picture."""


def picture_bytes(uri: str, root: str | None = None, *, anywhere: bool = False, claim: Claim = lambda _: None) -> bytes:
    """The bytes of the picture at a URI.

    Args:
        uri: absolute, or relative to the folder of the process.
        root: the folder that it must be below, links resolved; None: anywhere. Notes are untrusted: a note must not be able to
            name `/etc/shadow`.
        anywhere: it may also be elsewhere; pictures in the root's store are still read with the root's options.
        claim: called with the size before the bytes are read.

    Raises:
        BadPicture: with reason "missing file", "no plain file", "too large", "unreadable file" or OUTSIDE.
        StoreError: the store failed or refused on every retry: not the picture's fault.
    """
    try:
        place, parted = place_of(uri), _root(root) if root is not None else None
        if place.scheme == "":
            read = partial(_local, _local_path(place, parted, anywhere), claim, root)
            store = "the disk"
        else:
            read = partial(_far, *_opened(place, parted, anywhere), claim)
            store = f"{place.scheme}://{place.authority}"
    except ValueError as error:  # not a file name: NUL, a lone surrogate
        raise BadPicture(UNREADABLE, str(error)[:300]) from None
    try:
        return with_retries(read, _is_transient)
    except RetriesExhausted as up:
        raise _refused_by(store, up, uri) from None
    except (ValueError, OSError) as error:
        raise BadPicture(UNREADABLE, str(error)[:300]) from None


@lru_cache(maxsize=8)
def _root(uri: str) -> Root:
    return root_of(uri)


def _local_path(place: PictureLocation, root: Root | None, anywhere: bool) -> str:
    """The path to open: below a root with links resolved, so that it is the path that was checked."""
    if root is None or anywhere:
        return place.key
    if root.place.scheme == "":
        opened, folder = (os.path.realpath(path) for path in (place.key, root.place.key))
        if os.path.commonpath([opened, folder]) == folder:
            return opened
    raise _outside()


def _opened(place: PictureLocation, root: Root | None, anywhere: bool) -> tuple[fs.FileSystem, str]:
    """The file system of a picture in a store, and the path on it.

    Raises:
        StoreError: the root's own store cannot be opened.
    """
    its_own = root is not None and place.store() == root.place.store()
    is_allowed = root is None or anywhere or (far_below(place, root.place) and far_below(without_dots(place), root.place))
    if not is_allowed:
        raise _outside()
    if not its_own and not is_plain_authority(place):
        raise BadPicture(UNREADABLE, f"{place.scheme}://: expected a plain name of a bucket or a host")
    place = checked_key(without_dots(place))
    try:
        system, base = open_store(*place.store(), root.options if root and its_own else "")
    except (DataError, OSError, ValueError, TypeError, ImportError) as error:
        if its_own:
            why = " ".join(str(error).split())[:300]
            raise StoreError(f"{place.scheme}://{place.authority}: cannot be opened: {why}") from None
        raise BadPicture(UNREADABLE, str(error)[:300]) from None
    return system, f"{base.rstrip('/')}/{place.key}"


def _local(path: str, claim: Claim, root: str | None) -> bytes:
    try:
        mode = os.stat(path).st_mode
        if not stat.S_ISREG(mode):
            raise BadPicture(NO_FILE, stat.filemode(mode))
        with Path(path).open("rb") as stream:
            size = _fitting(os.fstat(stream.fileno()).st_size)
            claim(size)
            content = stream.read(size)
    except (FileNotFoundError, NotADirectoryError):
        if root in _roots_read and not os.path.isdir(root_of(root).place.key):
            raise OSError(errno.ESTALE, f"the image root {root} is no longer there") from None
        raise BadPicture(MISSING, "no such file") from None
    except OSError as error:
        if error.errno not in OF_THE_NAME:
            raise
        raise BadPicture(UNREADABLE, str(error)[:300]) from None
    if root is not None:
        _roots_read.add(root)
    return content


def _far(system: fs.FileSystem, path: str, claim: Claim) -> bytes:
    try:
        with system.open_input_file(path) as stream:
            size = _fitting(stream.size())
            claim(size)
            content = bytes(stream.read(size)) if size else b""
    except FileNotFoundError:
        raise BadPicture(MISSING, "no such file") from None
    except IsADirectoryError:
        raise BadPicture(NO_FILE, "a folder") from None
    if len(content) != size:
        raise OSError(f"expected {size} bytes, got {len(content)}")
    return content


def _fitting(size: int) -> int:
    if size > MAX_BYTES:
        raise BadPicture("too large", f"{size} bytes; at most {MAX_BYTES} are read")
    return size


def _outside() -> BadPicture:
    return BadPicture(OUTSIDE, "not below --image-root; to allow it: --set intake.any_uri=true")


def _is_transient(error: Exception) -> bool:
    """Whether an error is not the picture's: all but refusals, invalid names, and bugs of ours."""
    return not isinstance(error, (BadPicture, ValueError, *OURS)) and ARCHIVED not in str(error)


def _refused_by(store: str, up: RetriesExhausted, uri: str) -> StoreError:
    """The user's message, in one line."""
    error = status(up.error)
    hint = f" ({DENIED})" if "403" in error else ""
    return StoreError(
        f"{store}: {error}, asked {up.times} times in {up.seconds:.0f} s, the last time for {redacted(uri)}{hint}: pictures "
        "cannot be read now. What was published before is unchanged; when the store answers, run the job again"
    )
