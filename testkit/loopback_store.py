"""An object store on 127.0.0.1 with latency, request counts and injected faults; runs as a separate process.

It implements the parts of S3 and of Google's JSON API that a reader needs, and a credentials endpoint like that of a
container. With --upstream it is a proxy in front of another S3 server (moto's), with the same latency, counts and faults.
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
    """A client's request."""

    method: str
    target: str
    headers: dict[str, str]
    raw: bytes


@dataclass(slots=True)
class Store:
    """State of the store: objects, current faults, counts."""

    objects: dict[str, bytes] = field(default_factory=dict)
    """Contents by bucket/key."""
    latency_s: float = 0.0
    upstream: tuple[str, int] | None = None
    faults: dict[str, Any] = field(default_factory=dict)
    """kind (a status, "reset", "hang", "half"), with `count` requests or `until` a time; empty: no faults."""
    counts: Counter[str] = field(default_factory=Counter)
    seen: list[str] = field(default_factory=list)
    """Method, target and status of the last requests."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
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
        status, body, headers = self._lookup(request)
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

    def _lookup(self, request: Request) -> tuple[int, bytes, dict[str, str]]:
        split = urlsplit(request.target)
        if split.path.startswith(("/storage/v1/b/", "/download/storage/v1/b/")):
            return self._google(split.path.split("/b/", 1)[1], "alt=media" in split.query)
        content = self.objects.get(unquote(split.path.lstrip("/")))
        if content is None:
            return 404, b"" if request.method == "HEAD" else _error(404), {}
        range_header = request.headers.get("range")
        if range_header is None:
            return 200, content, {"ETag": '"x"'}
        first, _, last = range_header.removeprefix("bytes=").partition("-")
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
        metadata = {"kind": "storage#object", "name": name, "bucket": bucket, "generation": "1", "size": str(len(content))}
        return 200, json.dumps(metadata).encode(), {"Content-Type": "application/json"}

    def _controlled(self, request: Request) -> bytes:
        command = json.loads(request.raw.split(b"\r\n\r\n", 1)[1] or b"{}")
        if "faults" in command:
            self.faults = dict(command["faults"])
            if "seconds" in self.faults:
                self.faults["until"] = time.monotonic() + self.faults["seconds"]
        answer = json.dumps({"counts": self.counts, "seen": self.seen}).encode()
        if command.get("forget"):
            self.counts, self.seen = Counter(open=self.counts["open"]), []
        return answer


class _Reset(Exception):  # noqa: N818
    """Raised to reset the connection."""


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
    """Forward a request over this connection's own connection to the upstream server, and return its answer."""
    for attempt in (1, 2):
        reader, sender = onward or await asyncio.open_connection(*upstream)
        try:
            sender.write(request.raw)
            head = await reader.readuntil(b"\r\n\r\n")
            break
        except (ConnectionError, asyncio.IncompleteReadError):  # the upstream server has closed an idle connection
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
    """A running store, for the process that started it."""

    port: int

    @property
    def endpoint(self) -> str:
        """Address as host:port."""
        return f"127.0.0.1:{self.port}"

    def environment(self) -> dict[str, str]:
        """Environment that makes a client use it as S3 and Google Cloud Storage, and fetch credentials from it."""
        return {
            "AWS_ENDPOINT_URL": f"http://{self.endpoint}",
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"http://{self.endpoint}{CREDENTIALS}",
            "AWS_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "CLOUD_STORAGE_EMULATOR_ENDPOINT": f"http://{self.endpoint}",
        }

    def control(self, **command: Any) -> dict[str, Any]:
        """Set `faults`, or reset counts (`forget`); returns counts and the last requests."""
        request = urllib.request.Request(f"http://{self.endpoint}{CONTROL}", json.dumps(command).encode(), method="POST")
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)


@contextmanager
def loopback_store(folder: Path | None = None, latency_ms: float = 0, upstream: str | None = None) -> Iterator[Loopback]:
    """Run a store in a separate process while the block runs.

    Args:
        folder: its objects, as folder/bucket/key.
        latency_ms: latency of each answer.
        upstream: host:port of another S3 server to forward requests to.
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
    arguments = parser.parse_args()
    files = [path for path in arguments.folder.rglob("*") if path.is_file()] if arguments.folder else []
    host, _, number = (arguments.upstream or "").partition(":")
    asyncio.run(
        _main(
            Store(
                objects={str(path.relative_to(arguments.folder)): path.read_bytes() for path in files},
                latency_s=arguments.latency_ms / 1000,
                upstream=(host, int(number)) if arguments.upstream else None,
            )
        )
    )
