"""The worker process of `pipelines.media.decoding.worker_process`: reads requests, decodes, writes answers.

Before each picture it sets its own limits: address space, above that at its start; and processor time, whose
alarm (SIGPROF) ends it. No decoder can exceed them.
"""

import io
import json
import os
import resource
import signal
import sys
import traceback
from pathlib import Path
from typing import Any, BinaryIO

import cv2
import numpy as np
from PIL import AvifImagePlugin, Image

from pipelines.media.decoding.picture import BadPicture, Decoding
from pipelines.media.decoding.pixels import FORMATS, working_picture

PIECE = 1 << 20
SLACK = 16 << 20
"""Bytes of address space that fragmentation may take."""


def main() -> None:
    """Serve requests until the input ends."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    cv2.setNumThreads(1)
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    Image.preinit()
    _warm_up()
    base = _address_space()
    answers.write(b"ready\n")
    answers.flush()
    os.dup2(nothing, 2)  # libraries print about untrusted files
    while line := requests.readline():
        request = json.loads(line)
        settings = Decoding(**request["settings"])
        _limit_memory(base + settings.max_bytes + SLACK)
        header, pixels = _answer(requests, request["bytes"], settings)
        answers.write(json.dumps(header).encode() + b"\n" + pixels)
        answers.flush()


def _answer(requests: BinaryIO, size: int, settings: Decoding) -> tuple[dict[str, Any], bytes]:
    left = size
    try:
        stream = io.BytesIO()
        while left:
            left -= stream.write(_read(requests, left))
        stream.seek(0)
        signal.setitimer(signal.ITIMER_PROF, settings.max_seconds)
        try:
            picture = working_picture(stream, settings)
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
    except BadPicture as bad:
        return {"reason": bad.reason, "detail": bad.detail, "memory": isinstance(bad.__cause__, MemoryError)}, b""
    except (MemoryError, cv2.error) as error:
        while left:
            left -= len(_read(requests, left))
        return {"reason": "too large", "detail": f"no memory left to decode it: {error}"[:200], "memory": True}, b""
    except Exception:  # a bug of ours: the caller gets the traceback
        return {"fault": traceback.format_exc()}, b""
    return {"shape": picture.rgb.shape, "width": picture.width, "height": picture.height}, picture.rgb.tobytes()


def _read(requests: BinaryIO, left: int) -> bytes:
    """The next bytes of a picture. Exits where the input ends: the caller was killed, and nobody waits for the answer."""
    piece = requests.read(min(left, PIECE))
    if not piece:
        sys.exit(0)
    return piece


def _warm_up() -> None:
    """Load each format's libraries and tables, so that they do not count against the first picture."""
    for name in FORMATS:
        stream = io.BytesIO()
        Image.fromarray(np.zeros((16, 16, 3), np.uint8)).save(stream, name)
        stream.seek(0)
        working_picture(stream, Decoding(working_side=8))


def _address_space() -> int:
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


def _limit_memory(size: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (size, resource.getrlimit(resource.RLIMIT_AS)[1]))


if __name__ == "__main__":
    main()
