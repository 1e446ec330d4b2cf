"""An object store on 127.0.0.1 that answers late, counts, and fails when it is asked to: a process of its own.

It speaks as much of S3 and of Google's JSON interface as a reader needs, and gives out credentials as a container's endpoint
does. With --upstream it is a proxy in front of another S3 server (moto's), to which the same holds.
"""

import argparse
import asyncio
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

CREDENTIALS, CONTROL = "/credentials", "/_control"
KEYS = {
    "AccessKeyId": "AKIALOOPBACK",
    "SecretAccessKey": "loopback",
    "Token": "token",
    "Expiration": "2099-01-01T00:00:00Z",
}


class Request(NamedTuple):
    """What a client sent."""

    method: str
    target: str
    headers: dict[str, str]
    raw: bytes


@dataclass(slots=True)
class Store:
    """What it serves, how it fails now, and what it has counted."""

    objects: dict[str, bytes] = field(default_factory=dict)
    """bucket/key -> bytes."""
    latency_s: float = 0.0
    upstream: tuple[str, int] | None = None
    faults: dict[str, Any] = field(default_factory=dict)
    """kind (a status, "reset", "hang", "half"), and how many requests or `until` when; empty: none."""
    counts: Counter[str] = field(default_factory=Counter)
    seen: list[str] = field(default_factory=list)
    """Methods, targets and statuses of the last requests."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        counted = False
        onward = None
        try:
            while (request := await _request(reader)) is not None:
                if request.target.startswith(CONTROL):
                    writer.write(_response(200, self._controlled(request)))
                    continue
                if not counted:
                    self.counts["connections"] += 1
                    self.counts["open"] += 1
                    self.counts["most at a time"] = max(self.counts["most at a time"], self.counts["open"])
                    counted = True
                    await asyncio.sleep(self.latency_s)  # the round trip of a new connection
                await asyncio.sleep(self.latency_s)
                onward = await self._answer(request, writer, onward)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, _Reset):
            pass
        finally:
            self.counts["open"] -= counted
            for stream in (writer, onward[1] if onward else None):
                if stream is not None:
                    stream.transport.abort()

    async def _answer(self, request: Request, writer: asyncio.StreamWriter, onward: Any) -> Any:
        if request.target.startswith(CREDENTIALS):
            self.counts["credentials"] += 1
            writer.write(_response(200, json.dumps(KEYS).encode()))
            return onward
        self.counts["requests"] += 1
        kind = self._fault()
        if kind == "reset":
            raise _Reset
        if kind == "hang":
            await asyncio.sleep(3600)
        if isinstance(kind, int):
            self._note(request, kind)
            writer.write(_response(kind, b"" if request.method == "HEAD" else _error(kind), request.method))
            return onward
        if self.upstream:
            return await _forwarded(self.upstream, request, writer, onward)
        status, body, headers = self._found(request)
        self._note(request, status)
        whole = _response(status, body, request.method, headers)
        if kind == "half" and request.method == "GET":
            writer.write(whole[: len(whole) - len(body) // 2])
            await writer.drain()
            raise _Reset
        writer.write(whole)
        return onward

    def _note(self, request: Request, status: int) -> None:
        self.seen = [*self.seen[-999:], f"{request.method} {request.target} {status}"]

    def _fault(self) -> Any:
        left = self.faults.get("count", 0)
        if left > 0:
            self.faults["count"] = left - 1
        elif time.monotonic() >= self.faults.get("until", 0):
            return None
        self.counts["faults"] += 1
        return self.faults["kind"]

    def _found(self, request: Request) -> tuple[int, bytes, dict[str, str]]:
        split = urlsplit(request.target)
        if split.path.startswith(("/storage/v1/b/", "/download/storage/v1/b/")):
            return self._google(split.path.split("/b/", 1)[1], "alt=media" in split.query)
        content = self.objects.get(unquote(split.path.lstrip("/")))
        if content is None:
            return 404, b"" if request.method == "HEAD" else _error(404), {}
        asked = request.headers.get("range")
        if asked is None:
            return 200, content, {"ETag": '"x"'}
        first, _, last = asked.removeprefix("bytes=").partition("-")
        if int(first) >= len(content):
            return 416, _error(416), {}
        part = content[int(first) : int(last) + 1 if last else None]
        place = f"bytes {first}-{int(first) + len(part) - 1}/{len(content)}"
        return 206, part, {"ETag": '"x"', "Content-Range": place}

    def _google(self, place: str, media: bool) -> tuple[int, bytes, dict[str, str]]:
        bucket, _, name = place.partition("/o/")
        name = unquote(name)
        content = self.objects.get(f"{bucket}/{name}")
        if content is None:
            return 404, b'{"error": {"code": 404, "message": "No such object"}}', {}
        if media:
            return 200, content, {"x-goog-generation": "1"}
        told = {"kind": "storage#object", "name": name, "bucket": bucket, "generation": "1", "size": str(len(content))}
        return 200, json.dumps(told).encode(), {"Content-Type": "application/json"}

    def _controlled(self, request: Request) -> bytes:
        asked = json.loads(request.raw.split(b"\r\n\r\n", 1)[1] or b"{}")
        if "faults" in asked:
            self.faults = dict(asked["faults"])
            if "seconds" in self.faults:
                self.faults["until"] = time.monotonic() + self.faults["seconds"]
        told = json.dumps({"counts": self.counts, "seen": self.seen}).encode()
        if asked.get("forget"):
            self.counts, self.seen = Counter(open=self.counts["open"]), []
        return told


class _Reset(Exception):  # noqa: N818
    """The connection is broken off."""


async def _request(reader: asyncio.StreamReader) -> Request | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    method, target, _ = first.split(" ", 2)
    return Request(method, target, headers, head + body)


async def _forwarded(upstream: tuple[str, int], request: Request, writer: asyncio.StreamWriter, onward: Any) -> Any:
    """The request goes on over this connection's own way to the other server, and its answer back."""
    for attempt in (1, 2):
        reader, sender = onward or await asyncio.open_connection(*upstream)
        try:
            sender.write(request.raw)
            head = await reader.readuntil(b"\r\n\r\n")
            break
        except (ConnectionError, asyncio.IncompleteReadError):  # the other server has ended an idle connection
            onward = None
            if attempt == 2:
                raise
    lines = head.decode("latin-1").lower().split("\r\n")
    length = next((int(line.split(":", 1)[1]) for line in lines if line.startswith("content-length:")), 0)
    bare = request.method == "HEAD" or b" 204 " in head[:16] or b" 304 " in head[:16]
    body = b"" if bare else await reader.readexactly(length)
    ends = any(line.replace(" ", "") == "connection:close" for line in lines)
    writer.write(b"\r\n".join(line for line in head.split(b"\r\n") if not line.lower().startswith(b"connection:")) + body)
    if ends:
        sender.transport.abort()
        return None
    return reader, sender


