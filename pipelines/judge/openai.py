"""A judge behind an OpenAI-compatible server that returns log probabilities (vLLM, SGLang and others)."""

import base64
import json
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import cv2
import pyarrow as pa

from pipelines.decode import Pixels
from pipelines.judge.budget import Bill, Budget, Spent
from pipelines.judge.estimate import prompt_tokens
from pipelines.judge.fingerprint import named
from pipelines.judge.judge import NOT_ASKED, REFUSED, UNAVAILABLE, UNREADABLE, Picture, Sizes
from pipelines.judge.question import BadPair, Turns, as_messages, turns
from pipelines.judge.rows import Said, score_rows
from pipelines.judge.spec import JudgeSpec, prompt_hash
from pipelines.judge.spelling import score_of_top
from pipelines.server import Client, Refused, Unavailable, Unreadable
from pipelines.strict_json import parsed
from schemas.errors import SettingsError

NO_KEY = (401, 403)
NOT_THERE = 404
NO_LOGPROBS = "no log probabilities came back"
MOST_TOKENS = 10_000_000
"""Of a prompt: no model reads as many. A larger count is none, and the estimate stands."""
FAST_PNG = (cv2.IMWRITE_PNG_COMPRESSION, 1)
JPEG_QUALITY = (cv2.IMWRITE_JPEG_QUALITY, 92)


class ServerJudge:
    """One actor's client: a request a pair, `concurrency` at once."""

    def __init__(self, spec: JudgeSpec, api_key: str | None = None, sleep: Callable[[float], None] = time.sleep) -> None:
        """Ask the server for its models, so that a wrong address, key or name shows before any pair.

        Args:
            spec: the question, and how the server is asked.
            api_key: sent as a bearer token; no setting, since settings are written down.
            sleep: waits so many seconds.

        Raises:
            SettingsError: no server is there, it does not take the key, or does not serve the model.
        """
        self.spec, self._budget = spec, Budget(spec.server)
        self.model, self.prompt_hash = named(spec), prompt_hash(spec.question)
        self._client = Client(spec.server, "judge.server.url", api_key, sleep)
        self._check_server()

    def __call__(self, pairs: pa.Table, pictures: Mapping[str, Picture]) -> pa.Table:
        """SCORES. What the budget does not pay for is NOT_ASKED; what was asked before that has its answer.

        Raises:
            SettingsError: the server takes the key or the model's name no more.

        Cost: as long as the server takes; memory of `concurrency` requests.
        """
        with ThreadPoolExecutor(self.spec.server.concurrency) as threads:
            under_way = [threads.submit(self._said, pair, pictures) for pair in pairs.to_pylist()]
            try:
                return score_rows(pairs, [one.result() for one in under_way])
            except SettingsError:
                threads.shutdown(cancel_futures=True)
                raise

    def tokens(self, pairs: pa.Table, sizes: Sizes) -> int:
        """As `Judge.tokens`."""
        return prompt_tokens(self.spec, pairs, sizes)

    def bill(self) -> Bill:
        """What this judge has spent."""
        return self._budget.bill()

    def _said(self, pair: Mapping[str, Any], pictures: Mapping[str, Picture]) -> Said:
        try:
            if self._budget.ended:  # before a picture is coded
                raise BadPair(NOT_ASKED, self._budget.ended)
            asked = turns(self.spec, pair, pictures)
            answer = self._answer(pair, asked)
            server = self.spec.server
            return score_of_top(top_tokens(answer), server.top_logprobs, server.tolerance, self.spec.question)
        except BadPair as bad:
            return BadPair(bad.reason, self._client.words.line(bad.detail))

    def _answer(self, pair: Mapping[str, Any], asked: Turns) -> Any:  # noqa: ANN401  # JSON
        """What the server said, as JSON.

        Raises:
            BadPair: it did not, or it is no JSON.
        """
        guess = self._guess(pair, asked)
        body = json.dumps(request(self.spec, asked)).encode()
        try:
            content = self._client.post("chat/completions", body, before=lambda: self._budget.take(guess))
        except Spent as spent:
            raise BadPair(NOT_ASKED, str(spent)) from None
        except Unavailable as away:
            raise BadPair(UNAVAILABLE, str(away)) from None
        except Refused as refusal:
            if refusal.status in (*NO_KEY, NOT_THERE):
                raise self._fault(refusal) from None
            raise BadPair(REFUSED, str(refusal)) from None
        except Unreadable as bad:
            raise BadPair(UNREADABLE, str(bad)) from None
        try:
            answer = parsed(content)
        except ValueError as error:
            raise BadPair(UNREADABLE, f"no JSON ({error}): {self._client.words.line(content)}") from None
        self._budget.settle(guess, prompt_tokens_used(answer))
        return answer

    def _guess(self, pair: Mapping[str, Any], asked: Turns) -> int:
        sizes = {f"{n}": (p.shape[1], p.shape[0]) for n, p in enumerate(asked.pictures)}
        bare = {"kind": "note", "region": None, "image_ids": list(sizes), "text": pair["query"]["text"]}
        other = {"kind": "note", "region": None, "image_ids": [], "text": pair["candidate"]["text"]}
        row = {"task": [pair["task"]], "query": [bare], "candidate": [other]}
        return prompt_tokens(self.spec, pa.table(row), sizes)

    def _check_server(self) -> None:
        try:
            told = self._client.get("models")
            served = [one["id"] for one in json.loads(told)["data"]]
        except Refused as refusal:
            if refusal.status in NO_KEY:
                raise self._fault(refusal) from None
            return  # some servers have no such list
        except Unavailable as away:
            url = self.spec.server.url
            raise SettingsError(
                f"judge.server.url is '{url}': no server answers there ({away}); start one, for example"
                f" `vllm serve {self.spec.model}`, or set judge.server.url"
            ) from None
        except (ValueError, LookupError, TypeError):
            return
        if served and self.spec.model not in served:
            raise SettingsError(f"judge.model '{self.spec.model}': {self.spec.server.url} serves {sorted(served)[:20]}")

    def _fault(self, refusal: Refused) -> SettingsError:
        server = self.spec.server
        if refusal.status == NOT_THERE:
            return SettingsError(f"judge.server.url '{server.url}', judge.model '{self.spec.model}': {refusal}")
        return SettingsError(f"judge.server.url '{server.url}': {refusal}; the key comes from ${server.key_variable}")


