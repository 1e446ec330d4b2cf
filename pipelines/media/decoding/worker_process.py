"""Decodes a picture in a process of its own, which contains all that a decoder allocates, computes or breaks.

Each decoding process has one worker, started by the first picture that needs it and kept; pictures go to it one at a time. Its
memory and processor time are limited by the kernel (`worker`). A picture is refused for a crash or for
memory only if a fresh worker met it: an earlier picture may have damaged a used one.
"""

import json
import os
import select
import signal
import subprocess
import sys
from dataclasses import asdict
from threading import Lock
from typing import IO, Any, cast

import numpy as np

from pipelines.media.decoding import worker
from pipelines.media.decoding.picture import BadPicture, DecodedPicture, Decoding

PATIENCE = 60.0
"""Seconds without an answer, on top of ten times the processor time, after which a worker is ended: the machine may be busy."""
FAULTS = {signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGTRAP, signal.SIGSYS}
"""Signals of a decoder's own crash. Any other comes from outside: out of memory, or a kill."""
ENVIRONMENT = {
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": "262144",  # large blocks go back to the system at once
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
}
Answer = tuple[dict[str, Any], bytes]


class _WorkerEnded(Exception):  # noqa: N818  # how a worker ended; never leaves this module
    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class _Process:
    """A running worker."""

    def __init__(self) -> None:
        path = os.pathsep.join(os.path.abspath(place) for place in sys.path)
        self._child = subprocess.Popen(
            [sys.executable, "-m", worker.__name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | ENVIRONMENT | {"PYTHONPATH": path},
            start_new_session=True,  # Ctrl-C is for the parent
            bufsize=0,
        )
        self._input, self._output = (
            cast("IO[bytes]", self._child.stdin).fileno(),
            cast("IO[bytes]", self._child.stdout).fileno(),
        )
        self.is_fresh = True
        try:
            self._line(PATIENCE)
        except _WorkerEnded as ended:
            raise RuntimeError(
                f"the decoding process did not start: {sys.executable} ended with {ended.code}; see above"
            ) from None

    def ask(self, content: bytes, settings: Decoding) -> Answer:
        """The worker's answer: a header and, of a picture, its pixels."""
        patience = PATIENCE + 10 * settings.max_seconds
        try:
            self._write(json.dumps({"bytes": len(content), "settings": asdict(settings)}).encode() + b"\n")
            self._write(content)
        except BrokenPipeError:
            raise _WorkerEnded(self._code()) from None
        answer = json.loads(self._line(patience))
        pixels = self._read(int(np.prod(answer["shape"])), patience) if "shape" in answer else b""
        self.is_fresh = False
        return answer, pixels

    def end(self) -> None:
        """Kill it and close its pipes."""
        self._child.kill()
        self._code()
        for pipe in (self._child.stdin, self._child.stdout):
            if pipe is not None:
                pipe.close()

    def _write(self, content: bytes) -> None:
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(self._input, rest) :]

    def _line(self, patience: float) -> bytes:
        line = b""
        while not line.endswith(b"\n"):
            line += self._read(1, patience)
        return line

    def _read(self, count: int, patience: float) -> bytes:
        pipe, content = self._output, bytearray()
        while len(content) < count:
            if not select.select([pipe], [], [], patience)[0]:
                self._child.send_signal(signal.SIGPROF)  # it hangs: counts as too slow
            piece = os.read(pipe, count - len(content))
            if not piece:
                raise _WorkerEnded(self._code())
            content += piece
        return bytes(content)

    def _code(self) -> int:
        return self._child.wait()


_lock = Lock()
_process: _Process | None = None


def decode_in_process(content: bytes, settings: Decoding) -> DecodedPicture:
    """`working_picture` of `content`, in a process of its own.

    Raises:
        BadPicture: as there; or "too slow", "decoder crashed".
        RuntimeError: the process cannot be started, or is ended from outside.

    Cost: half a second for the first picture of a process, then a copy of the file.
    """
    with _lock:
        for last in (False, True):
            process = _running()
            fresh = process.is_fresh
            try:
                answer, pixels = process.ask(content, settings)
            except _WorkerEnded as ended:
                _forget()
                _handle_end(ended.code, fresh, last, settings)
            else:
                if not answer.get("memory") or fresh:
                    return _decoded(answer, pixels)
                _forget()
        raise RuntimeError("unreachable: the answer of a fresh process is final")


def _handle_end(code: int, fresh: bool, last: bool, settings: Decoding) -> None:
    """Refuse the picture, give up, or return for a retry."""
    if code == -signal.SIGPROF:
        raise BadPicture("too slow", f"more than {settings.max_seconds:g} seconds of a processor")
    if code < 0 and -code not in FAULTS:
        if last:
            raise RuntimeError(
                f"the decoding process was ended twice by {signal.Signals(-code).name}: is there too little memory?"
            )
    elif fresh:
        reason = signal.Signals(-code).name if code < 0 else f"exit status {code}"
        raise BadPicture("decoder crashed", f"{reason}, in a process of its own")


def _decoded(answer: dict[str, Any], pixels: bytes) -> DecodedPicture:
    if "fault" in answer:
        raise RuntimeError(f"decoding failed: {answer['fault']}")
    if "reason" in answer:
        raise BadPicture(answer["reason"], answer["detail"])
    rgb = np.frombuffer(bytearray(pixels), np.uint8).reshape(answer["shape"])
    return DecodedPicture(rgb, answer["width"], answer["height"])


def _running() -> _Process:
    global _process
    if _process is None:
        _process = _Process()
    return _process


def _forget() -> None:
    global _process
    if _process is not None:
        _process.end()
    _process = None


def _after_fork() -> None:
    """A forked process shares neither its parent's worker nor the lock that a thread of the parent may have."""
    global _lock, _process
    _lock, _process = Lock(), None


os.register_at_fork(after_in_child=_after_fork)
