"""A lease on a workspace in an object store, which has no locks: a small file that its holder rewrites periodically.

No clocks are compared. A job that wants the workspace watches whether the file changes; a holder checks that the file is still
its own before each renewal and before it publishes. So if two jobs take each other for dead, one continues and the other stops.
"""

import json
import random
import signal
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from pipelines.workspace.filesystem import Folder
from pipelines.workspace.lock_holder import busy, named, read_holder
from pipelines.workspace.progress_line import log_progress
from schemas.errors import DataError

LEASE = "_job.json"
FIRST_WAIT = 0.1
"""First wait before a failed request is repeated, as a fraction of the heartbeat interval; doubles up to one interval."""
R = TypeVar("R")


class _LeaseLost(BaseException):
    """Raised in the main thread. Not an Exception: py4j would take it for a broken connection and call Java again."""


class Lease:
    """One job's lease on a workspace in a store."""

    def __init__(self, folder: Folder, holder: dict[str, Any], beat_s: float, patience_s: float) -> None:
        """Prepare a lease; reads and writes nothing.

        Args:
            folder: the workspace.
            holder: job, process, machine and start time.
            beat_s: interval of the heartbeat, seconds.
            patience_s: seconds without a heartbeat after which another job takes over.
        """
        self.folder, self.beat_s, self.patience_s = folder, beat_s, patience_s
        self._mine = holder | {"token": uuid.uuid4().hex}
        self._beats, self._ended = 0, threading.Event()
        self._lost: bytes | None = None

    def acquire(self) -> None:
        """Acquire the lease.

        Raises:
            DataError: another running job holds it, or the store does not answer.
        """
        self._wait_until_free()
        self._with_retries(self._beat)
        time.sleep(min(2.0, self.beat_s))  # the last writer wins: puts are atomic, and both jobs read after both have written
        content = self._with_retries(lambda: self.folder.read(LEASE)) or b"{}"
        if not self._is_mine(content):
            raise busy(self.folder.uri, content)

    @contextmanager
    def renewing(self) -> Iterator[None]:
        """Renew the lease while the block runs, then release it.

        Raises:
            DataError: the lease was lost; the block is interrupted if it runs in the main thread.
        """
        main = threading.current_thread() is threading.main_thread()
        heartbeat = threading.Thread(target=self._renew, args=(main,), daemon=True)
        before = signal.signal(signal.SIGUSR1, self._stop) if main else None
        try:
            heartbeat.start()
            yield
        except (_LeaseLost, Exception) as error:
            self._ended.set()
            self._check_once()  # the error may come from files that the other job has deleted
            if self._lost is None:
                raise
            raise self._error() from (None if isinstance(error, _LeaseLost) else error)
        finally:
            self._ended.set()
            heartbeat.join(self.beat_s)
            if main:
                signal.signal(signal.SIGUSR1, before)
            self._release()

    def check(self) -> None:
        """Check that the lease is still ours.

        Raises:
            DataError: it is not, or the store does not answer.
        """
        if self._lost is None:
            content = self._with_retries(lambda: self.folder.read(LEASE))
            self._lost = None if content is None or self._is_mine(content) else content
        if self._lost is not None:
            raise self._error()

    def _check_once(self) -> None:
        try:
            content = self.folder.read(LEASE)
        except Exception:  # any error of the store's client; the block's own error is more useful
            return
        if content is not None and not self._is_mine(content):
            self._lost = content

    def _renew(self, main: bool) -> None:
        wait = self.beat_s
        while not self._ended.wait(wait):
            try:
                content = self.folder.read(LEASE)
                if content is not None and not self._is_mine(content):
                    self._lost = content
                    break
                self._beat()
                wait = self.beat_s
            except Exception as error:  # any error of the store's client
                if wait == self.beat_s:
                    log_progress(f"{self.folder.uri}: renewing the lease failed ({_short(error)}); trying again")
                    wait = self.beat_s * FIRST_WAIT / 2
                wait = min(2 * wait, 0.99 * self.beat_s)
        if self._lost is not None and main and not self._ended.is_set():
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGUSR1)

    def _stop(self, *_: object) -> None:
        if not self._ended.is_set():
            raise _LeaseLost

    def _beat(self) -> None:
        self._beats += 1
        self.folder.write(LEASE, json.dumps(self._mine | {"beats": self._beats}).encode())

    def _release(self) -> None:
        try:
            content = self.folder.read(LEASE)
            if self._lost is None and (content is None or self._is_mine(content)):
                self.folder.write(LEASE, json.dumps(self._mine | {"ended": True}).encode())
        except Exception as error:  # the work is done; the next job waits for the lease to expire instead
            log_progress(f"{self.folder.uri}: releasing the lease failed ({_short(error)})")

    def _wait_until_free(self) -> None:
        """Return when nobody holds the lease, or its holder has not renewed it for patience_s.

        Raises:
            DataError: the holder is running.
        """
        first = self._with_retries(lambda: self.folder.read(LEASE))
        if first is None or read_holder(first).get("ended"):
            return
        uri = self.folder.uri
        log_progress(
            f"{uri}: {named(first)} has not released its lease; waiting {self.patience_s:.0f} s to see if it is running"
        )
        until = time.monotonic() + self.patience_s
        while time.monotonic() < until:
            time.sleep(min(1.0, self.beat_s / 4))
            now = self._with_retries(lambda: self.folder.read(LEASE))
            if now is None or read_holder(now).get("ended"):
                return
            if now != first:
                raise busy(uri, now)

    def _with_retries(self, call: Callable[[], R]) -> R:
        """Call the store, and repeat failed calls with growing waits for up to patience_s."""
        until, wait = time.monotonic() + self.patience_s, self.beat_s * FIRST_WAIT
        while True:
            try:
                return call()
            except Exception as error:  # any error of the store's client
                if time.monotonic() + wait > until:
                    raise DataError(
                        f"{self.folder.uri}: the store has not answered for {self.patience_s:.0f} s ({_short(error)}); "
                        "run the job again when it does"
                    ) from error
                time.sleep(wait * random.uniform(0.5, 1.0))
                wait = min(2 * wait, self.beat_s)

    def _is_mine(self, content: bytes) -> bool:
        return read_holder(content).get("token") == self._mine["token"]

    def _error(self) -> DataError:
        return DataError(
            f"{self.folder.uri}: {named(self._lost or b'')} has taken over: this job did not renew its lease for more than "
            f"{self.patience_s:.0f} s; this job has stopped and publishes nothing more; run it again when the other has ended"
        )


def _short(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
