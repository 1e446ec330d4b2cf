"""A lock on the `--out` folder: two processes there would overwrite and delete each other's checkpoints."""

import fcntl
import json
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from schemas.errors import DataError
from schemas.folders import make_folder, refuse_uri

LOCK = "_run.lock"


@contextmanager
def lock_output(out: str, command: str) -> Iterator[Path]:
    """Create the output folder, and lock it while the block runs.

    The kernel releases the lock (flock) whenever the process ends. A forked data worker closes its copy, or the lock would
    outlive a trainer that was killed. A file system without locks is used without one, and a message says so.

    Args:
        out: the folder.
        command: sft, rl or evaluate.

    Raises:
        SettingsError: it is not a writable local folder.
        DataError: another process holds the lock; the message says which, where and since when.
    """
    folder = make_folder(refuse_uri(out, "--out"), "--out")
    descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o666)
    _close_in_children(descriptor)
    try:
        _lock(descriptor, folder)
        since = datetime.now(UTC).isoformat(timespec="seconds")
        holder = {"command": command, "pid": os.getpid(), "host": socket.gethostname(), "since": since}
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(holder).encode(), 0)
        yield folder
    finally:
        _OPEN.discard(descriptor)
        os.close(descriptor)  # the file is not deleted: two processes could then lock two files of one name


def _lock(descriptor: int, folder: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = _describe_holder(os.pread(descriptor, 4096, 0))
        raise DataError(f"--out {folder}: {holder} is running there; wait for it to end, or choose another --out") from None
    except OSError as error:
        sys.stderr.write(f"--out {folder}: this file system has no locks ({error.strerror}); do not start another run there\n")


def _describe_holder(content: bytes) -> str:
    try:
        holder = json.loads(content)
        return "`python -m uninote_train {command}` (process {pid} on {host}, since {since})".format(**holder)
    except (ValueError, TypeError, KeyError):
        return "another process"


_OPEN: set[int] = set()


def _close_in_children(descriptor: int) -> None:
    if not _OPEN:
        os.register_at_fork(after_in_child=_close_all)
    _OPEN.add(descriptor)


def _close_all() -> None:
    for descriptor in _OPEN:
        os.close(descriptor)
    _OPEN.clear()
