"""Lock of a workspace: one job at a time, since the rows of two jobs that publish at once would mix."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipelines.workspace.filesystem import Folder, absolute
from pipelines.workspace.lease import LEASE, Lease
from pipelines.workspace.lock_holder import busy, holder
from schemas.folders import make_folder

__all__ = ["BEAT_S", "LEASE", "LOCK", "PATIENCE_S", "check_lease", "workspace_lock"]

LOCK = "_job.lock"
BEAT_S = 10.0
"""Interval at which the holder of a lease renews it, seconds."""
PATIENCE_S = 45.0
"""Seconds without renewal after which a lease is taken over: four intervals, and some for a slow store."""

_leases: dict[str, Lease] = {}
"""Leases that this process holds, by workspace."""


@contextmanager
def workspace_lock(folder: Folder, job: str) -> Iterator[None]:
    """Lock the workspace while the block runs.

    On a disk this is the kernel's lock (flock), which is released when the process ends for any reason. A store has no locks:
    there a small file is rewritten every ten seconds, and a lease that is not renewed is taken over; no clocks are compared.

    Raises:
        DataError: another job holds the lock; the message says which, where and since when. Or another job has taken it over:
            then the block is interrupted.
    """
    if folder.is_local():
        with _locked(Path(absolute(folder.uri)), job):
            yield
        return
    lease = Lease(folder, holder(job), BEAT_S, PATIENCE_S)
    lease.acquire()
    with lease.renewing():
        _leases[_key(folder)] = lease
        try:
            yield
        finally:
            _leases.pop(_key(folder), None)


def check_lease(folder: Folder) -> None:
    """Check that this process still holds a workspace in a store; called before anything is published there.

    Raises:
        DataError: this process held it, and another job has taken it over.
    """
    lease = _leases.get(_key(folder))
    if lease is not None:
        lease.check()


@contextmanager
def _locked(folder: Path, job: str) -> Iterator[None]:
    make_folder(folder, "--workspace")
    descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise busy(str(folder), os.pread(descriptor, 4096, 0)) from None
        content = json.dumps(holder(job)).encode()
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, content, 0)
        yield
    finally:
        os.close(descriptor)  # the file stays: if it were removed, two jobs could lock two files of one name


def _key(folder: Folder) -> str:
    return absolute(folder.uri).replace("s3a://", "s3://", 1).rstrip("/")
