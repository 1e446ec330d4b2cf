"""A picture's bytes from wherever they stand. What is no plain file is refused before it is opened: a pipe would never end."""

import os
import stat
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from pyarrow import fs

from pipelines.decode import BadPicture
from pipelines.workspace.files import open_filesystem

MAX_BYTES = 200 << 20
"""A picture of 100 million pixels, stored without loss, has less."""


OUTSIDE = "outside the image root"


def picture_bytes(uri: str, root: str | None = None) -> bytes:
    """The bytes that stand at a URI.

    Args:
        uri: absolute, or relative to the folder of the process.
        root: the folder that it must lie below, links followed; None: it may lie anywhere. Who wrote the notes may not be who
            runs the job, and a note must not be able to name `/etc/shadow`.

    Raises:
        BadPicture: with reason "missing file", "no plain file", "too large", "unreadable file" or OUTSIDE.
    """
    try:
        system, path = open_filesystem(uri if root is None else _below(uri, root))
        if isinstance(system, fs.LocalFileSystem):
            _refuse_what_is_no_plain_file(Path(path))
        with system.open_input_stream(path) as stream:
            content = bytes(stream.read(MAX_BYTES + 1))
    except FileNotFoundError:
        raise BadPicture("missing file", "nothing there") from None
    except (OSError, ValueError) as error:
        raise BadPicture("unreadable file", str(error)[:300]) from None
    if len(content) > MAX_BYTES:
        raise BadPicture("too large", f"more than {MAX_BYTES} bytes")
    return content


def _below(uri: str, root: str) -> str:
    """What is opened: on a disk the path that links lead to, so that it is the one that was looked at. No host is asked yet."""
    if _is_local(uri) and _is_local(root):
        opened, folder = (os.path.realpath(open_filesystem(place)[1]) for place in (uri, root))
        inside = os.path.commonpath([opened, folder]) == folder
    else:
        opened, asked, allowed = uri, *(name.replace("s3a://", "s3://", 1) for name in (uri, f"{root.rstrip('/')}/"))
        inside = asked.startswith(allowed) and ".." not in PurePosixPath(asked).parts
    if not inside:
        raise BadPicture(OUTSIDE, "not below --image-root; if it is meant: --set intake.any_uri=true")
    return opened


def _is_local(uri: str) -> bool:
    """Whether a URI is a path, or one of file:, as `open_filesystem` takes it."""
    scheme = urlsplit(uri).scheme
    return len(scheme) <= 1 or scheme == "file"


def _refuse_what_is_no_plain_file(path: Path) -> None:
    """Folders, pipes, sockets, devices. Links are followed; one that goes in a circle is an OSError."""
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode):
        raise BadPicture("no plain file", stat.filemode(mode))
