"""One HTTP request to an untrusted server: total deadline, bounded body, no redirects, no decompression."""

import http.client
import socket
import ssl
import urllib.request
from email.message import Message
from functools import partial
from threading import Lock, Timer
from typing import Any, NamedTuple

MAX_BODY_BYTES = 1 << 20
"""A completion of one token with its 20 best has 3 kB, a list of 400 models some 500 kB."""
SUCCESS = range(200, 300)


class Reply(NamedTuple):
    """A response of any status."""

    status: int
    headers: Message
    body: bytes


class BadBody(Exception):  # noqa: N818  # a response that is not accepted
    """A successful response whose body is too long, or compressed though it was not requested."""


class Sender:
    """Sends requests with urllib, so that proxies of the environment apply. Thread-safe."""

    def __init__(self) -> None:
        """Read the TLS certificates once."""
        context = ssl.create_default_context()
        context.set_alpn_protocols(["http/1.1"])
        self._opener = urllib.request.build_opener(_AnyStatus, _Http, _Https(context=context))

    def __call__(self, url: str, body: bytes | None, headers: dict[str, str], timeout_s: float) -> Reply:
        """Send a GET, or a POST if there is a body. A redirect is a response like any other.

        Raises:
            BadBody: a success with a body of more than MAX_BODY_BYTES or with a Content-Encoding; no more than that is read.
            OSError: no connection, or no complete response within `timeout_s`, however slowly the server sends.
            http.client.HTTPException: not HTTP, or an incomplete body.
        """
        request = _Request(url, body, headers)  # http or https: the client checks
        request.deadline = _Deadline(timeout_s)
        try:
            with self._opener.open(request, timeout=timeout_s) as response:
                reply = Reply(response.status, response.headers, _body(response))
        except (OSError, http.client.HTTPException):
            if not request.deadline.passed:
                raise
        finally:
            request.deadline.end()
        if request.deadline.passed:  # to http.client an incomplete header looks like a complete one
            raise TimeoutError(f"no complete response within {timeout_s:g} s")
        return reply


class _Deadline:
    """Closes the connections of one request at its deadline: a socket's own time-out starts again with every byte."""

    def __init__(self, seconds: float) -> None:
        self.passed = False
        self._lock, self._sockets = Lock(), list[socket.socket]()
        self._timer = Timer(seconds, self._break)
        self._timer.daemon = True
        self._timer.start()

    def connect(self, *arguments: Any, **options: Any) -> socket.socket:  # noqa: ANN401
        """As socket.create_connection. Keeps a second handle, because TLS takes over the first."""
        connection = socket.create_connection(*arguments, **options)
        with self._lock:
            self._sockets.append(connection.dup())
        if self.passed:
            self._break()
        return connection

    def end(self) -> None:
        self._timer.cancel()
        with self._lock:
            for handle in self._sockets:
                handle.close()
            self._sockets.clear()

    def _break(self) -> None:
        self.passed = True
        with self._lock:
            for handle in self._sockets:
                try:
                    handle.shutdown(socket.SHUT_RDWR)
                except OSError:  # the server has closed it already
                    continue


class _Request(urllib.request.Request):
    deadline: _Deadline


def _with_deadline(kind: type[http.client.HTTPConnection], deadline: _Deadline, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401
    connection = kind(*arguments, **options)
    connection._create_connection = deadline.connect  # type: ignore[attr-defined]
    return connection


class _Http(urllib.request.HTTPHandler):
    def http_open(self, req: Any) -> http.client.HTTPResponse:  # noqa: ANN401
        return self.do_open(partial(_with_deadline, http.client.HTTPConnection, req.deadline), req)


class _Https(urllib.request.HTTPSHandler):
    def https_open(self, req: Any) -> http.client.HTTPResponse:  # noqa: ANN401
        kind = partial(_with_deadline, http.client.HTTPSConnection, req.deadline)
        return self.do_open(kind, req, context=self._context)  # type: ignore[attr-defined]


class _AnyStatus(urllib.request.HTTPErrorProcessor):
    """Turns no status into an exception and follows no redirect: urllib would send the key on to the new address."""

    def http_response(self, request: Any, response: Any) -> Any:  # noqa: ANN401
        return response

    https_response = http_response


def _body(response: Any) -> bytes:  # noqa: ANN401  # HTTPResponse; urllib's stubs are incomplete
    if response.status not in SUCCESS:
        return bytes(response.read(MAX_BODY_BYTES))
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ("", "identity"):
        raise BadBody(f"Content-Encoding is '{encoding[:20]}', which was not requested")
    if response.length is not None and response.length > MAX_BODY_BYTES:
        raise BadBody(f"a body of more than {MAX_BODY_BYTES:,} bytes (Content-Length)")
    body = bytes(response.read(MAX_BODY_BYTES + 1))
    if len(body) > MAX_BODY_BYTES:
        raise BadBody(f"a body of more than {MAX_BODY_BYTES:,} bytes")
    if response.length:  # read(n) does not raise it
        raise http.client.IncompleteRead(body, response.length)
    return body
