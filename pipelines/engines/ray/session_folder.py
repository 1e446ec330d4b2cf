"""Session folder of a local Ray (sockets, logs, spilled objects): private, and deleted with the job."""

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
"""Characters of a socket's path that the kernel allows."""
BELOW = len("/session_2026-01-31_12-00-00_123456_4194304/sockets/plasma_store") + len(f"/{PREFIX}12345678")
"""Characters that Ray and we append to the parent folder."""
LOCK = "job.lock"
YOUNG_S = 60.0
"""Seconds in which a new folder may have a lock that is not yet locked."""
PATIENCE_S = 5.0
"""Seconds that Ray's processes have to end; then they are killed."""


@contextmanager
def session_folder() -> Iterator[str]:
    """Create a folder below RAY_TMPDIR, else below the folder for temporary files; only this user may read it.

    Ray's default is /tmp/ray/session_*, which anybody may read and nothing deletes. Folders of killed jobs are deleted by the
    next job.

    Raises:
        SettingsError: RAY_TMPDIR cannot be written, or its path is too long for sockets.
    """
    parent = _parent()
    _remove_orphans(Path(parent))
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
    lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)  # released with this process; Ray's processes do not inherit it

    def remove() -> None:
        _remove(folder)

    # Registered before Ray's own handlers, so that it runs after them: a signal may arrive while Ray is half started.
    atexit.register(remove)
    try:
        yield str(folder)
    finally:
        remove()  # and again at exit: Ray's own handlers may create the session's folder again
        os.close(lock)


def _parent() -> str:
    named = os.environ.get("RAY_TMPDIR")
    most = LONGEST_SOCKET - BELOW
    if named:
        if len(named) > most:
            raise SettingsError(
                f"RAY_TMPDIR {named}: {len(named)} characters, expected at most {most} because of Ray's sockets"
            )
        return str(make_folder(Path(named), "RAY_TMPDIR"))
    default = tempfile.gettempdir()
    return default if len(default) <= most else "/tmp"


def _remove_orphans(parent: Path) -> None:
    """Delete folders of killed jobs: of this user, created by `session_folder`, with a lock that no process has locked.

    Folders without any file are deleted too: a Ray process that is interrupted while it ends creates an empty one again.
    """
    for folder in parent.glob(f"{PREFIX}*"):
        with suppress(OSError):
            status = folder.lstat()
            old = status.st_uid == os.getuid() and time.time() - status.st_mtime > YOUNG_S
            if old and not any(path.is_symlink() or not path.is_dir() for path in folder.rglob("*")):
                shutil.rmtree(folder, ignore_errors=True)
                continue
        try:
            status = (folder / LOCK).lstat()
            if status.st_uid != os.getuid() or time.time() - status.st_mtime < YOUNG_S:
                continue
            lock = os.open(folder / LOCK, os.O_RDWR | os.O_NOFOLLOW)
        except OSError:
            continue  # no lock: not created here
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _remove(folder)
        except OSError:
            continue  # its job is running
        finally:
            os.close(lock)


def _remove(folder: Path) -> None:
    """Delete it when Ray's processes have ended: one that is ending, or starting, creates its log folder again."""
    until = time.monotonic() + PATIENCE_S
    while _processes_using(folder) and time.monotonic() < until:
        time.sleep(0.1)
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        processes = _processes_using(folder)
        for process in processes:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        shutil.rmtree(folder, ignore_errors=True)
        if not processes and not folder.exists():
            return
        time.sleep(0.05)


def _processes_using(folder: Path) -> list[int]:
    """Other processes of this user that have a file open below the folder, or have it among their arguments; on Linux.

    Ray's processes have their logs open, and the session folder among their arguments.
    """
    processes = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if int(process.name) != os.getpid() and process.stat().st_uid == os.getuid():
                opened = (os.readlink(file) for file in (process / "fd").iterdir())
                named = f"{folder}/session_".encode() in (process / "cmdline").read_bytes()
                processes += [int(process.name)] if named or any(name.startswith(f"{folder}/") for name in opened) else []
        except OSError:
            continue  # it has ended
    return processes
