"""Why a server does not answer a request: it is asked with less and less, once before a run."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from pipelines.models.openai_client import Refused, Unavailable, Unreadable

Body = Mapping[str, Any]
Send = Callable[[Body], Any]
"""Sends a request once; returns JSON, or raises what `Client.post` raises."""
EYES = "serve a model that takes pictures (llama.cpp's server: with its --mmproj)"
BROKEN = 500
FAULTS = (Refused, Unavailable, Unreadable)
LOGPROBS = ("logprobs", "top_logprobs")
FEWER = (10, 5, 2)
"""Of top_logprobs: OpenAI gives 20 at most, others 10 or 5."""


class Cause(NamedTuple):
    """What has to go for the request to be answered; nothing: no request was."""

    pictures: bool = False
    fields: tuple[str, ...] = ()
    logprobs: bool = False
    """No log probabilities at all."""
    fewer: int | None = None
    """So many top_logprobs would do."""


def cause(send: Send, body: Body, optional: Sequence[str] = ()) -> Cause:
    """Of a request that was not answered.

    Args:
        send: asks once.
        body: of a chat completion with a picture.
        optional: fields that it would do without.

    Cost: a handful of requests, one more for each optional field where one of them is refused.
    """
    if answers(send, without_pictures(body)):
        return Cause(pictures=True)
    there = [name for name in optional if name in body]
    bare = without(body, there)
    for pictures, least in ((False, bare), (True, without_pictures(bare))):
        if there and answers(send, least):
            refused = tuple(name for name in there if not answers(send, {**least, name: body[name]}))
            return Cause(pictures=pictures, fields=refused or tuple(there))
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
    """Whether the server answers it at all."""
    try:
        send(body)
    except FAULTS:
        return False
    return True


def ignores_pictures(with_one: Any, without_one: Any) -> bool:  # noqa: ANN401  # JSON
    """Whether a picture has added nothing to the prompt: some servers leave pictures out without a word.

    Args:
        with_one: the answer to a request with a picture.
        without_one: to the same without it.
    """
    try:
        used = [one["usage"]["prompt_tokens"] for one in (with_one, without_one)]
    except (LookupError, TypeError):
        return False  # it does not count
    return all(type(one) is int and one > 0 for one in used) and used[0] <= used[1]


def without(body: Body, names: Sequence[str]) -> Body:
    """The request without some fields."""
    return {name: value for name, value in body.items() if name not in names}


def without_pictures(body: Body) -> Body:
    """The request with the words of its turns alone."""
    turns = [
        {**turn, "content": [part for part in turn["content"] if part["type"] != "image_url"]} for turn in body["messages"]
    ]
    return {**body, "messages": turns}