def _response(status: int, body: bytes, method: str = "GET", headers: Mapping[str, str] | None = None) -> bytes:
    lines = [f"HTTP/1.1 {status} -", f"Content-Length: {len(body)}", *(f"{k}: {v}" for k, v in (headers or {}).items())]
    if status < 300:
        lines.append("Last-Modified: Sun, 01 Nov 2026 00:00:00 GMT")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + (b"" if method == "HEAD" else body)


def _error(status: int) -> bytes:
    code = {403: "AccessDenied", 404: "NoSuchKey", 416: "InvalidRange", 503: "SlowDown"}.get(status, "InternalError")
    return f'<?xml version="1.0"?><Error><Code>{code}</Code><Message>as asked</Message></Error>'.encode()


@dataclass(frozen=True, slots=True)
class Loopback:
    """A running store, as its starter sees it."""

    port: int

    @property
    def endpoint(self) -> str:
        """host:port."""
        return f"127.0.0.1:{self.port}"

    def environment(self) -> dict[str, str]:
        """Of a client whose S3 and Google Cloud Storage this is; credentials come from here, too."""
        return {
            "AWS_ENDPOINT_URL": f"http://{self.endpoint}",
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"http://{self.endpoint}{CREDENTIALS}",
            "AWS_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "CLOUD_STORAGE_EMULATOR_ENDPOINT": f"http://{self.endpoint}",
        }

    def control(self, **asked: Any) -> dict[str, Any]:
        """Set `faults`, `forget` what was counted; answers with counts and the last requests."""
        request = urllib.request.Request(f"http://{self.endpoint}{CONTROL}", json.dumps(asked).encode(), method="POST")
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)


@contextmanager
def loopback_store(folder: Path | None = None, latency_ms: float = 0, upstream: str | None = None) -> Iterator[Loopback]:
    """A store in a process of its own while the block runs.

    Args:
        folder: its objects: folder/bucket/key.
        latency_ms: of each answer.
        upstream: host:port of another S3 server, to which all goes on.
    """
    command = [sys.executable, "-m", "testkit.loopback_store", "--latency-ms", str(latency_ms)]
    command += ["--folder", str(folder)] if folder else []
    command += ["--upstream", upstream] if upstream else []
    root = Path(__file__).resolve().parent.parent
    process = subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield Loopback(int(process.stdout.readline()))
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


async def _main(store: Store) -> None:
    server = await asyncio.start_server(store.serve, "127.0.0.1", 0, limit=1 << 24)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--latency-ms", type=float, default=0)
    parser.add_argument("--upstream")
    given = parser.parse_args()
    files = [path for path in given.folder.rglob("*") if path.is_file()] if given.folder else []
    host, _, number = (given.upstream or "").partition(":")
    asyncio.run(
        _main(
            Store(
                objects={str(path.relative_to(given.folder)): path.read_bytes() for path in files},
                latency_s=given.latency_ms / 1000,
                upstream=(host, int(number)) if given.upstream else None,
            )
        )
    )
