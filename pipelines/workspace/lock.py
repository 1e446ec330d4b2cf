"""One job at a time on a workspace: two that publish into each other would mix their rows."""

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

__all__ = ["BEAT_S", "LEASE", "LOCK", "PATIENCE_S", "alone", "check_lease"]

LOCK = "_job.lock"
BEAT_S = 10.0
"""How often the holder of a lease says that it lives."""
PATIENCE_S = 45.0
"""How long a lease may stay silent before it is taken over: four beats, and a slow store."""

_leases: dict[str, Lease] = {}
"""Those that this process holds, by workspace."""


@contextmanager
def alone(folder: Folder, job: str) -> Iterator[None]:
    """Hold the workspace while the block runs.

    On a disk the kernel's lock (flock) is held: it falls with the process, however that ends. A store knows no locks:
    there a small file is written again every ten seconds, and one that has fallen silent is taken over; no clocks are compared.

    Raises:
        DataError: another job holds it. It says which, where and since when. Or another job has taken it over: then the block
            is stopped.
    """
    if folder.is_local():
        with _locked(Path(absolute(folder.uri)), job):
            yield
        return
    lease = Lease(folder, holder(job), BEAT_S, PATIENCE_S)
    lease.take()
    with lease.kept():
        _leases[_key(folder)] = lease
        try:
            yield
        finally:
            _leases.pop(_key(folder), None)


def check_lease(folder: Folder) -> None:
    """Look whether a workspace in a store is still held by this process; called before anything is published there.

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
        os.close(descriptor)  # the file stays: to remove it would let two hold two files of one name


def _key(folder: Folder) -> str:
    return absolute(folder.uri).replace("s3a://", "s3://", 1).rstrip("/")
