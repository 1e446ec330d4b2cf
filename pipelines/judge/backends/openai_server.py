"""A judge behind an OpenAI-compatible server that returns log probabilities (vLLM, SGLang and others)."""

import json
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pyarrow as pa

from pipelines.judge.backends.chat_completion import prompt_tokens_used, request, top_tokens
from pipelines.judge.backends.server_probe import blind, check_answer, no_answer, probe_pair
from pipelines.judge.budget import Bill, Budget, Purse, Spent
from pipelines.judge.judge_fingerprint import named
from pipelines.judge.preset import JudgeSpec, prompt_hash
from pipelines.judge.prompt.question import BadPair, Turns, turns
from pipelines.judge.prompt.yes_no_tokens import score_of_top
from pipelines.judge.protocol import NOT_ASKED, REFUSED, UNAVAILABLE, UNREADABLE, Picture, Sizes
from pipelines.judge.score_rows import Said, score_rows
from pipelines.judge.token_estimate import prompt_tokens
from pipelines.models.openai_client import Client, Refused, Unavailable, Unreadable
from pipelines.models.server_probe import BROKEN
from pipelines.models.strict_json import parsed
from schemas.errors import SettingsError, UninoteError

NO_KEY = (401, 403)
NOT_THERE = 404


class ServerJudge:
    """One actor's client: a request a pair, `concurrency` at once."""

    def __init__(
        self,
        spec: JudgeSpec,
        api_key: str | None = None,
        sleep: Callable[[float], None] = time.sleep,
        budget: Purse | None = None,
    ) -> None:
        """Ask the server for its models, so that a wrong address, key or name shows before any pair.

        Args:
            spec: the question, and how the server is asked.
            api_key: sent as a bearer token; no setting, since settings are written down.
            sleep: waits so many seconds.
            budget: of the run; None: one of its own, by the limits of `spec.server`.

        Raises:
            SettingsError: no server is there, it does not take the key, or does not serve the model.
        """
        self.spec, self._budget = spec, budget or Budget(spec.server)
        self.model, self.prompt_hash = named(spec), prompt_hash(spec.question)
        self._client = Client(spec.server, "judge.server.url", api_key, sleep)
        self._check_server()

    def __call__(self, pairs: pa.Table, pictures: Mapping[str, Picture]) -> pa.Table:
        """SCORES. What the budget does not pay for is NOT_ASKED; what was asked before that has its answer.

        Raises:
            SettingsError: the server takes the key or the model's name no more.
            DataError: nobody knows what the run has spent.

        Cost: as long as the server takes; memory of `concurrency` requests.
        """
        with ThreadPoolExecutor(self.spec.server.concurrency) as threads:
            under_way = [threads.submit(self._said, pair, pictures) for pair in pairs.to_pylist()]
            try:
                return score_rows(pairs, [one.result() for one in under_way])
            except UninoteError:
                threads.shutdown(cancel_futures=True)
                raise

    def tokens(self, pairs: pa.Table, sizes: Sizes) -> int:
        """As `Judge.tokens`."""
        return prompt_tokens(self.spec, pairs, sizes)

    def bill(self) -> Bill:
        """What its budget has spent."""
        return self._budget.bill()

    def probe(self) -> str | None:
        """Ask about one pair with pictures, so that what no pair would be answered for shows before any is asked.

        Returns:
            A warning, where the server seems not to look at pictures.

        Raises:
            SettingsError: there is no score in the answer; with the server's own words, and what to set.

        Cost: two requests, some more where the server refuses.
        """
        pair, pictures = probe_pair()
        asked = turns(self.spec, pair, pictures)
        body, guess = request(self.spec, asked), self._guess(pair, asked)
        once = partial(self._once, guess=guess)
        try:
            answer = self._patiently(body, guess)
        except Spent:
            return None
        except Refused as refusal:
            if refusal.status in (*NO_KEY, NOT_THERE):
                raise self._fault(refusal) from None
            raise no_answer(self.spec, once, body, str(refusal)) from None
        except (Unavailable, Unreadable) as bad:
            raise no_answer(self.spec, once, body, str(bad)) from None
        check_answer(self.spec, answer, self._client.words)
        return blind(self.spec, once, body, answer)

    def _once(self, body: Mapping[str, Any], guess: int) -> Any:  # noqa: ANN401  # JSON
        """As `_sent`, without a second attempt; what the budget does not pay for has no answer."""
        try:
            return self._sent(body, guess, retries=0)
        except Spent as spent:
            raise Unreadable(str(spent)) from None

    def _patiently(self, body: Mapping[str, Any], guess: int) -> Any:  # noqa: ANN401  # JSON
        """As `_sent`; a 500, which may be for good, is not waited for as long as a server that says that it is busy."""
        try:
            return self._sent(body, guess, retries=0)
        except Unavailable as away:
            return self._sent(body, guess, retries=1 if away.status == BROKEN else None)

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
        try:
            return self._sent(request(self.spec, asked), guess)
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

    def _sent(self, body: Mapping[str, Any], guess: int, retries: int | None = None) -> Any:  # noqa: ANN401  # JSON
        """The answer to a request, paid for. Raises what `Client.post` raises, Unreadable for no JSON, and Spent."""
        content = self._client.post(
            "chat/completions", json.dumps(body).encode(), before=lambda: self._budget.take(guess), retries=retries
        )
        try:
            answer = parsed(content)
        except ValueError as error:
            raise Unreadable(f"no JSON ({error}): {self._client.words.line(content)}") from None
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
            served = [one["id"] for one in parsed(self._client.get("models"))["data"]]
        except Refused as refusal:
            if refusal.status in NO_KEY:
                raise self._fault(refusal) from None
            return  # some servers have no such list
        except Unavailable as away:
            if away.reached:  # a server is there, whatever it does with this page
                return
            url = self.spec.server.url
            raise SettingsError(
                f"judge.server.url is '{url}': no server answers there ({away}); start one, for example"
                f" `vllm serve {self.spec.model}`, or set judge.server.url"
            ) from None
        except (Unreadable, ValueError, LookupError, TypeError):
            return
        if served and self.spec.model not in served:
            names = self._client.words.line(str(sorted(map(str, served))[:20]))
            raise SettingsError(f"judge.model '{self.spec.model}': {self.spec.server.url} serves {names}")

    def _fault(self, refusal: Refused) -> SettingsError:
        server = self.spec.server
        if refusal.status == NOT_THERE:
            where = f"judge.server.url '{server.url}', judge.model '{self.spec.model}'"
            return SettingsError(f"{where}: {refusal}; with most servers the address ends in /v1")
        return SettingsError(f"judge.server.url '{server.url}': {refusal}; the key comes from ${server.key_variable}")
