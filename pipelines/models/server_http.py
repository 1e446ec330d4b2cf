"""One HTTP request to a server that nobody vouches for: a deadline, a bounded body, no redirects, nothing unpacked."""

import http.client
import socket
import ssl
import urllib.request
from email.message import Message
from functools import partial
from threading import Lock, Timer
from typing import Any, NamedTuple

MOST_BYTES = 1 << 20
"""Of a body. A completion of one token with its 20 best has 3 kB, a list of 400 models some 500 kB."""
SUCCESS = range(200, 300)


class Reply(NamedTuple):
    """What came back, whatever its status."""

    status: int
    headers: Message
    body: bytes


class BadBody(Exception):  # noqa: N818  # an answer that came and is not taken
    """A successful answer whose body is too long, or packed in a way that was not asked for."""


class Sender:
    """Sends requests with urllib, so proxies of the environment hold. Several threads may use it at once."""

    def __init__(self) -> None:
        """TLS certificates are read once."""
        context = ssl.create_default_context()
        context.set_alpn_protocols(["http/1.1"])
        self._opener = urllib.request.build_opener(_AsItIs, _Http, _Https(context=context))

    def __call__(self, url: str, body: bytes | None, headers: dict[str, str], timeout_s: float) -> Reply:
        """The answer to a GET, or to a POST where there is a body. A redirect is an answer like any other.

        Raises:
            BadBody: a success with a body of more than MOST_BYTES or with a Content-Encoding; no more than that is read.
            OSError: no connection, or no whole answer within `timeout_s`, however the server drips.
            http.client.HTTPException: no HTTP, or a body that ends before its time.
        """
        request = _Request(url, body, headers)  # http or https: the client checks
        request.watch = _Watch(timeout_s)
        try:
            with self._opener.open(request, timeout=timeout_s) as response:
                reply = Reply(response.status, response.headers, _body(response))
        except (OSError, http.client.HTTPException):
            if not request.watch.late:
                raise
        finally:
            request.watch.end()
        if request.watch.late:  # a header that breaks off looks like a whole one to http.client
            raise TimeoutError(f"no whole answer within {timeout_s:g} s")
        return reply


class _Watch:
    """Breaks the connections of one request at its deadline: a socket's own time-out begins anew with every byte."""

    def __init__(self, seconds: float) -> None:
        self.late = False
        self._lock, self._sockets = Lock(), list[socket.socket]()
        self._timer = Timer(seconds, self._break)
        self._timer.daemon = True
        self._timer.start()

    def connect(self, *arguments: Any, **options: Any) -> socket.socket:  # noqa: ANN401
        """As socket.create_connection. A second handle reaches the connection also once TLS has taken over the first."""
        made = socket.create_connection(*arguments, **options)
        with self._lock:
            self._sockets.append(made.dup())
        if self.late:
            self._break()
        return made

    def end(self) -> None:
        self._timer.cancel()
        with self._lock:
            for handle in self._sockets:
                handle.close()
            self._sockets.clear()

    def _break(self) -> None:
        self.late = True
        with self._lock:
            for handle in self._sockets:
                try:
                    handle.shutdown(socket.SHUT_RDWR)
                except OSError:  # the server was quicker
                    continue


class _Request(urllib.request.Request):
    watch: _Watch


def _watched(kind: type[http.client.HTTPConnection], watch: _Watch, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401
    connection = kind(*arguments, **options)
    connection._create_connection = watch.connect  # type: ignore[attr-defined]
    return connection


class _Http(urllib.request.HTTPHandler):
    def http_open(self, req: Any) -> http.client.HTTPResponse:  # noqa: ANN401
        return self.do_open(partial(_watched, http.client.HTTPConnection, req.watch), req)


class _Https(urllib.request.HTTPSHandler):
    def https_open(self, req: Any) -> http.client.HTTPResponse:  # noqa: ANN401
        kind = partial(_watched, http.client.HTTPSConnection, req.watch)
        return self.do_open(kind, req, context=self._context)  # type: ignore[attr-defined]


class _AsItIs(urllib.request.HTTPErrorProcessor):
    """No status is an exception, and none is followed elsewhere: urllib would send the key on to wherever it is sent."""

    def http_response(self, request: Any, response: Any) -> Any:  # noqa: ANN401
        return response

    https_response = http_response


def _body(response: Any) -> bytes:  # noqa: ANN401  # HTTPResponse; urllib's stubs say less
    if response.status not in SUCCESS:
        return bytes(response.read(MOST_BYTES))
    packed = response.headers.get("Content-Encoding", "identity").strip().lower()
    if packed not in ("", "identity"):
        raise BadBody(f"Content-Encoding is '{packed[:20]}', which was not asked for")
    if response.length is not None and response.length > MOST_BYTES:
        raise BadBody(f"a body of more than {MOST_BYTES:,} bytes (Content-Length)")
    body = bytes(response.read(MOST_BYTES + 1))
    if len(body) > MOST_BYTES:
        raise BadBody(f"a body of more than {MOST_BYTES:,} bytes")
    if response.length:  # read(n) does not say so itself
        raise http.client.IncompleteRead(body, response.length)
    return body