def request(spec: JudgeSpec, asked: Turns) -> dict[str, Any]:
    """The body of a chat completion: one token, nothing that changes its probabilities.

    A temperature of 1 divides logits by 1; servers differ in what 0 does to log probabilities.
    """
    server = spec.server
    plain = {"max_tokens": 1, "temperature": 1.0, "top_p": 1.0, "presence_penalty": 0.0, "frequency_penalty": 0.0, "n": 1}
    wanted = {"logprobs": True, "top_logprobs": server.top_logprobs}
    messages = as_messages(asked, lambda pixels: picture_part(pixels, server.pictures))
    return {"model": spec.model, "messages": messages, **plain, **wanted, **server.extra}


def picture_part(pixels: Pixels, kind: str) -> dict[str, Any]:
    """A picture as a data URL."""
    suffix, options = (".png", FAST_PNG) if kind == "png" else (".jpg", JPEG_QUALITY)
    _, coded = cv2.imencode(suffix, cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), options)
    return {"type": "image_url", "image_url": {"url": f"data:image/{kind};base64,{base64.b64encode(coded.tobytes()).decode()}"}}


def top_tokens(answer: Any) -> list[tuple[str, float]]:  # noqa: ANN401  # JSON
    """Token and log probability of the top tokens of the first token of a chat completion.

    Raises:
        BadPair: it has none.
    """
    try:
        top = answer["choices"][0]["logprobs"]["content"][0]["top_logprobs"]
        return [(one["token"], one["logprob"]) for one in top]
    except (LookupError, TypeError):
        found = json.dumps(answer, ensure_ascii=False)[:200]
        raise BadPair(UNREADABLE, f"{NO_LOGPROBS} (choices[0].logprobs.content[0].top_logprobs): {found}") from None


def prompt_tokens_used(answer: Any) -> int | None:  # noqa: ANN401  # JSON
    """What the server counted; None where it did not, or says what no prompt has."""
    try:
        used = answer["usage"]["prompt_tokens"]
    except (LookupError, TypeError):
        return None
    return used if type(used) is int and 0 < used <= MOST_TOKENS else None
