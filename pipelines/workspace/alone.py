"""One job at a time on a workspace: two that publish into each other would mix their rows."""

import fcntl
import json
import os
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipelines.workspace.files import Folder, absolute
from pipelines.workspace.say import say
from schemas.errors import DataError
from schemas.folders import make_folder

LOCK = "_job.lock"
LEASE = "_job.json"
BEAT_S = 10.0
"""How often the holder of a lease says that it lives."""
PATIENCE_S = 45.0
"""How long a lease may stay silent before it is taken over: four beats, and a slow store."""


@contextmanager
def alone(folder: Folder, job: str) -> Iterator[None]:
    """Hold the workspace while the block runs.

    On a disk the kernel's lock (flock) is held: it falls with the process, however that ends. A store knows no locks:
    there a small file is written again every ten seconds, and one that has fallen silent is taken over; no clocks are compared.

    Raises:
        DataError: another job holds it. It says which, where and since when.
    """
    if folder.is_local():
        with _locked(Path(absolute(folder.uri)), job):
            yield
    else:
        with _leased(folder, job):
            yield


@contextmanager
def _locked(folder: Path, job: str) -> Iterator[None]:
    make_folder(folder, "--workspace")
    descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _busy(str(folder), os.pread(descriptor, 4096, 0)) from None
        content = json.dumps(_holder(job)).encode()
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, content, 0)
        yield
    finally:
        os.close(descriptor)  # the file stays: to remove it would let two hold two files of one name


@contextmanager
def _leased(folder: Folder, job: str) -> Iterator[None]:
    _wait_for_silence(folder)
    mine = _holder(job) | {"token": uuid.uuid4().hex}
    beats, ended = 0, threading.Event()

    def beat() -> None:
        nonlocal beats
        beats += 1
        folder.write(LEASE, json.dumps(mine | {"beats": beats}).encode())

    def go_on() -> None:
        while not ended.wait(BEAT_S):
            beat()

    beat()
    time.sleep(min(2.0, BEAT_S))  # who wrote last has it: a store's put is whole, and both look after both have written
    found = folder.read(LEASE) or b"{}"
    if _read(found).get("token") != mine["token"]:
        raise _busy(folder.uri, found)
    beating = threading.Thread(target=go_on, daemon=True)
    beating.start()
    try:
        yield
    finally:
        ended.set()
        beating.join()
        folder.write(LEASE, json.dumps(mine | {"ended": True}).encode())


def _wait_for_silence(folder: Folder) -> None:
    """Return when nobody holds the lease, or its holder has not moved for PATIENCE_S.

    Raises:
        DataError: the holder lives.
    """
    first = folder.read(LEASE)
    if first is None or _read(first).get("ended"):
        return
    say(f"{folder.uri}: {_named(first)} has not ended its work here; looking for {PATIENCE_S:.0f} s whether it lives")
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        time.sleep(min(1.0, BEAT_S / 4))
        now = folder.read(LEASE)
        if now is None or _read(now).get("ended"):
            return
        if now != first:
            raise _busy(folder.uri, now)


def _holder(job: str) -> dict[str, Any]:
    since = datetime.now(UTC).isoformat(timespec="seconds")
    return {"job": job, "pid": os.getpid(), "host": socket.gethostname(), "since": since}


def _busy(uri: str, content: bytes) -> DataError:
    return DataError(f"{uri}: {_named(content)} is working here; wait for it to end, or name another --workspace")


def _named(content: bytes) -> str:
    holder = _read(content)
    if "job" not in holder:
        return "another job"
    return f"jobs/{holder['job']}.py (process {holder['pid']} on {holder['host']}, since {holder['since']})"


def _read(content: bytes) -> dict[str, Any]:
    try:
        return dict(json.loads(content))
    except ValueError:
        return {}
