"""One process at a time on an `--out`: two that write checkpoints there would delete and mix each other's."""

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
def alone(out: str, command: str) -> Iterator[Path]:
    """Make the folder, and lock it while the block runs.

    The kernel's lock (flock) falls with the process, however that ends. A forked data worker closes its copy, or the lock would
    outlive a trainer that was killed. A file system without locks is used without one, and a line says so.

    Args:
        out: the setting.
        command: sft, rl or evaluate.

    Raises:
        SettingsError: it is no local folder that can be written.
        DataError: another process works there; says which, where and since when.
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
        os.close(descriptor)  # the file stays: to remove it would let two hold two files of one name


def _lock(descriptor: int, folder: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = _named(os.pread(descriptor, 4096, 0))
        raise DataError(f"--out {folder}: {holder} is at work there; wait for it to end, or name another --out") from None
    except OSError as error:
        sys.stderr.write(f"--out {folder}: this file system has no locks ({error.strerror}); start nothing else there\n")


def _named(content: bytes) -> str:
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
