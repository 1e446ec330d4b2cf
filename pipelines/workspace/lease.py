"""A lease on a workspace in a store, which knows no locks: a small file that its holder writes again and again.

No clocks are compared. Whoever wants the workspace looks whether the file changes; a holder that was stopped looks whose it is
before it writes again, and before it publishes. So of two that take each other for dead one goes on, and the other one stops.
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
from pipelines.workspace.progress_line import say
from schemas.errors import DataError

LEASE = "_job.json"
FIRST_WAIT = 0.1
"""Of a beat: after so long a try that failed is repeated, then after twice as long, up to a beat."""
R = TypeVar("R")


class _Lost(BaseException):
    """Raised in the main thread. No Exception: py4j would take it for a broken connection and ask Java again."""


class Lease:
    """One job's hold on a workspace in a store."""

    def __init__(self, folder: Folder, holder: dict[str, Any], beat_s: float, patience_s: float) -> None:
        """Nothing is read or written yet.

        Args:
            folder: the workspace.
            holder: the job, its process, machine and hour.
            beat_s: how often it says that it lives.
            patience_s: how long it may be silent before another job takes over.
        """
        self.folder, self.beat_s, self.patience_s = folder, beat_s, patience_s
        self._mine = holder | {"token": uuid.uuid4().hex}
        self._beats, self._ended = 0, threading.Event()
        self._lost: bytes | None = None

    def take(self) -> None:
        """Take the lease.

        Raises:
            DataError: another job holds it, and lives; or the store does not answer.
        """
        self._wait_for_silence()
        self._answered(self._beat)
        time.sleep(min(2.0, self.beat_s))  # who wrote last has it: a put is whole, and both look after both have written
        found = self._answered(lambda: self.folder.read(LEASE)) or b"{}"
        if not self._is_mine(found):
            raise busy(self.folder.uri, found)

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Renew it while the block runs, and give it back.

        Raises:
            DataError: it was lost; the block is stopped where it is, if it runs in the main thread.
        """
        main = threading.current_thread() is threading.main_thread()
        beating = threading.Thread(target=self._go_on, args=(main,), daemon=True)
        before = signal.signal(signal.SIGUSR1, self._stop) if main else None
        try:
            beating.start()
            yield
        except (_Lost, Exception) as error:
            self._ended.set()
            self._look()  # an error may come from what the other job has cleared away
            if self._lost is None:
                raise
            raise self._error() from (None if isinstance(error, _Lost) else error)
        finally:
            self._ended.set()
            beating.join(self.beat_s)
            if main:
                signal.signal(signal.SIGUSR1, before)
            self._give_back()

    def check(self) -> None:
        """Look whether it is still ours.

        Raises:
            DataError: it is not, or the store does not answer.
        """
        if self._lost is None:
            found = self._answered(lambda: self.folder.read(LEASE))
            self._lost = None if found is None or self._is_mine(found) else found
        if self._lost is not None:
            raise self._error()

    def _look(self) -> None:
        try:
            found = self.folder.read(LEASE)
        except Exception:  # whatever the store's client raises; the block's own error says more
            return
        if found is not None and not self._is_mine(found):
            self._lost = found

    def _go_on(self, main: bool) -> None:
        wait = self.beat_s
        while not self._ended.wait(wait):
            try:
                found = self.folder.read(LEASE)
                if found is not None and not self._is_mine(found):
                    self._lost = found
                    break
                self._beat()
                wait = self.beat_s
            except Exception as error:  # whatever the store's client raises
                if wait == self.beat_s:
                    say(f"{self.folder.uri}: the store does not take the sign of life ({_short(error)}); trying again")
                    wait = self.beat_s * FIRST_WAIT / 2
                wait = min(2 * wait, 0.99 * self.beat_s)
        if self._lost is not None and main and not self._ended.is_set():
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGUSR1)

    def _stop(self, *_: object) -> None:
        if not self._ended.is_set():
            raise _Lost

    def _beat(self) -> None:
        self._beats += 1
        self.folder.write(LEASE, json.dumps(self._mine | {"beats": self._beats}).encode())

    def _give_back(self) -> None:
        try:
            found = self.folder.read(LEASE)
            if self._lost is None and (found is None or self._is_mine(found)):
                self.folder.write(LEASE, json.dumps(self._mine | {"ended": True}).encode())
        except Exception as error:  # the work is done; the next job waits for silence instead
            say(f"{self.folder.uri}: the store does not take the end of this job ({_short(error)})")

    def _wait_for_silence(self) -> None:
        """Return when nobody holds the lease, or its holder has not moved for patience_s.

        Raises:
            DataError: the holder lives.
        """
        first = self._answered(lambda: self.folder.read(LEASE))
        if first is None or read_holder(first).get("ended"):
            return
        uri = self.folder.uri
        say(f"{uri}: {named(first)} has not ended its work here; looking for {self.patience_s:.0f} s whether it lives")
        until = time.monotonic() + self.patience_s
        while time.monotonic() < until:
            time.sleep(min(1.0, self.beat_s / 4))
            now = self._answered(lambda: self.folder.read(LEASE))
            if now is None or read_holder(now).get("ended"):
                return
            if now != first:
                raise busy(uri, now)

    def _answered(self, ask: Callable[[], R]) -> R:
        """What the store says, asked again with growing waits while the patience lasts."""
        until, wait = time.monotonic() + self.patience_s, self.beat_s * FIRST_WAIT
        while True:
            try:
                return ask()
            except Exception as error:  # whatever the store's client raises
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
            f"{self.folder.uri}: {named(self._lost or b'')} has taken over, as this job gave no sign of life for more than "
            f"{self.patience_s:.0f} s; this job has stopped and publishes nothing more; run it again when the other has ended"
        )


def _short(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
