"""A decoder that crashes, is killed, hangs or asks for too much ends in its own process, and costs at most its own picture."""

import dataclasses
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from subprocess import DEVNULL, PIPE

import pytest

from pipelines.media.decode import BadPicture, Decoding, decode
from pipelines.media.decoding import worker_process
from pipelines.media.decoding.header import is_ordinary, jpeg_header
from testkit.damaged_pictures import SMALL
from testkit.picture_bombs import jpeg, scans

pytestmark = pytest.mark.slow

TIFF = SMALL["tiff tiff_lzw 0"]
SLOW = jpeg(b"\xff" * 30_000_000)
"""Pillow looks at each byte of filling: some seconds of a processor."""


def is_usual(content):
    return is_ordinary(content, jpeg_header(content), 288)


def child():
    return worker_process._process._child.pid


@pytest.fixture
def signals_while():
    """Send a signal to every decoding process there is, until the test ends."""
    ended = threading.Event()

    def sending(number, pause):
        def send():
            while not ended.wait(pause):
                if (running := worker_process._process) is not None:
                    running._child.send_signal(number)

        threading.Thread(target=send, daemon=True).start()

    yield sending
    ended.set()
    time.sleep(0.1)


def test_a_usual_picture_is_decoded_here_and_an_unusual_one_apart():
    assert is_usual(SMALL["jpeg progressive 0"]) and not is_usual(TIFF)
    decode(TIFF, Decoding())
    earlier = child()
    assert decode(TIFF, Decoding()).rgb.shape == (40, 48, 3) and child() == earlier != os.getpid()


def test_a_process_whose_caller_was_killed_in_the_middle_of_a_picture_ends():
    worker = subprocess.Popen(
        [sys.executable, "-m", "pipelines.media.decoding.worker"], stdin=PIPE, stdout=PIPE, stderr=DEVNULL
    )
    assert worker.stdout.readline() == b"ready\n"
    request = {"settings": dataclasses.asdict(Decoding()), "bytes": 1000}
    worker.stdin.write(json.dumps(request).encode() + b"\n" + bytes(10))
    worker.stdin.close()
    try:
        assert worker.wait(10) == 0
    finally:
        worker.kill()


def test_a_process_that_somebody_killed_is_started_again_and_the_picture_read():
    decode(TIFF, Decoding())
    os.kill(child(), signal.SIGKILL)
    assert decode(TIFF, Decoding()).width == 48


def test_a_crash_is_a_refusal_and_the_next_picture_is_read(signals_while):
    signals_while(signal.SIGSEGV, 0.5)
    with pytest.raises(BadPicture, match="decoder crashed: SIGSEGV"):
        decode(SLOW, Decoding())


def test_a_machine_that_kills_every_process_is_no_fault_of_a_picture(signals_while):
    signals_while(signal.SIGKILL, 0.5)
    with pytest.raises(RuntimeError, match="ended twice by SIGKILL: is there too little memory"):
        decode(SLOW, Decoding())


def test_a_picture_that_takes_too_long_is_refused_and_the_next_one_read():
    with pytest.raises(BadPicture, match=r"too slow: more than 0\.3 seconds of a processor"):
        decode(SLOW, Decoding(max_seconds=0.3))
    assert decode(TIFF, Decoding()).width == 48


def test_a_process_keeps_the_limit_of_memory_for_each_picture():
    many = jpeg(b"\xff\xfe\0\x02" * 1_000_000)  # Pillow keeps 60 bytes of each comment
    with pytest.raises(BadPicture, match="too large: no memory left"):
        decode(many, Decoding(max_bytes=32 << 20))
    assert decode(many, Decoding()).width == 64


def test_a_forked_process_has_a_decoder_of_its_own():
    decode(TIFF, Decoding())
    before = child()
    forked = os.fork()
    if not forked:
        os._exit(0 if decode(TIFF, Decoding()).width == 48 and child() != before else 1)
    assert os.waitpid(forked, 0)[1] == 0
    assert decode(TIFF, Decoding()).width == 48 and child() == before


def test_threads_take_turns():
    result = []
    threads = [threading.Thread(target=lambda: result.append(decode(TIFF, Decoding()).width)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert result == [48] * 6


def test_no_process_is_left_when_who_started_it_ends():
    forked = os.fork()
    if not forked:
        decode(scans(3000, 40), Decoding())
        Path(f"/tmp/decoder.{os.getppid()}").write_text(str(child()))
        os._exit(0)
    os.waitpid(forked, 0)
    pid_file = Path(f"/tmp/decoder.{os.getpid()}")
    left, until = int(pid_file.read_text()), time.monotonic() + 20
    pid_file.unlink()
    while Path(f"/proc/{left}").exists() and "Z" not in Path(f"/proc/{left}/stat").read_text().rsplit(")", 1)[1][:3]:
        assert time.monotonic() < until
        time.sleep(0.1)
