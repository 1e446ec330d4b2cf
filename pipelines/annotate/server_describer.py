"""Descriptions from an OpenAI-compatible server: one request per picture, several at once, with retries."""

import base64
import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np

from pipelines.annotate.annotation import UNAVAILABLE, Annotation, AnnotationError
from pipelines.annotate.picture_pixels import as_jpeg, read_picture
from pipelines.annotate.protocol import NotePicture
from pipelines.annotate.settings import Describe
from pipelines.items.failure_reasons import Reason
from pipelines.media.decode import BadPicture
from pipelines.models.openai_client import Client, RequestRefused, Unavailable, Unreadable
from pipelines.models.server_probe import BROKEN, EYES, FAULTS, cause, ignores_pictures, without_pictures
from pipelines.models.strict_json import parsed
from schemas.errors import SettingsError

MAX_QUOTED = 2000
"""Bytes of an invalid answer that are quoted in its error; the message is shortened after the key is removed."""
REFUSED, UNREADABLE, EMPTY = Reason.SERVER_REFUSED, Reason.NOT_UNDERSTOOD, Reason.EMPTY_DESCRIPTION


class ServerDescriber:
    """One actor's client. Pictures are sent as data URLs: JPEG, the longest side at most `Describe.side`."""

    reads_pictures = True

    def __init__(self, settings: Describe, api_key: str | None = None, sleep: Callable[[float], None] = time.sleep) -> None:
        """Prepare the client; no request is sent yet.

        Raises:
            SettingsError: the URL is invalid.
        """
        self._settings, self._client = settings, Client(settings.server, "describe.server.url", api_key, sleep)
        instruction = f"{settings.prompt}\n{settings.max_new_tokens}\n{settings.side}"
        self.model = f"{settings.model}@server#{hashlib.sha256(instruction.encode()).hexdigest()[:12]}"

    def __call__(self, pictures: Sequence[NotePicture]) -> list[Annotation]:
        """A description of each picture, in the same order.

        Cost: the server's time, `concurrency` requests at once; memory of as many pictures.
        """
        with ThreadPoolExecutor(self._settings.server.concurrency) as threads:
            return list(threads.map(self._annotation, pictures))

    def probe(self) -> str | None:
        """Send one probe picture, so that a server that cannot describe fails before the first real request.

        Returns:
            A warning if the server seems to ignore pictures, else None.

        Raises:
            SettingsError: the answer has no description; with the server's message and what to do.

        Cost: two requests, a few more if the server refuses.
        """
        body = self._request(as_jpeg(np.full((64, 64, 3), (200, 30, 30), np.uint8)))
        try:
            answer = self._send_with_few_retries(body)
        except FAULTS as fault:
            raise self._fault(f"{fault}; {self._advice(body)}") from None
        try:
            description_text(answer)
        except AnnotationError as bad:
            if bad.reason != EMPTY:  # the text of the description does not matter
                raise self._fault(self._client.words.line(bad.detail)) from None
        return self._ignores_pictures(body, answer)

    def _send_with_few_retries(self, body: Mapping[str, Any]) -> bytes:
        """As `_send`, with one retry after a 500, which may be permanent, and all of them while the server is busy."""
        try:
            return self._send(body, retries=0)
        except Unavailable as error:
            return self._send(body, retries=1 if error.status == BROKEN else None)

    def _advice(self, body: Mapping[str, Any]) -> str:
        failure = cause(partial(self._send, retries=0), body, optional=("temperature", "max_tokens"))
        if failure.pictures:
            return f"the server answers the same request without pictures: {EYES}"
        if failure.fields:
            refused = ", ".join(failure.fields)
            return f"the server accepts the request only without {refused}, which descriptions need: use another server"
        return "simpler requests fail as well: check the server's log, describe.model, $OPENAI_API_KEY and the URL"

    def _ignores_pictures(self, body: Mapping[str, Any], answer: bytes) -> str | None:
        try:
            answer_without = parsed(self._send(without_pictures(body), retries=0))
        except (*FAULTS, ValueError):
            return None
        if not ignores_pictures(parsed(answer), answer_without):
            return None
        return (
            f"warning: {self._where()} counts as many prompt tokens with a picture as without; if it ignores pictures, {EYES}"
        )

    def _fault(self, message: str) -> SettingsError:
        return SettingsError(f"{self._where()}: the probe request (describe one picture) failed: {message}")

    def _where(self) -> str:
        return f"describe.server.url '{self._settings.server.url}'"

    def _annotation(self, picture: NotePicture) -> Annotation:
        try:
            body = self._request(as_jpeg(read_picture(picture.content or b"", self._settings.side)))
            text = self._client.words.without_key(description_text(self._completion(body)))
            return Annotation(text=text.encode(errors="replace").decode())  # JSON may hold half of a surrogate pair
        except (AnnotationError, BadPicture) as bad:
            return Annotation(reason=bad.reason, detail=self._client.words.line(bad.detail))

    def _request(self, jpeg: bytes) -> dict[str, Any]:
        url = f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"
        content = [{"type": "image_url", "image_url": {"url": url}}, {"type": "text", "text": self._settings.prompt}]
        return {
            "model": self._settings.model,
            "messages": [{"role": "user", "content": content}],
            "max_tokens": self._settings.max_new_tokens,
            "temperature": 0,
        }

    def _send(self, body: Mapping[str, Any], retries: int | None = None) -> bytes:
        return self._client.post("chat/completions", json.dumps(body).encode(), retries=retries)

    def _completion(self, body: Mapping[str, Any]) -> bytes:
        """The server's answer, with retries."""
        try:
            return self._send(body)
        except Unavailable as error:
            raise AnnotationError(UNAVAILABLE, str(error)) from error
        except RequestRefused as refusal:
            raise AnnotationError(REFUSED, str(refusal)) from refusal
        except Unreadable as bad:
            raise AnnotationError(UNREADABLE, str(bad)) from bad


def description_text(answer: bytes) -> str:
    """The text in a chat completion.

    Raises:
        AnnotationError: it is not a chat completion, or has no text.
    """
    try:
        choice: Mapping[str, Any] = parsed(answer)["choices"][0]
        text = choice["message"]["content"]
    except (ValueError, LookupError, TypeError) as error:
        quoted = answer[:MAX_QUOTED].decode(errors="replace")
        raise AnnotationError(UNREADABLE, f"{type(error).__name__}: {quoted}") from error
    if not isinstance(text, str) or not text.strip():
        raise AnnotationError(EMPTY, f"finish_reason {choice.get('finish_reason')}")
    return text.strip()
