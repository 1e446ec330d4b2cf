"""A client of OpenAI-compatible servers: one request, sent again while the server is busy. For every step that asks one."""

import http.client
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Annotated, Any
from urllib.parse import urlsplit

from pydantic import Field

from schemas.errors import SettingsError

BUSY = frozenset({408, 409, 425, 429})
"""Statuses below 500 that another attempt may mend."""
TOLD = 300
"""Bytes of a refusal that are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """How an OpenAI-compatible server is asked (vLLM, SGLang and others)."""

    url: str = "http://127.0.0.1:8000/v1"
    """Its base; `/chat/completions` is added."""
    concurrency: Annotated[int, Field(ge=1)] = 8
    """Requests of one actor that are under way at once."""
    timeout_s: Annotated[float, Field(gt=0)] = 120.0
    """Seconds without a word from the server after which a request is given up."""
    retries: Annotated[int, Field(ge=0)] = 4
    """How often a request is sent again after 429, 5xx, a time-out or a broken connection."""
    backoff_s: Annotated[float, Field(ge=0)] = 1.0
    """Seconds before the first retry; doubled for each further one."""
    longest_wait_s: Annotated[float, Field(ge=0)] = 60.0
    """No wait is longer, whatever `Retry-After` says."""


class Unavailable(Exception):  # noqa: N818  # lies with the hour, not with what was asked
    """Every attempt found the server busy, silent or gone."""


class Refused(Exception):  # noqa: N818  # the server's answer to this one request
    """The server does not take this request; another attempt would not mend it."""

    def __init__(self, status: int, told: str) -> None:
        """Keep the status apart from what the server said."""
        super().__init__(f"{status} {told}")
        self.status = status


class _Busy(Exception):  # noqa: N818  # not a fault: the request is sent again
    """A request that another attempt may mend."""

    def __init__(self, detail: str, wait_s: float | None = None) -> None:
        super().__init__(detail)
        self.wait_s = wait_s


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
            SettingsError: the URL is none.
        """
        if urlsplit(server.url).scheme not in ("http", "https"):
            raise SettingsError(f"{setting} is '{server.url}', expected http://… or https://…")
        self.server, self._api_key, self._sleep = server, api_key, sleep
        self._opener = urllib.request.build_opener(_NoRedirects)

    def get(self, path: str) -> bytes:
        """The answer to one GET of `path` below the base, without a second attempt; raises as `post`."""
        try:
            return self._attempt(path, None)
        except _Busy as busy:
            raise Unavailable(str(busy)) from None

    def post(self, path: str, body: bytes, before: Callable[[], None] = lambda: None) -> bytes:
        """The answer to a JSON body, after as many attempts as it takes.

        Args:
            path: below the base, such as "chat/completions".
            body: JSON.
            before: called before every attempt; what it raises goes through.

        Raises:
            Unavailable: 408, 409, 425, 429, 5xx, a time-out or a broken connection, `retries` + 1 times.
            Refused: any other status that is no success; a redirect is one, since a key must not follow it.
        """
        attempt = 0
        while True:
            before()
            try:
                return self._attempt(path, body)
            except _Busy as busy:
                if attempt == self.server.retries:
                    raise Unavailable(f"{attempt + 1} attempts, at last: {busy}") from busy
                wait = self.server.backoff_s * 2**attempt if busy.wait_s is None else busy.wait_s
            self._sleep(min(wait, self.server.longest_wait_s))
            attempt += 1

    def _attempt(self, path: str, body: bytes | None) -> bytes:
        headers = {"Content-Type": "application/json"}
        if self._api_key:
            headers["Authorization"] = f"Bearer {self._api_key}"
        request = urllib.request.Request(f"{self.server.url.rstrip('/')}/{path}", body, headers)  # http or https: checked
        try:
            with self._opener.open(request, timeout=self.server.timeout_s) as response:
                return bytes(response.read())
        except urllib.error.HTTPError as error:
            told = self._without_key(_read(error))
            if error.code >= 500 or error.code in BUSY:
                raise _Busy(f"{error.code} {told}", retry_after(error.headers.get("Retry-After"))) from None
            raise Refused(error.code, told) from None
        except (OSError, http.client.HTTPException) as error:  # time-outs and broken connections are among them
            raise _Busy(self._without_key(f"{type(error).__name__}: {error}")) from None

    def _without_key(self, told: str) -> str:
        return told.replace(self._api_key, "***") if self._api_key else told


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """urllib would send the key on to wherever it is sent."""

    def redirect_request(self, req: Any, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str) -> None:  # noqa: ANN401
        return None


def retry_after(told: str | None) -> float | None:
    """Seconds that the server asks to wait; a date counts as not said.

    >>> retry_after("1.5"), retry_after("Wed, 21 Oct 2026 07:28:00 GMT"), retry_after(None)
    (1.5, None, None)
    """
    try:
        wait = float(told or "")
    except ValueError:
        return None
    return max(0.0, wait) if wait == wait else None


def _read(error: urllib.error.HTTPError) -> str:
    try:
        return error.read(TOLD).decode(errors="replace")
    except (OSError, http.client.HTTPException) as broken:
        return type(broken).__name__
