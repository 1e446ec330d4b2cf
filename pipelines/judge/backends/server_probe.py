"""One probe pair with pictures before a run: a server that cannot judge fails at once, with its own message."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from pipelines.judge.backends.chat_completion import top_tokens
from pipelines.judge.preset import JudgeSpec
from pipelines.judge.prompt.question import BadPair
from pipelines.judge.prompt.yes_no_tokens import score_of_top
from pipelines.judge.protocol import UNREADABLE, Picture
from pipelines.models.server_messages import KeyRedactor
from pipelines.models.server_probe import EYES, FAULTS, Body, Cause, Send, cause, ignores_pictures, without_pictures
from schemas.errors import SettingsError

OPTIONAL = ("n", "temperature", "top_p", "presence_penalty", "frequency_penalty")
"""Fields with OpenAI's default values; like those of `server.extra`, they can be left out."""
SIDE = 64
"""Side of the probe's pictures, pixels."""
ALTERNATIVE = 'serve the model with vLLM, SGLang or llama.cpp\'s server, or use judge.set backend="transformers"'


def probe_pair() -> tuple[Mapping[str, Any], Mapping[str, Picture]]:
    """A row of PAIRS and its pictures: a red square and a blue one, each with a text."""
    sides, pictures = {}, dict[str, Picture]()
    for role, colour, word in (("query", (200, 30, 30), "red"), ("candidate", (30, 30, 200), "blue")):
        pictures[word] = np.full((SIDE, SIDE, 3), colour, np.uint8)
        text = f"a {word} square"
        sides[role] = {"item_id": word, "kind": "note", "note_id": word, "image_ids": [word], "region": None, "text": text}
    return {"query_id": "red", "candidate_id": "blue", "task": "note_to_note", **sides}, pictures


def check_answer(spec: JudgeSpec, answer: Any, words: KeyRedactor) -> None:  # noqa: ANN401  # JSON
    """Check that the answer has enough log probabilities; the verdict itself does not matter.

    Raises:
        SettingsError: it has none, or too few; with what to set.
    """
    server = spec.server
    try:
        top = top_tokens(answer)
        if 1 < len(top) < server.top_logprobs:
            raise fault(
                spec,
                f"expected {server.top_logprobs} top tokens, got {len(top)}; set server.top_logprobs={len(top)} (judge.set)",
            )
        score_of_top(top, server.top_logprobs, server.tolerance, spec.question)
    except BadPair as bad:
        if bad.reason == UNREADABLE:
            raise fault(spec, f"{words.line(bad.detail)}; a judge needs log probabilities: {ALTERNATIVE}") from None


def ignored_pictures(spec: JudgeSpec, send: Send, body: Body, answer: Any) -> str | None:  # noqa: ANN401  # JSON
    """A warning if the server counts no more prompt tokens with the probe's pictures than without them, else None."""
    try:
        answer_without = send(without_pictures(body))
    except FAULTS:  # it answers only with pictures, which is fine for a judge of pictures
        return None
    if not ignores_pictures(answer, answer_without):
        return None
    return (
        f"warning: judge.server.url '{spec.server.url}' counts as many prompt tokens with pictures as without; "
        f"if it ignores pictures, {EYES}"
    )


def probe_failure(spec: JudgeSpec, send: Send, body: Body, message: str) -> SettingsError:
    """The error of a server that has not answered the probe: its message, and what to set."""
    return fault(spec, f"{message}; {_advice(cause(send, body, (*OPTIONAL, *spec.server.extra)))}")


def fault(spec: JudgeSpec, message: str) -> SettingsError:
    """The error of a failed probe."""
    return SettingsError(
        f"judge.server.url '{spec.server.url}': the probe request (judge one pair with pictures) failed: {message}"
    )


def _advice(failure: Cause) -> str:
    advice = []
    if failure.fields:
        fields = ", ".join(f'"{name}"' for name in failure.fields)
        advice.append(f"the server accepts the request without {fields}: set server.leave_out=[{fields}] (judge.set)")
    if failure.fewer is not None:
        advice.append(f"the server accepts fewer top tokens: set server.top_logprobs={failure.fewer} (judge.set)")
    if failure.logprobs:
        advice.append(f"the server answers only without log probabilities, which a judge needs: {ALTERNATIVE}")
    if failure.pictures:
        advice.append(f"the server answers the same request without pictures: {EYES}")
    return " and ".join(advice) or "simpler requests fail as well: check the server's log, judge.model and judge.server.url"
