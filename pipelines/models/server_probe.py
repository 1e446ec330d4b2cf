"""Finds out why a server rejects a request: sends smaller and smaller ones, once before a run."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from pipelines.models.openai_client import RequestRefused, Unavailable, Unreadable

Body = Mapping[str, Any]
Send = Callable[[Body], Any]
"""Sends a request once; returns JSON, or raises as `Client.post`."""
EYES = "serve a model that accepts pictures (llama.cpp's server: with its --mmproj)"
BROKEN = 500
FAULTS = (RequestRefused, Unavailable, Unreadable)
LOGPROBS = ("logprobs", "top_logprobs")
FEWER = (10, 5, 2)
"""Values of top_logprobs to try: OpenAI allows at most 20, others 10 or 5."""


class Cause(NamedTuple):
    """What must be removed from the request for an answer; nothing: no request was answered."""

    pictures: bool = False
    fields: tuple[str, ...] = ()
    logprobs: bool = False
    """The server gives no log probabilities."""
    fewer: int | None = None
    """The largest top_logprobs that the server accepts, of FEWER."""


def cause(send: Send, body: Body, optional: Sequence[str] = ()) -> Cause:
    """Find the cause of an unanswered request.

    Args:
        send: sends a request once.
        body: of a chat completion with a picture.
        optional: fields that may be removed.

    Cost: a handful of requests, one more for each optional field if one of them is rejected.
    """
    if answers(send, without_pictures(body)):
        return Cause(pictures=True)
    present = [name for name in optional if name in body]
    bare = without(body, present)
    for pictures, least in ((False, bare), (True, without_pictures(bare))):
        if present and answers(send, least):
            rejected = tuple(name for name in present if not answers(send, {**least, name: body[name]}))
            return Cause(pictures=pictures, fields=rejected or tuple(present))
    if "top_logprobs" in body:
        return _logprobs(send, bare)
    return Cause()


def _logprobs(send: Send, bare: Body) -> Cause:
    for pictures, least in ((False, bare), (True, without_pictures(bare))):
        for count in FEWER:
            if count < bare["top_logprobs"] and answers(send, {**least, "top_logprobs": count}):
                return Cause(pictures=pictures, fewer=count)
        if answers(send, without(least, LOGPROBS)):
            return Cause(pictures=pictures, logprobs=True)
    return Cause()


def answers(send: Send, body: Body) -> bool:
    """Whether the server answers the request."""
    try:
        send(body)
    except FAULTS:
        return False
    return True


def ignores_pictures(with_one: Any, without_one: Any) -> bool:  # noqa: ANN401  # JSON
    """Whether a picture added no token to the prompt: some servers silently drop pictures.

    Args:
        with_one: the response to a request with a picture.
        without_one: to the same without it.
    """
    try:
        used = [one["usage"]["prompt_tokens"] for one in (with_one, without_one)]
    except (LookupError, TypeError):
        return False  # the server does not report tokens
    return all(type(one) is int and one > 0 for one in used) and used[0] <= used[1]


def without(body: Body, names: Sequence[str]) -> Body:
    """The request without some fields."""
    return {name: value for name, value in body.items() if name not in names}


def without_pictures(body: Body) -> Body:
    """The request with only the text of its turns."""
    turns = [
        {**turn, "content": [part for part in turn["content"] if part["type"] != "image_url"]} for turn in body["messages"]
    ]
    return {**body, "messages": turns}
