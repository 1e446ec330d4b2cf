"""The folder of a local Ray's sockets, logs and spilled objects: private, and gone with the job."""

import atexit
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from schemas.errors import SettingsError
from schemas.folders import make_folder

PREFIX = "uninote-"
LONGEST_SOCKET = 107
"""Characters of a socket's path, by the kernel."""
BELOW = len("/session_2026-01-31_12-00-00_123456_4194304/sockets/plasma_store") + len(f"/{PREFIX}12345678")
"""Characters that Ray and we add to the folder's parent."""
PATIENCE_S = 5.0
"""Seconds that Ray's processes may go on writing to their logs after they were ended."""


@contextmanager
def session_folder() -> Iterator[str]:
    """A new folder below RAY_TMPDIR, else below the folder for temporary files; only this user may look into it.

    Ray's own is /tmp/ray/session_*, which anybody may read and nobody deletes.

    Raises:
        SettingsError: RAY_TMPDIR cannot be written, or its name is too long for sockets below it.
    """
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=_parent()))

    def remove() -> None:
        _remove(folder)

    # Before Ray's own handlers, so that it runs after them: a signal may come while Ray is half started.
    atexit.register(remove)
    try:
        yield str(folder)
    finally:
        remove()
        atexit.unregister(remove)


def _parent() -> str:
    asked = os.environ.get("RAY_TMPDIR")
    most = LONGEST_SOCKET - BELOW
    if asked:
        if len(asked) > most:
            raise SettingsError(f"RAY_TMPDIR {asked}: {len(asked)} characters, at most {most} leave room for Ray's sockets")
        return str(make_folder(Path(asked), "RAY_TMPDIR"))
    found = tempfile.gettempdir()
    return found if len(found) <= most else "/tmp"


def _remove(folder: Path) -> None:
    until = time.monotonic() + PATIENCE_S
    while folder.exists():
        shutil.rmtree(folder, ignore_errors=True)
        if time.monotonic() > until:
            return
        time.sleep(0.05 if folder.exists() else 0)
