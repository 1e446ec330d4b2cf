"""A judge behind an OpenAI-compatible server that returns log probabilities (vLLM, SGLang and others)."""

import json
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pyarrow as pa

from pipelines.judge.backends.chat_completion import prompt_tokens_used, request, top_tokens
from pipelines.judge.backends.server_probe import check_answer, ignored_pictures, probe_failure, probe_pair
from pipelines.judge.budget import BudgetSpent, LocalBudget, RequestBudget, Spending
from pipelines.judge.judge_context import JudgeContext
from pipelines.judge.judge_fingerprint import judge_model
from pipelines.judge.preset import JudgeSpec, prompt_hash
from pipelines.judge.prompt.question import BadPair, Turns, turns
from pipelines.judge.prompt.yes_no_tokens import score_of_top
from pipelines.judge.protocol import NOT_ASKED, REFUSED, UNAVAILABLE, UNREADABLE, Judge, Picture, Sizes
from pipelines.judge.score_rows import PairOutcome, score_rows
from pipelines.judge.token_estimate import prompt_tokens
from pipelines.models.openai_client import Client, RequestRefused, Unavailable, Unreadable
from pipelines.models.server_probe import BROKEN
from pipelines.models.strict_json import parsed
from schemas.errors import SettingsError, UninoteError

UNAUTHORIZED = (401, 403)
NOT_FOUND = 404


def load(context: JudgeContext) -> Judge:
    """As `ServerJudge`."""
    return ServerJudge(context.spec, context.api_key, budget=context.budget)


