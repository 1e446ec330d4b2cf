"""Client of OpenAI-compatible servers: sends one request, with retries while the server is busy."""

import http.client
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated
from urllib.error import URLError
from urllib.parse import urlsplit

from pydantic import Field

from pipelines.models.server_http import SUCCESS, BadBody, Reply, Sender
from pipelines.models.server_messages import KeyRedactor
from schemas.errors import SettingsError

BUSY = frozenset({408, 409, 425, 429})
"""Statuses below 500 that are retried."""
NEVER = frozenset({501, 505})
"""Statuses from 500 on that are not retried: the server does not support the request."""
MAX_DOUBLINGS = 30
"""Doublings of the wait between two attempts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Connection to an OpenAI-compatible server (vLLM, SGLang and others)."""

    url: str = "http://127.0.0.1:8000/v1"
    """Base URL; `/chat/completions` is appended."""
    concurrency: Annotated[int, Field(ge=1)] = 8
    """Concurrent requests of one actor."""
    timeout_s: Annotated[float, Field(gt=0)] = 120.0
    """Seconds in which a request must have its complete response, however slowly the server sends it."""
    retries: Annotated[int, Field(ge=0)] = 4
    """Retries of a request after 429, 5xx, a time-out or a broken connection."""
    backoff_s: Annotated[float, Field(ge=0)] = 1.0
    """Seconds before the first retry; doubled for each further one."""
    longest_wait_s: Annotated[float, Field(ge=0)] = 60.0
    """Longest wait in seconds, even if `Retry-After` asks for more."""


class Unavailable(Exception):  # noqa: N818  # temporary, not the fault of the request
    """At every attempt the server was busy, silent or gone."""

    def __init__(self, message: str, status: int | None = None, reached: bool = True) -> None:
        """Keep the status of the last attempt (None: no response), and whether the server accepted the connection."""
        super().__init__(message)
        self.status, self.reached = status, reached


class Unreadable(Exception):  # noqa: N818  # the server's response to this request
    """A successful response whose body is not read: too long, or compressed."""


class RequestRefused(Exception):  # noqa: N818  # the server's response to this request
    """The server rejects this request; a retry would not help."""

    def __init__(self, status: int, message: str) -> None:
        """Keep the status apart from the server's message."""
        super().__init__(f"{status} {message}")
        self.status = status


class _Busy(Exception):  # noqa: N818  # not an error: the request is retried
    """A request that is retried."""

    def __init__(self, detail: str, status: int | None = None, wait_s: float | None = None, reached: bool = True) -> None:
        super().__init__(detail)
        self.status, self.wait_s, self.reached = status, wait_s, reached


class Client:
    """Sends requests to one server. Thread-safe."""

    def __init__(
        self, server: Server, setting: str, api_key: str | None = None, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        """Check the settings; nothing is sent yet.

        Args:
            server: URL, time-outs and retries.
            setting: the dotted name of `server.url` among the job's settings, for the error.
            api_key: sent as a bearer token; it appears in no error message.
            sleep: waits a number of seconds.

        Raises:
            SettingsError: the URL is invalid, or the key has characters that no header may have.
        """
        if not _is_url(server.url):
            raise SettingsError(f"{setting} is '{server.url}', expected http://… or https://… with a host")
        self.server, self._sleep, self._key = server, sleep, _key(api_key)
        self.words = KeyRedactor(self._key)
        """Removes the key from text of the server."""
        self._send = Sender()

    def get(self, path: str) -> bytes:
        """Send one GET of `path` below the base URL, without retries; raises as `post`."""
        try:
            return self._attempt(path, None)
        except _Busy as busy:
            raise Unavailable(str(busy), busy.status, busy.reached) from None

    def post(self, path: str, body: bytes, before: Callable[[], None] = lambda: None, retries: int | None = None) -> bytes:
        """Send a JSON body, with retries; returns the response, with *** in place of an echoed key.

        Args:
            path: below the base URL, such as "chat/completions".
            body: JSON.
            before: called before every attempt; what it raises goes through.
            retries: in place of the server's own.

        Raises:
            Unavailable: 408, 409, 425, 429, 5xx, a time-out or a broken connection, `retries` + 1 times.
            RequestRefused: any other status but success; also redirects, since the key must not be sent elsewhere.
            Unreadable: a successful response whose body is too long or compressed.
        """
        attempt, max_retries = 0, self.server.retries if retries is None else retries
        while True:
            before()
            try:
                return self._attempt(path, body)
            except _Busy as busy:
                if attempt >= max_retries:
                    raise Unavailable(f"{attempt + 1} attempts, the last one: {busy}", busy.status, busy.reached) from busy
                doubled = self.server.backoff_s * 2.0 ** min(attempt, MAX_DOUBLINGS)
                wait = doubled if busy.wait_s is None else busy.wait_s
            self._sleep(min(wait, self.server.longest_wait_s))
            attempt += 1

    def _attempt(self, path: str, body: bytes | None) -> bytes:
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        try:
            reply = self._send(f"{self.server.url.rstrip('/')}/{path}", body, headers, self.server.timeout_s)
        except BadBody as bad:
            raise Unreadable(str(bad)) from None
        except (OSError, http.client.HTTPException) as error:  # time-outs and broken connections are among them
            reached = not isinstance(error, URLError)  # urllib raises it if it cannot connect
            raise _Busy(self.words.line(f"{type(error).__name__}: {error}"), reached=reached) from None
        if reply.status in SUCCESS:
            return self.words.body(reply.body)
        raise self._fault(reply)

    def _fault(self, reply: Reply) -> _Busy | RequestRefused:
        status, message = reply.status, self.words.line(reply.body)
        if (status >= 500 and status not in NEVER) or status in BUSY:
            return _Busy(f"{status} {message}".rstrip(), status, retry_after(reply.headers.get("Retry-After")))
        if reply.headers.get("Location"):
            message = f"redirects to {self.words.line(reply.headers['Location'])}, which is not followed: set the final address"
        return RequestRefused(status, message)


def retry_after(header: str | None) -> float | None:
    """Seconds of a `Retry-After` header; None without one, or if it is a date.

    >>> retry_after("1.5"), retry_after("Wed, 21 Oct 2026 07:28:00 GMT"), retry_after(None)
    (1.5, None, None)
    """
    try:
        wait = float(header or "")
    except ValueError:
        return None
    return max(0.0, wait) if not math.isnan(wait) else None


def _is_url(url: str) -> bool:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    plain = all(c.isprintable() and not c.isspace() for c in url)
    return parts.scheme in ("http", "https") and bool(parts.hostname) and plain


def _key(api_key: str | None) -> str | None:
    key = (api_key or "").strip()
    if not all("!" <= c <= "~" for c in key):
        raise SettingsError("the API key of the environment has a space or another character that no HTTP header may have")
    return key or None
