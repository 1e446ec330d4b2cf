"""Reads pictures from an object store on 127.0.0.1 with latency: one client per process, compared with one per picture.

    python -m benchmarks.store_reads [--pictures 240] [--readers 8] [--latency-ms 20] [--moto]

Prints pictures a second, connections and requests for credentials of both. The latency is that of each answer and of each new
connection, which takes a round trip, too. With --moto the objects are in moto's server (`moto_server` must be on the PATH:
pip install 'moto[server]'), and what answers late stands before it; else one process is both.
"""

import argparse
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from pyarrow import fs

from pipelines.media.picture_bytes import picture_bytes
from testkit.loopback_store import Loopback, loopback_store

ROOT = "s3://bucket/pictures"
BYTES = 30_000
"""Size of a picture; small, since latency is measured and not bandwidth."""
SIGNER = "AWS4-HMAC-SHA256 Credential=AKIALOOPBACK/20261101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=x"
"""Moto accepts any signature, and reads the region from it."""
MIN_SPEEDUP = 3.5
"""Minimum speedup over a client per picture."""


class ReadRate(NamedTuple):
    """Measurements of one way of reading."""

    pictures_s: float
    connections: int
    at_a_time: int
    """Maximum number of open connections."""
    credentials: int
    """Requests for credentials."""


def measure(server: Loopback, read: Callable[[int], bytes], pictures: int, readers: int) -> ReadRate:
    """Read all pictures with the given number of readers."""
    server.control(forget=True)
    began = time.perf_counter()
    with ThreadPoolExecutor(readers) as pool:
        wrong = sum(len(content) != BYTES for content in pool.map(read, range(pictures)))
    seconds = time.perf_counter() - began
    if wrong:
        raise RuntimeError(f"{wrong} of {pictures} pictures have other bytes")
    counts = server.control()["counts"]
    return ReadRate(pictures / seconds, counts["connections"], counts["most at a time"], counts["credentials"])


def ours(number: int) -> bytes:
    """Read a picture as the pipelines do."""
    return picture_bytes(f"{ROOT}/{name(number)}", ROOT)


def client_each(number: int) -> bytes:
    """Read a picture as until 137f6f2, with a client made from its uri."""
    system, path = fs.FileSystem.from_uri(f"{ROOT}/{quote(name(number))}")
    with system.open_input_stream(path) as stream:
        return bytes(stream.read())


def name(number: int) -> str:
    """Return a picture's name, with characters that must be escaped in a URI."""
    return f"{number:05} #%20 图.jpg"


@contextmanager
def store(pictures: int, latency_ms: float, moto: bool) -> Iterator[Loopback]:
    """Run the server with its pictures, with its client's environment, while the block runs."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "bucket" / "pictures").mkdir(parents=True)
        for number in range(pictures):
            (Path(folder) / "bucket" / "pictures" / name(number)).write_bytes(os.urandom(BYTES))
        if not moto:
            with loopback_store(Path(folder), latency_ms) as server, environment(server):
                yield server
            return
        with moto_server(Path(folder)) as upstream, loopback_store(None, latency_ms, upstream) as server, environment(server):
            yield server


@contextmanager
def environment(server: Loopback) -> Iterator[None]:
    """Set the client's variables while the block runs."""
    before = dict(os.environ)
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        os.environ.pop(variable, None)
    os.environ.update(server.environment())
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextmanager
def moto_server(folder: Path) -> Iterator[str]:
    """Run moto's S3 with the pictures in a separate process; yields host:port."""
    program = shutil.which("moto_server")
    if program is None:
        raise SystemExit("moto_server is not on the PATH: pip install 'moto[server]' somewhere, or leave --moto out")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    quiet = subprocess.DEVNULL
    process = subprocess.Popen([program, "-H", "127.0.0.1", "-p", str(port)], stdout=quiet, stderr=quiet)
    try:
        _until_it_listens(port)
        _put(port, "bucket", b"")
        for file in sorted((folder / "bucket" / "pictures").iterdir()):
            _put(port, f"bucket/pictures/{quote(file.name)}", file.read_bytes())
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def _put(port: int, path: str, content: bytes) -> None:
    headers = {"Authorization": SIGNER, "Content-Type": "application/octet-stream"}
    request = urllib.request.Request(f"http://127.0.0.1:{port}/{path}", content, headers, method="PUT")
    urllib.request.urlopen(request, timeout=30).close()


def _until_it_listens(port: int) -> None:
    for _ in range(600):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise SystemExit("moto_server does not listen after a minute")


def compare(pictures: int, readers: int, latency_ms: float, moto: bool) -> tuple[ReadRate, ReadRate]:
    """Measure our way, and a client per picture."""
    with store(pictures, latency_ms, moto) as server:
        each = measure(server, client_each, pictures, readers)
        return measure(server, ours, pictures, readers), each


def main() -> int:
    """Print both; returns 1 if ours is not fast enough, or has more connections than readers."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=240)
    parser.add_argument("--readers", type=int, default=8)
    parser.add_argument("--latency-ms", type=float, default=20)
    parser.add_argument("--moto", action="store_true")
    arguments = parser.parse_args()
    one, each = compare(arguments.pictures, arguments.readers, arguments.latency_ms, arguments.moto)
    print(
        f"{arguments.pictures} pictures, {arguments.readers} readers, {arguments.latency_ms:g} ms, "
        f"{'moto' if arguments.moto else 'own server'}"
    )
    print(f"{'':24}{'pictures/s':>12}{'connections':>13}{'at a time':>11}{'credentials':>13}")
    for label, row in (("one client", one), ("a client each picture", each)):
        print(f"{label:24}{row.pictures_s:>12.1f}{row.connections:>13}{row.at_a_time:>11}{row.credentials:>13}")
    times = one.pictures_s / each.pictures_s
    print(f"{times:.1f} times as fast (expected at least {MIN_SPEEDUP})")
    bounded = one.connections <= arguments.readers + 1  # one for credentials
    return 0 if times >= MIN_SPEEDUP and bounded else 1


if __name__ == "__main__":
    sys.exit(main())