class ServerJudge:
    """One actor's client: one request per pair, `concurrency` at once."""

    def __init__(
        self,
        spec: JudgeSpec,
        api_key: str | None = None,
        sleep: Callable[[float], None] = time.sleep,
        budget: RequestBudget | None = None,
    ) -> None:
        """Request the server's list of models, so that a wrong URL, key or model fails before the first pair.

        Args:
            spec: the question and the server.
            api_key: sent as a bearer token; not a setting, since settings are written to manifests.
            sleep: waits this many seconds.
            budget: the run's; None: one of its own, with the limits of `spec.server`.

        Raises:
            SettingsError: there is no server, it rejects the key, or it does not serve the model.
        """
        self.spec, self._budget = spec, budget or LocalBudget(spec.server)
        self.model, self.prompt_hash = judge_model(spec), prompt_hash(spec.question)
        self._client = Client(spec.server, "judge.server.url", api_key, sleep)
        self._check_server()

    def __call__(self, pairs: pa.Table, pictures: Mapping[str, Picture]) -> pa.Table:
        """SCORES. Pairs beyond the budget have the reason NOT_ASKED; earlier ones have their answers.

        Raises:
            SettingsError: the server no longer accepts the key or the model's name.
            DataError: the process that counts the run's spending has died.

        Cost: the server's time; memory of `concurrency` requests.
        """
        with ThreadPoolExecutor(self.spec.server.concurrency) as threads:
            outcomes = [threads.submit(self._outcome, pair, pictures) for pair in pairs.to_pylist()]
            try:
                return score_rows(pairs, [one.result() for one in outcomes])
            except UninoteError:
                threads.shutdown(cancel_futures=True)
                raise

    def tokens(self, pairs: pa.Table, sizes: Sizes) -> int:
        """As `Judge.tokens`."""
        return prompt_tokens(self.spec, pairs, sizes)

    def spending(self) -> Spending:
        """What its budget has spent."""
        return self._budget.spending()

    def probe(self) -> str | None:
        """Send one probe pair with pictures, so that a server that cannot judge fails before the first real pair.

        Returns:
            A warning if the server seems to ignore pictures, else None.

        Raises:
            SettingsError: the answer has no score; with the server's message and what to set.

        Cost: two requests, a few more if the server refuses.
        """
        pair, pictures = probe_pair()
        chat = turns(self.spec, pair, pictures)
        body, tokens = request(self.spec, chat), self._estimate(pair, chat)
        once = partial(self._send_once, tokens=tokens)
        try:
            answer = self._send_with_few_retries(body, tokens)
        except BudgetSpent:
            return None
        except RequestRefused as refusal:
            if refusal.status in (*UNAUTHORIZED, NOT_FOUND):
                raise self._fault(refusal) from None
            raise probe_failure(self.spec, once, body, str(refusal)) from None
        except (Unavailable, Unreadable) as bad:
            raise probe_failure(self.spec, once, body, str(bad)) from None
        check_answer(self.spec, answer, self._client.words)
        return ignored_pictures(self.spec, once, body, answer)

    def _send_once(self, body: Mapping[str, Any], tokens: int) -> Any:  # noqa: ANN401  # JSON
        """As `_send`, without retries; a request beyond the budget counts as one without an answer."""
        try:
            return self._send(body, tokens, retries=0)
        except BudgetSpent as limit:
            raise Unreadable(str(limit)) from None

    def _send_with_few_retries(self, body: Mapping[str, Any], tokens: int) -> Any:  # noqa: ANN401  # JSON
        """As `_send`, with one retry after a 500, which may be permanent, and all of them while the server is busy."""
        try:
            return self._send(body, tokens, retries=0)
        except Unavailable as error:
            return self._send(body, tokens, retries=1 if error.status == BROKEN else None)

    def _outcome(self, pair: Mapping[str, Any], pictures: Mapping[str, Picture]) -> PairOutcome:
        try:
            if self._budget.exhausted:  # before a picture is encoded
                raise BadPair(NOT_ASKED, self._budget.exhausted)
            chat = turns(self.spec, pair, pictures)
            answer = self._answer(pair, chat)
            server = self.spec.server
            return score_of_top(top_tokens(answer), server.top_logprobs, server.tolerance, self.spec.question)
        except BadPair as bad:
            return BadPair(bad.reason, self._client.words.line(bad.detail))

    def _answer(self, pair: Mapping[str, Any], chat: Turns) -> Any:  # noqa: ANN401  # JSON
        """The server's answer, as JSON.

        Raises:
            BadPair: there is none, or it is not JSON.
        """
        tokens = self._estimate(pair, chat)
        try:
            return self._send(request(self.spec, chat), tokens)
        except BudgetSpent as limit:
            raise BadPair(NOT_ASKED, str(limit)) from None
        except Unavailable as error:
            raise BadPair(UNAVAILABLE, str(error)) from None
        except RequestRefused as refusal:
            if refusal.status in (*UNAUTHORIZED, NOT_FOUND):
                raise self._fault(refusal) from None
            raise BadPair(REFUSED, str(refusal)) from None
        except Unreadable as bad:
            raise BadPair(UNREADABLE, str(bad)) from None

    def _send(self, body: Mapping[str, Any], tokens: int, retries: int | None = None) -> Any:  # noqa: ANN401  # JSON
        """The answer to a request, within the budget. Raises what `Client.post` raises, Unreadable for no JSON, BudgetSpent."""
        content = self._client.post(
            "chat/completions", json.dumps(body).encode(), before=lambda: self._budget.reserve(tokens), retries=retries
        )
        try:
            answer = parsed(content)
        except ValueError as error:
            raise Unreadable(f"not JSON ({error}): {self._client.words.line(content)}") from None
        self._budget.settle(tokens, prompt_tokens_used(answer))
        return answer

    def _estimate(self, pair: Mapping[str, Any], chat: Turns) -> int:
        """An estimate of the prompt tokens of a pair."""
        sizes = {f"{n}": (p.shape[1], p.shape[0]) for n, p in enumerate(chat.pictures)}
        query = {"kind": "note", "region": None, "image_ids": list(sizes), "text": pair["query"]["text"]}
        candidate = {"kind": "note", "region": None, "image_ids": [], "text": pair["candidate"]["text"]}
        row = {"task": [pair["task"]], "query": [query], "candidate": [candidate]}
        return prompt_tokens(self.spec, pa.table(row), sizes)

    def _check_server(self) -> None:
        try:
            models = [one["id"] for one in parsed(self._client.get("models"))["data"]]
        except RequestRefused as refusal:
            if refusal.status in UNAUTHORIZED:
                raise self._fault(refusal) from None
            return  # some servers have no list of models
        except Unavailable as error:
            if error.reached:  # a server answers, whatever it returns for this page
                return
            url = self.spec.server.url
            raise SettingsError(
                f"judge.server.url is '{url}': no server answers at this address ({error}); start one, for example"
                f" `vllm serve {self.spec.model}`, or set judge.server.url"
            ) from None
        except (Unreadable, ValueError, LookupError, TypeError):
            return
        if models and self.spec.model not in models:
            names = self._client.words.line(str(sorted(map(str, models))[:20]))
            raise SettingsError(f"judge.model '{self.spec.model}': {self.spec.server.url} serves {names}")

    def _fault(self, refusal: RequestRefused) -> SettingsError:
        server = self.spec.server
        if refusal.status == NOT_FOUND:
            where = f"judge.server.url '{server.url}', judge.model '{self.spec.model}'"
            return SettingsError(f"{where}: {refusal}; the URL of most servers ends in /v1")
        return SettingsError(f"judge.server.url '{server.url}': {refusal}; the API key is read from ${server.key_variable}")
