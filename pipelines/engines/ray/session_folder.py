"""The folder of a local Ray's sockets, logs and spilled objects: private, and gone with the job."""

import atexit
import fcntl
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from schemas.errors import SettingsError
from schemas.folders import make_folder

PREFIX = "uninote-"
LONGEST_SOCKET = 107
"""Characters of a socket's path, by the kernel."""
BELOW = len("/session_2026-01-31_12-00-00_123456_4194304/sockets/plasma_store") + len(f"/{PREFIX}12345678")
"""Characters that Ray and we add to the folder's parent."""
LOCK = "job.lock"
YOUNG_S = 60.0
"""Seconds in which a folder may have a lock that is not held yet."""
PATIENCE_S = 5.0
"""Seconds that Ray's processes have to end in; then they are killed."""


@contextmanager
def session_folder() -> Iterator[str]:
    """A new folder below RAY_TMPDIR, else below the folder for temporary files; only this user may look into it.

    Ray's own is /tmp/ray/session_*, which anybody may read and nobody deletes. What a killed job left, the next deletes.

    Raises:
        SettingsError: RAY_TMPDIR cannot be written, or its name is too long for sockets below it.
    """
    parent = _parent()
    _remove_orphans(Path(parent))
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
    lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)  # falls with this process; Ray's do not inherit it

    def remove() -> None:
        _remove(folder)

    # Before Ray's own handlers, so that it runs after them: a signal may come while Ray is half started.
    atexit.register(remove)
    try:
        yield str(folder)
    finally:
        remove()  # and once more at the end: Ray's own handlers may make the session's folder again
        os.close(lock)


def _parent() -> str:
    asked = os.environ.get("RAY_TMPDIR")
    most = LONGEST_SOCKET - BELOW
    if asked:
        if len(asked) > most:
            raise SettingsError(f"RAY_TMPDIR {asked}: {len(asked)} characters, at most {most} leave room for Ray's sockets")
        return str(make_folder(Path(asked), "RAY_TMPDIR"))
    found = tempfile.gettempdir()
    return found if len(found) <= most else "/tmp"


def _remove_orphans(parent: Path) -> None:
    """Delete folders of jobs that were killed: of this user, made by `session_folder`, and with a lock that nobody holds.

    So are folders without any file: a process of Ray that is interrupted at its end makes an empty one again.
    """
    for folder in parent.glob(f"{PREFIX}*"):
        with suppress(OSError):
            there = folder.lstat()
            old = there.st_uid == os.getuid() and time.time() - there.st_mtime > YOUNG_S
            if old and not any(path.is_symlink() or not path.is_dir() for path in folder.rglob("*")):
                shutil.rmtree(folder, ignore_errors=True)
                continue
        try:
            there = (folder / LOCK).lstat()
            if there.st_uid != os.getuid() or time.time() - there.st_mtime < YOUNG_S:
                continue
            lock = os.open(folder / LOCK, os.O_RDWR | os.O_NOFOLLOW)
        except OSError:
            continue  # no lock: not of ours
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _remove(folder)
        except OSError:
            continue  # its job is at work
        finally:
            os.close(lock)


def _remove(folder: Path) -> None:
    """Delete it when Ray's processes have ended: one that is ending, or starting, makes its folder of logs anew."""
    until = time.monotonic() + PATIENCE_S
    while _at_work_in(folder) and time.monotonic() < until:
        time.sleep(0.1)
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        there = _at_work_in(folder)
        for process in there:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        shutil.rmtree(folder, ignore_errors=True)
        if not there and not folder.exists():
            return
        time.sleep(0.05)


def _at_work_in(folder: Path) -> list[int]:
    """Other processes of this user that have a file open below the folder, or were started with its name; on Linux.

    Ray's have their logs open, and the session's folder among their arguments.
    """
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if int(process.name) != os.getpid() and process.stat().st_uid == os.getuid():
                opened = (os.readlink(file) for file in (process / "fd").iterdir())
                named = f"{folder}/session_".encode() in (process / "cmdline").read_bytes()
                found += [int(process.name)] if named or any(name.startswith(f"{folder}/") for name in opened) else []
        except OSError:
            continue  # it has ended
    return found
