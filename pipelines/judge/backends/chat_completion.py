"""A pair as a chat completion request, and the parts read from its answer. Answers are untrusted: every field is checked."""

import base64
import json
from typing import Any

import cv2

from pipelines.judge.preset import JudgeSpec
from pipelines.judge.prompt.question import BadPair, Turns, as_messages
from pipelines.judge.protocol import UNREADABLE
from pipelines.media.decode import Pixels

FAST_PNG = (cv2.IMWRITE_PNG_COMPRESSION, 1)
JPEG_QUALITY = (cv2.IMWRITE_JPEG_QUALITY, 92)
NO_LOGPROBS = "the answer has no log probabilities"
MAX_PROMPT_TOKENS = 10_000_000
"""No model reads as many tokens: a larger count is ignored, and the estimate stays."""


def request(spec: JudgeSpec, chat: Turns) -> dict[str, Any]:
    """The body of a chat completion: one output token, and no option that changes its probabilities.

    A temperature of 1 divides logits by 1; servers differ in the effect of 0 on log probabilities.
    """
    server = spec.server
    sampling = {"max_tokens": 1, "temperature": 1.0, "top_p": 1.0, "presence_penalty": 0.0, "frequency_penalty": 0.0, "n": 1}
    logprobs = {"logprobs": True, "top_logprobs": server.top_logprobs}
    messages = as_messages(chat, lambda pixels: picture_part(pixels, server.pictures))
    body = {"model": spec.model, "messages": messages, **sampling, **logprobs, **server.extra}
    return {name: value for name, value in body.items() if name not in server.leave_out}


def picture_part(pixels: Pixels, kind: str) -> dict[str, Any]:
    """A picture as a data URL."""
    suffix, options = (".png", FAST_PNG) if kind == "png" else (".jpg", JPEG_QUALITY)
    _, coded = cv2.imencode(suffix, cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), options)
    return {"type": "image_url", "image_url": {"url": f"data:image/{kind};base64,{base64.b64encode(coded.tobytes()).decode()}"}}


def top_tokens(answer: Any) -> list[tuple[str, float]]:  # noqa: ANN401  # JSON
    """The top tokens of the first output token, each with its log probability.

    Raises:
        BadPair: the answer has none.
    """
    try:
        top = answer["choices"][0]["logprobs"]["content"][0]["top_logprobs"]
        return [(one["token"], one["logprob"]) for one in top]
    except (LookupError, TypeError):
        quoted = json.dumps(answer, ensure_ascii=False)[:200]
        raise BadPair(UNREADABLE, f"{NO_LOGPROBS} (choices[0].logprobs.content[0].top_logprobs): {quoted}") from None


def prompt_tokens_used(answer: Any) -> int | None:  # noqa: ANN401  # JSON
    """The prompt tokens that the server counted; None without a plausible count."""
    try:
        used = answer["usage"]["prompt_tokens"]
    except (LookupError, TypeError):
        return None
    return used if type(used) is int and 0 < used <= MAX_PROMPT_TOKENS else None
