"""A client of OpenAI-compatible servers: one request, sent again while the server is busy. For every step that asks one."""

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
from pipelines.models.server_messages import Words
from schemas.errors import SettingsError

BUSY = frozenset({408, 409, 425, 429})
"""Statuses below 500 that another attempt may mend."""
NEVER = frozenset({501, 505})
"""Statuses from 500 on that say what the server cannot do, however often it is asked."""
MOST_DOUBLINGS = 30
"""Of the wait between two attempts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """How an OpenAI-compatible server is asked (vLLM, SGLang and others)."""

    url: str = "http://127.0.0.1:8000/v1"
    """Its base; `/chat/completions` is added."""
    concurrency: Annotated[int, Field(ge=1)] = 8
    """Requests of one actor that are under way at once."""
    timeout_s: Annotated[float, Field(gt=0)] = 120.0
    """Seconds within which a request must have its whole answer; however slowly the server drips, it is given up then."""
    retries: Annotated[int, Field(ge=0)] = 4
    """How often a request is sent again after 429, 5xx, a time-out or a broken connection."""
    backoff_s: Annotated[float, Field(ge=0)] = 1.0
    """Seconds before the first retry; doubled for each further one."""
    longest_wait_s: Annotated[float, Field(ge=0)] = 60.0
    """No wait is longer, whatever `Retry-After` says."""


class Unavailable(Exception):  # noqa: N818  # lies with the hour, not with what was asked
    """Every attempt found the server busy, silent or gone."""

    def __init__(self, words: str, status: int | None = None, reached: bool = True) -> None:
        """Keep the status of the last attempt, None where no answer came at all, and whether anybody took the request."""
        super().__init__(words)
        self.status, self.reached = status, reached


class Unreadable(Exception):  # noqa: N818  # the server's answer to this one request
    """A success whose body is not read: too long, or packed."""


class Refused(Exception):  # noqa: N818  # the server's answer to this one request
    """The server does not take this request; another attempt would not mend it."""

    def __init__(self, status: int, words: str) -> None:
        """Keep the status apart from what the server said."""
        super().__init__(f"{status} {words}")
        self.status = status


class _Busy(Exception):  # noqa: N818  # not a fault: the request is sent again
    """A request that another attempt may mend."""

    def __init__(self, detail: str, status: int | None = None, wait_s: float | None = None, reached: bool = True) -> None:
        super().__init__(detail)
        self.status, self.wait_s, self.reached = status, wait_s, reached


class Client:
    """Sends requests to one server. Several threads may use it at once."""

    def __init__(
        self, server: Server, setting: str, api_key: str | None = None, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        """Keep what requests need; none is sent yet.

        Args:
            server: where and how.
            setting: the dotted name of `server.url` among the job's settings, for the error.
            api_key: sent as a bearer token; it stands in no message of an error.
            sleep: waits so many seconds.

        Raises:
            SettingsError: the URL is none, or the key has characters that no header may have.
        """
        if not _is_url(server.url):
            raise SettingsError(f"{setting} is '{server.url}', expected http://… or https://… with a host")
        self.server, self._sleep, self._key = server, sleep, _key(api_key)
        self.words = Words(self._key)
        """Takes the key out of what the server has said."""
        self._send = Sender()

    def get(self, path: str) -> bytes:
        """The answer to one GET of `path` below the base, without a second attempt; raises as `post`."""
        try:
            return self._attempt(path, None)
        except _Busy as busy:
            raise Unavailable(str(busy), busy.status, busy.reached) from None

    def post(self, path: str, body: bytes, before: Callable[[], None] = lambda: None, retries: int | None = None) -> bytes:
        """The answer to a JSON body, after as many attempts as it takes; where it repeats the key, *** stands.

        Args:
            path: below the base, such as "chat/completions".
            body: JSON.
            before: called before every attempt; what it raises goes through.
            retries: in place of the server's own.

        Raises:
            Unavailable: 408, 409, 425, 429, 5xx, a time-out or a broken connection, `retries` + 1 times.
            Refused: any other status that is no success; a redirect is one, since a key must not follow it.
            Unreadable: a success whose body is too long or packed.
        """
        attempt, most = 0, self.server.retries if retries is None else retries
        while True:
            before()
            try:
                return self._attempt(path, body)
            except _Busy as busy:
                if attempt >= most:
                    raise Unavailable(f"{attempt + 1} attempts, at last: {busy}", busy.status, busy.reached) from busy
                doubled = self.server.backoff_s * 2.0 ** min(attempt, MOST_DOUBLINGS)
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
            reached = not isinstance(error, URLError)  # urllib's own, of whom it could not connect to
            raise _Busy(self.words.line(f"{type(error).__name__}: {error}"), reached=reached) from None
        if reply.status in SUCCESS:
            return self.words.body(reply.body)
        raise self._fault(reply)

    def _fault(self, reply: Reply) -> _Busy | Refused:
        status, words = reply.status, self.words.line(reply.body)
        if (status >= 500 and status not in NEVER) or status in BUSY:
            return _Busy(f"{status} {words}".rstrip(), status, retry_after(reply.headers.get("Retry-After")))
        if reply.headers.get("Location"):
            words = (
                f"redirects to {self.words.line(reply.headers['Location'])}, where no request is sent: name the final address"
            )
        return Refused(status, words)


def retry_after(header: str | None) -> float | None:
    """Seconds that the server asks to wait; a date counts as not said.

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
