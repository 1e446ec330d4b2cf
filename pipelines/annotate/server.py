"""Descriptions from an OpenAI-compatible server: one request a picture, some at once, sent again when the server is busy."""

import base64
import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from pipelines.annotate.answer import UNAVAILABLE, AnnotationError, Answer
from pipelines.annotate.describe import Describe, Shown
from pipelines.annotate.picture import as_jpeg, read_picture
from pipelines.server import Client, Refused, Unavailable, Unreadable
from pipelines.strict_json import parsed

TOLD = 2000
"""Bytes of an answer that is not understood; the message is cut once the key is out of it."""
REFUSED, UNREADABLE, EMPTY = "server refused", "server's answer not understood", "empty description"


class ServerDescriber:
    """One actor's client. The pictures are sent as data URLs: JPEG, the longest side at most `Describe.side`."""

    looks = True

    def __init__(self, settings: Describe, api_key: str | None = None, sleep: Callable[[float], None] = time.sleep) -> None:
        """Keep what requests need; none is sent yet.

        Raises:
            SettingsError: the URL is none.
        """
        self._settings, self._client = settings, Client(settings.server, "describe.server.url", api_key, sleep)
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
            text = self._client.words.without_key(described(self._sent(body)))
            return Answer(text=text.encode(errors="replace").decode())  # JSON may spell half a character
        except AnnotationError as bad:
            return AnnotationError(bad.reason, self._client.words.line(bad.detail)).answer()

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
        try:
            return self._client.post("chat/completions", body)
        except Unavailable as away:
            raise AnnotationError(UNAVAILABLE, str(away)) from away
        except Refused as refusal:
            raise AnnotationError(REFUSED, str(refusal)) from refusal
        except Unreadable as bad:
            raise AnnotationError(UNREADABLE, str(bad)) from bad


def described(answer: bytes) -> str:
    """The text in a chat completion.

    Raises:
        AnnotationError: it is no chat completion, or has no text.
    """
    try:
        choice: Mapping[str, Any] = parsed(answer)["choices"][0]
        text = choice["message"]["content"]
    except (ValueError, LookupError, TypeError) as error:
        found = answer[:TOLD].decode(errors="replace")
        raise AnnotationError(UNREADABLE, f"{type(error).__name__}: {found}") from error
    if not isinstance(text, str) or not text.strip():
        raise AnnotationError(EMPTY, f"finish_reason {choice.get('finish_reason')}")
    return text.strip()
