"""Reads files ahead of the thread that works on them, with a cap on files and a cap on bytes."""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from typing import TypeVar

R = TypeVar("R")
T = TypeVar("T")
M = TypeVar("M")
Claim = Callable[[int], None]
"""Called with a size before the bytes are read; returns when there is room for them."""

READERS = 8
"""Files that one task reads at a time: an object store has a high latency, and a decoder should not wait for it."""
BYTES_AHEAD = 64 << 20
"""Bytes of pictures in the memory of a task; a larger picture is in memory alone. Eight readers of photographs (2 to 5 MB) do
not wait for it, and a task of 200 MB pictures has one and not a hundred in memory."""


class ReadAheadEnded(BaseException):
    """The reader was cancelled: nobody will use the bytes."""


class Room:
    """A budget of bytes in memory. Claims with a turn are granted in the order of turns, so that none waits for a later one."""

    def __init__(self, most: int = BYTES_AHEAD) -> None:
        """An empty room of `most` bytes."""
        self._most, self._used, self._next, self._ended = most, 0, 0, False
        self._passed: set[int] = set()
        self._change = threading.Condition()

    def take(self, size: int, turn: int | None = None) -> None:
        """Wait until there is room for so many bytes, or nothing else is in memory.

        Raises:
            ReadAheadEnded: after `end`.
        """
        with self._change:
            self._change.wait_for(lambda: self._ended or (turn in (None, self._next) and self._fits(size)))
            if self._ended:
                raise ReadAheadEnded
            self._used += size
            self._pass(turn)

    def give_back(self, size: int) -> None:
        """These bytes are no longer in memory."""
        with self._change:
            self._used -= size
            self._change.notify_all()

    def skip(self, turn: int) -> None:
        """The reader with this turn takes nothing (more)."""
        with self._change:
            self._pass(turn)

    def end(self) -> None:
        """Cancel all that wait."""
        with self._change:
            self._ended = True
            self._change.notify_all()

    def _fits(self, size: int) -> bool:
        return not self._used or self._used + size <= self._most

    def _pass(self, turn: int | None) -> None:
        if turn is not None and turn >= self._next:
            self._passed.add(turn)
        while self._next in self._passed:
            self._passed.remove(self._next)
            self._next += 1
        self._change.notify_all()


class _Share:
    """The bytes of one reader."""

    def __init__(self, room: Room, turn: int | None = None) -> None:
        self._room, self._turn, self._size = room, turn, 0

    def claim(self, size: int) -> None:
        """Claim bytes; a repeated claim, when a file is read again, changes nothing."""
        if not self._size and size:
            self._room.take(size, self._turn)
            self._size = size

    def give_back(self) -> None:
        size, self._size = self._size, 0
        if size:
            self._room.give_back(size)


@contextmanager
def share(room: Room) -> Iterator[Claim]:
    """A reader's claim on the room, given back at the end of the block."""
    claimed = _Share(room)
    try:
        yield claimed.claim
    finally:
        claimed.give_back()


def read_ahead(
    rows: Iterable[R],
    read: Callable[[R, Claim], T],
    make: Callable[[R, T], M],
    most: int,
    readers: int = READERS,
    room_bytes: int = BYTES_AHEAD,
) -> Iterator[M]:
    """The result of `make` for each row and what was read for it, in the order of the rows.

    Args:
        rows: consumed one by one, as they are needed.
        read: in a thread; claims a picture's bytes before it reads them.
        make: in the caller's thread, for one row at a time; the bytes are released before the result is yielded.
        most: rows that are being read at a time.
        readers: threads.
        room_bytes: cap on the bytes in memory; a larger picture is in memory alone.

    Cost: memory of `room_bytes`, or of one larger picture.
    """
    room, left, turn = Room(room_bytes), iter(rows), 0
    under_way: deque[tuple[R, _Share, Future[T]]] = deque()

    def work(row: R, share: _Share, turn: int) -> T:
        try:
            return read(row, share.claim)
        finally:
            room.skip(turn)

    pool = ThreadPoolExecutor(readers)
    try:
        while True:
            for row in islice(left, most - len(under_way)):
                own = _Share(room, turn)
                under_way.append((row, own, pool.submit(work, row, own, turn)))
                turn += 1
            if not under_way:
                return
            row, own, future = under_way.popleft()
            result = make(row, future.result())
            del future, row
            own.give_back()
            yield result
    finally:
        room.end()
        pool.shutdown(wait=True, cancel_futures=True)
