"""One pair with pictures, asked before a run: a server that cannot judge says so at once, in its own words."""

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
"""Fields whose values are OpenAI's defaults; with those of `server.extra` the ones that can be left out."""
SIDE = 64
INSTEAD = 'serve the model with vLLM, SGLang or llama.cpp\'s server, or use judge.set backend="transformers"'


def probe_pair() -> tuple[Mapping[str, Any], Mapping[str, Picture]]:
    """A row of PAIRS and its pictures: a red square and a blue one, each with its words."""
    sides, pictures = {}, dict[str, Picture]()
    for role, colour, word in (("query", (200, 30, 30), "red"), ("candidate", (30, 30, 200), "blue")):
        pictures[word] = np.full((SIDE, SIDE, 3), colour, np.uint8)
        text = f"a {word} square"
        sides[role] = {"item_id": word, "kind": "note", "note_id": word, "image_ids": [word], "region": None, "text": text}
    return {"query_id": "red", "candidate_id": "blue", "task": "note_to_note", **sides}, pictures


def check_answer(spec: JudgeSpec, answer: Any, words: KeyRedactor) -> None:  # noqa: ANN401  # JSON
    """End where the answer has no log probabilities, or too few. What the model thinks of the pair does not matter.

    Raises:
        SettingsError: with what to set.
    """
    server = spec.server
    try:
        top = top_tokens(answer)
        if 1 < len(top) < server.top_logprobs:
            raise fault(
                spec,
                f"{len(top)} top tokens came back, {server.top_logprobs} were asked for; "
                f"set server.top_logprobs={len(top)} (judge.set)",
            )
        score_of_top(top, server.top_logprobs, server.tolerance, spec.question)
    except BadPair as bad:
        if bad.reason == UNREADABLE:
            raise fault(spec, f"{words.line(bad.detail)}; a judge needs log probabilities: {INSTEAD}") from None


def blind(spec: JudgeSpec, send: Send, body: Body, answer: Any) -> str | None:  # noqa: ANN401  # JSON
    """A warning where the prompt is no longer with the probe's pictures than without them, by the server's own count."""
    try:
        bare = send(without_pictures(body))
    except FAULTS:  # it answers with pictures alone: no fault of a judge of pictures
        return None
    if not ignores_pictures(answer, bare):
        return None
    return (
        f"warning: judge.server.url '{spec.server.url}' counts as many tokens of a prompt with pictures as of one without: "
        f"if it leaves them out, {EYES}"
    )


def no_answer(spec: JudgeSpec, send: Send, body: Body, words: str) -> SettingsError:
    """The fault of a server that has not answered the probe: its words, and what to set."""
    return fault(spec, f"{words}; {_advice(cause(send, body, (*OPTIONAL, *spec.server.extra)))}")


def fault(spec: JudgeSpec, words: str) -> SettingsError:
    """Of the probe."""
    return SettingsError(f"judge.server.url '{spec.server.url}', asked about a probe pair with pictures: {words}")


def _advice(found: Cause) -> str:
    told = []
    if found.fields:
        named = ", ".join(f'"{name}"' for name in found.fields)
        told.append(f"it takes the request without {named}: set server.leave_out=[{named}] (judge.set)")
    if found.fewer is not None:
        told.append(f"it takes fewer top tokens: set server.top_logprobs={found.fewer} (judge.set)")
    if found.logprobs:
        told.append(f"it answers without log probabilities alone, and a judge needs them: {INSTEAD}")
    if found.pictures:
        told.append(f"it answers the same without pictures: {EYES}")
    return " and ".join(told) or "it answers no simpler request either: look at its log, judge.model and judge.server.url"
