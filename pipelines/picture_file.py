"""A picture's bytes from wherever they stand. What is no plain file is refused before it is opened: a pipe would never end."""

import stat
from pathlib import Path

from pyarrow import fs

from pipelines.decode import BadPicture
from pipelines.workspace.files import open_filesystem

MAX_BYTES = 200 << 20
"""A picture of 100 million pixels, stored without loss, has less."""


def picture_bytes(uri: str) -> bytes:
    """The bytes that stand at a URI.

    Raises:
        BadPicture: with reason "missing file", "no plain file", "too large" or "unreadable file".
    """
    try:
        system, path = open_filesystem(uri)
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


def _refuse_what_is_no_plain_file(path: Path) -> None:
    """Folders, pipes, sockets, devices. Links are followed; one that goes in a circle is an OSError."""
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode):
        raise BadPicture("no plain file", stat.filemode(mode))
