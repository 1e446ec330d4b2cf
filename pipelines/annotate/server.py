"""Descriptions from an OpenAI-compatible server: one request a picture, some at once, sent again when the server is busy."""

import base64
import hashlib
import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

from pipelines.annotate.answer import UNAVAILABLE, AnnotationError, Answer
from pipelines.annotate.describe import Describe, Shown
from pipelines.annotate.picture import as_jpeg, read_picture
from schemas.errors import SettingsError

BUSY = frozenset({408, 409, 425, 429})
"""Statuses below 500 that another attempt may mend."""
REFUSED, UNREADABLE, EMPTY = "server refused", "server's answer not understood", "empty description"


class _Busy(Exception):  # noqa: N818  # not a fault: the request is sent again
    """A request that another attempt may mend."""

    def __init__(self, detail: str, wait_s: float | None = None) -> None:
        super().__init__(detail)
        self.wait_s = wait_s


class ServerDescriber:
    """One actor's client. The pictures are sent as data URLs: JPEG, the longest side at most `Describe.side`."""

    looks = True

    def __init__(self, settings: Describe, api_key: str | None = None, sleep: Callable[[float], None] = time.sleep) -> None:
        """Keep what requests need; none is sent yet.

        Raises:
            SettingsError: the URL is none.
        """
        if urlsplit(settings.server.url).scheme not in ("http", "https"):
            raise SettingsError(f"describe.server.url is '{settings.server.url}', expected http://… or https://…")
        self._settings, self._api_key, self._sleep = settings, api_key, sleep
        asked = f"{settings.prompt}\n{settings.max_new_tokens}\n{settings.side}"
        self.model = f"{settings.model}@server#{hashlib.sha256(asked.encode()).hexdigest()[:12]}"

    def __call__(self, shown: Sequence[Shown]) -> list[Answer]:
        """A description of each picture.

        Cost: as long as the server takes for its share, `concurrency` at once; memory of as many pictures.
        """
        with ThreadPoolExecutor(self._settings.server.concurrency) as threads:
            return list(threads.map(self._answer, shown))

    def _answer(self, shown: Shown) -> Answer:
        try:
            body = self._request(as_jpeg(read_picture(shown.content or b"", self._settings.side)))
            return Answer(text=described(self._sent(body)))
        except AnnotationError as bad:
            return bad.answer()

    def _request(self, jpeg: bytes) -> bytes:
        url = f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"
        content = [{"type": "image_url", "image_url": {"url": url}}, {"type": "text", "text": self._settings.prompt}]
        asked = {
            "model": self._settings.model,
            "messages": [{"role": "user", "content": content}],
            "max_tokens": self._settings.max_new_tokens,
            "temperature": 0,
        }
        return json.dumps(asked).encode()

    def _sent(self, body: bytes) -> bytes:
        """The server's answer, after as many attempts as it takes."""
        server = self._settings.server
        attempt = 0
        while True:
            try:
                return self._attempt(body)
            except _Busy as busy:
                if attempt == server.retries:
                    raise AnnotationError(UNAVAILABLE, f"{attempt + 1} attempts, at last: {busy}") from busy
                wait = server.backoff_s * 2**attempt if busy.wait_s is None else busy.wait_s
            self._sleep(min(wait, server.longest_wait_s))
            attempt += 1

    def _attempt(self, body: bytes) -> bytes:
        headers = {"Content-Type": "application/json"}
        if self._api_key:
            headers["Authorization"] = f"Bearer {self._api_key}"
        address = self._settings.server.url.rstrip("/") + "/chat/completions"
        request = urllib.request.Request(address, body, headers)  # http or https: checked above
        try:
            with urllib.request.urlopen(request, timeout=self._settings.server.timeout_s) as response:
                return bytes(response.read())
        except urllib.error.HTTPError as error:
            told = f"{error.code} {error.read(300).decode(errors='replace')}"
            if error.code >= 500 or error.code in BUSY:
                raise _Busy(told, _retry_after(error.headers.get("Retry-After"))) from error
            raise AnnotationError(REFUSED, told) from error
        except (OSError, http.client.HTTPException) as error:  # time-outs and broken connections are among them
            raise _Busy(f"{type(error).__name__}: {error}") from error


def described(answer: bytes) -> str:
    """The text in a chat completion.

    Raises:
        AnnotationError: it is no chat completion, or has no text.
    """
    try:
        choice: Mapping[str, Any] = json.loads(answer)["choices"][0]
        text = choice["message"]["content"]
    except (ValueError, LookupError, TypeError) as error:
        told = answer[:200].decode(errors="replace")
        raise AnnotationError(UNREADABLE, f"{type(error).__name__}: {told}") from error
    if not isinstance(text, str) or not text.strip():
        raise AnnotationError(EMPTY, f"finish_reason {choice.get('finish_reason')}")
    return text.strip()


def _retry_after(told: str | None) -> float | None:
    """Seconds that the server asks to wait; a date counts as not said."""
    try:
        return max(0.0, float(told or ""))
    except ValueError:
        return None
