"""The bytes of a task are bounded for any order and sizes; rows keep their order; nothing waits for ever."""

import random
import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.media.read_ahead import ReadAheadEnded, Room, read_ahead, share

MOST = 100


class Meter:
    """Bytes in memory, counted by the readers and the caller, not by the room."""

    def __init__(self):
        self.bytes, self.peak, self.lock = 0, 0, threading.Lock()

    def add(self, size):
        with self.lock:
            self.bytes += size
            self.peak = max(self.peak, self.bytes)


def through(sizes, readers, most, jitter=0.0):
    meter = Meter()

    def read(size, claim):
        time.sleep(random.random() * jitter)
        if size < 0:
            return size
        claim(size)
        meter.add(size)
        time.sleep(random.random() * jitter)
        return size

    def make(row, read):
        assert row == read
        meter.add(-max(read, 0))
        return row

    return list(read_ahead(sizes, read, make, most, readers, MOST)), meter


@settings(max_examples=60)
@given(st.lists(st.integers(-1, 130), max_size=40), st.integers(1, 8), st.integers(1, 20))
def test_rows_keep_their_order_and_bytes_their_bound(sizes, readers, most):
    rows, meter = through(sizes, readers, most, 0.0005)
    assert rows == sizes
    assert meter.bytes == 0
    assert meter.peak <= max([MOST, *sizes])


def test_small_files_are_read_side_by_side():
    together, most = [0], [0]
    lock = threading.Lock()

    def read(row, claim):
        claim(1)
        with lock:
            together[0] += 1
            most[0] = max(most[0], together[0])
        time.sleep(0.02)
        with lock:
            together[0] -= 1
        return row

    assert list(read_ahead(range(64), read, lambda row, _: row, 32, 8, MOST)) == list(range(64))
    assert most[0] == 8


def test_rows_are_taken_as_they_are_needed():
    taken = []
    rows = (taken.append(n) or n for n in range(1000))
    done = read_ahead(rows, lambda row, claim: claim(1) or row, lambda row, _: row, 10, 4, MOST)
    assert next(done) == 0
    assert len(taken) <= 11
    done.close()


def test_an_error_ends_all_readers():
    def read(row, claim):
        claim(60)
        if row == 3:
            raise OSError("gone")
        return row

    before = threading.active_count()
    with pytest.raises(OSError, match="gone"):
        list(read_ahead(range(100), read, lambda row, _: row, 50, 8, MOST))
    assert threading.active_count() == before


def test_who_stops_early_leaves_no_thread():
    before = threading.active_count()
    done = read_ahead(range(100), lambda row, claim: claim(60), lambda row, _: row, 50, 8, MOST)
    next(done)
    done.close()
    assert threading.active_count() == before


def test_those_who_let_go_by_themselves_share_the_room():
    room, meter = Room(MOST), Meter()

    def one(size):
        with share(room) as claim:
            claim(size)
            meter.add(size)
            time.sleep(0.001)
            meter.add(-size)

    threads = [threading.Thread(target=one, args=(size,)) for size in (40, 70, 100, 10, 130, 50) * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert meter.bytes == 0
    assert meter.peak <= 130
    room.end()
    with pytest.raises(ReadAheadEnded):
        room.take(1)
