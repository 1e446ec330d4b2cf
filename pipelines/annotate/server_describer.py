"""Descriptions from an OpenAI-compatible server: one request a picture, some at once, sent again when the server is busy."""

import base64
import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np

from pipelines.annotate.annotation import UNAVAILABLE, AnnotationError, Answer
from pipelines.annotate.load_describer import Describe, Shown
from pipelines.annotate.picture_pixels import as_jpeg, read_picture
from pipelines.items.failure_reasons import Reason
from pipelines.media.decode import BadPicture
from pipelines.models.openai_client import Client, Refused, Unavailable, Unreadable
from pipelines.models.server_probe import BROKEN, EYES, FAULTS, cause, ignores_pictures, without_pictures
from pipelines.models.strict_json import parsed
from schemas.errors import SettingsError

TOLD = 2000
"""Bytes of an answer that is not understood; the message is cut once the key is out of it."""
REFUSED, UNREADABLE, EMPTY = Reason.SERVER_REFUSED, Reason.NOT_UNDERSTOOD, Reason.EMPTY_DESCRIPTION


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

    def probe(self) -> str | None:
        """Ask about one picture, so that what none would be described for shows before any is asked.

        Returns:
            A warning, where the server seems not to look at pictures.

        Raises:
            SettingsError: there is no description in the answer; with the server's own words, and what to do.

        Cost: two requests, some more where the server refuses.
        """
        body = self._request(as_jpeg(np.full((64, 64, 3), (200, 30, 30), np.uint8)))
        try:
            answer = self._patiently(body)
        except FAULTS as fault:
            raise self._fault(f"{fault}; {self._advice(body)}") from None
        try:
            described(answer)
        except AnnotationError as bad:
            if bad.reason != EMPTY:  # what the model says of the picture does not matter
                raise self._fault(self._client.words.line(bad.detail)) from None
        return self._blind(body, answer)

    def _patiently(self, body: Mapping[str, Any]) -> bytes:
        """A 500, which may be for good, is not waited for as long as a server that says that it is busy."""
        try:
            return self._sent(body, retries=0)
        except Unavailable as away:
            return self._sent(body, retries=1 if away.status == BROKEN else None)

    def _advice(self, body: Mapping[str, Any]) -> str:
        found = cause(partial(self._sent, retries=0), body, optional=("temperature", "max_tokens"))
        if found.pictures:
            return f"it answers the same without pictures: {EYES}"
        if found.fields:
            return f"it takes the request without {', '.join(found.fields)}, which descriptions need: use another server"
        return "it answers no simpler request either: look at its log, describe.model, $OPENAI_API_KEY and the address"

    def _blind(self, body: Mapping[str, Any], answer: bytes) -> str | None:
        try:
            bare = parsed(self._sent(without_pictures(body), retries=0))
        except (*FAULTS, ValueError):
            return None
        if not ignores_pictures(parsed(answer), bare):
            return None
        return f"warning: {self._where()} counts as many tokens with a picture as without: if it leaves it out, {EYES}"

    def _fault(self, words: str) -> SettingsError:
        return SettingsError(f"{self._where()}, asked to describe a picture: {words}")

    def _where(self) -> str:
        return f"describe.server.url '{self._settings.server.url}'"

    def _answer(self, shown: Shown) -> Answer:
        try:
            body = self._request(as_jpeg(read_picture(shown.content or b"", self._settings.side)))
            text = self._client.words.without_key(described(self._told(body)))
            return Answer(text=text.encode(errors="replace").decode())  # JSON may spell half a character
        except (AnnotationError, BadPicture) as bad:
            return Answer(reason=bad.reason, detail=self._client.words.line(bad.detail))

    def _request(self, jpeg: bytes) -> dict[str, Any]:
        url = f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"
        content = [{"type": "image_url", "image_url": {"url": url}}, {"type": "text", "text": self._settings.prompt}]
        return {
            "model": self._settings.model,
            "messages": [{"role": "user", "content": content}],
            "max_tokens": self._settings.max_new_tokens,
            "temperature": 0,
        }

    def _sent(self, body: Mapping[str, Any], retries: int | None = None) -> bytes:
        return self._client.post("chat/completions", json.dumps(body).encode(), retries=retries)

    def _told(self, body: Mapping[str, Any]) -> bytes:
        """The server's answer, after as many attempts as it takes."""
        try:
            return self._sent(body)
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
