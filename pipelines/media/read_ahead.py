"""Read ahead of who works on the bytes: so many files at a time, and so many bytes, whichever is fewer."""

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
"""Given a size before the bytes are read; returns when there is room for them."""

READERS = 8
"""Files that one task reads at a time: an object store answers late, a decoder should not wait for it."""
BYTES_AHEAD = 64 << 20
"""Of pictures that a task holds at a time; a larger picture is held alone. Eight readers of photographs (2 to 5 MB) do not wait
for it, and a task of 200 MB pictures holds one and not a hundred."""


class Ended(BaseException):
    """Nobody wants the bytes any more."""


class Room:
    """Bytes that may be held together. Who asks in turns is let in in that order, so that nobody waits for a later one."""

    def __init__(self, most: int = BYTES_AHEAD) -> None:
        """Empty."""
        self._most, self._held, self._next, self._ended = most, 0, 0, False
        self._passed: set[int] = set()
        self._change = threading.Condition()

    def take(self, size: int, turn: int | None = None) -> None:
        """Wait until there is room for so many bytes, or nothing else is held.

        Raises:
            Ended: by `end`.
        """
        with self._change:
            self._change.wait_for(lambda: self._ended or (turn in (None, self._next) and self._fits(size)))
            if self._ended:
                raise Ended
            self._held += size
            self._pass(turn)

    def give_back(self, size: int) -> None:
        """They are held no longer."""
        with self._change:
            self._held -= size
            self._change.notify_all()

    def skip(self, turn: int) -> None:
        """Who has this turn will take nothing, or has taken."""
        with self._change:
            self._pass(turn)

    def end(self) -> None:
        """Whoever waits is told that it is over."""
        with self._change:
            self._ended = True
            self._change.notify_all()

    def _fits(self, size: int) -> bool:
        return not self._held or self._held + size <= self._most

    def _pass(self, turn: int | None) -> None:
        if turn is not None and turn >= self._next:
            self._passed.add(turn)
        while self._next in self._passed:
            self._passed.remove(self._next)
            self._next += 1
        self._change.notify_all()


class _Share:
    """What one reader holds."""

    def __init__(self, room: Room, turn: int | None = None) -> None:
        self._room, self._turn, self._size = room, turn, 0

    def claim(self, size: int) -> None:
        """Asked again when a file is read again; another size then is rare, and its own."""
        if not self._size and size:
            self._room.take(size, self._turn)
            self._size = size

    def give_back(self) -> None:
        size, self._size = self._size, 0
        if size:
            self._room.give_back(size)


@contextmanager
def share(room: Room) -> Iterator[Claim]:
    """A reader's claim on the room while the block runs; for readers that let go by themselves of what they have read."""
    mine = _Share(room)
    try:
        yield mine.claim
    finally:
        mine.give_back()


def read_ahead(
    rows: Iterable[R],
    read: Callable[[R, Claim], T],
    make: Callable[[R, T], M],
    most: int,
    readers: int = READERS,
    room_bytes: int = BYTES_AHEAD,
) -> Iterator[M]:
    """What is made of each row and of what was read for it, in the order of the rows.

    Args:
        rows: taken one by one, as they are needed.
        read: in a thread; claims a picture's bytes before it reads them.
        make: in the caller's thread, of one row at a time; what was read is let go of before the result is given.
        most: rows that are under way at a time.
        readers: threads.
        room_bytes: that are held at a time; a larger picture alone.

    Cost: memory of `room_bytes`, or of one larger picture.
    """
    room, left, turn = Room(room_bytes), iter(rows), 0
    under_way: deque[tuple[R, _Share, Future[T]]] = deque()

    def work(row: R, mine: _Share, turn: int) -> T:
        try:
            return read(row, mine.claim)
        finally:
            room.skip(turn)

    pool = ThreadPoolExecutor(readers)
    try:
        while True:
            for row in islice(left, most - len(under_way)):
                mine = _Share(room, turn)
                under_way.append((row, mine, pool.submit(work, row, mine, turn)))
                turn += 1
            if not under_way:
                return
            row, mine, future = under_way.popleft()
            made = make(row, future.result())
            del future, row
            mine.give_back()
            yield made
    finally:
        room.end()
        pool.shutdown(wait=True, cancel_futures=True)
