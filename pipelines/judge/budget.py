"""The budget of a run: requests and money, counted before each request."""

from dataclasses import dataclass
from threading import Lock
from typing import Protocol

from pipelines.judge.preset import JudgeServer

MILLION = 1e6


class BudgetSpent(Exception):  # noqa: N818  # the end that the user asked for
    """The next request would exceed the budget."""


@dataclass(frozen=True, slots=True)
class Spending:
    """What was spent so far."""

    requests: int
    """Requests sent, including retries."""
    tokens: int
    """Prompt tokens as the server counted them; estimates where it did not."""
    cost: float
    """In the currency of the prices."""


class RequestBudget(Protocol):
    """What a judge calls before each request: a `LocalBudget`, or a handle of one in another process."""

    exhausted: str | None

    def reserve(self, tokens: int) -> None:
        """As `LocalBudget.reserve`."""

    def settle(self, reserved: int, used: int | None) -> None:
        """As `LocalBudget.settle`."""

    def spending(self) -> Spending:
        """As `LocalBudget.spending`."""
        ...


class LocalBudget:
    """The budget of one run, shared by the threads of a judge; by actors through `budget_actor.SharedBudget`."""

    def __init__(self, server: JudgeServer) -> None:
        """Keep limits and prices."""
        self._server, self._lock = server, Lock()
        self._requests, self._tokens, self._cost = 0, 0, 0.0
        self.exhausted: str | None = None
        """The limit that was reached; None: requests may go on."""

    def reserve(self, tokens: int) -> None:
        """Count a request as spent before it is sent; `tokens` is an estimate of its prompt tokens.

        Raises:
            BudgetSpent: it would exceed a limit; it is not counted then, and every later request is refused.
        """
        if limit := self.try_reserve(tokens):
            raise BudgetSpent(limit)

    def try_reserve(self, tokens: int) -> str | None:
        """As `reserve`; returns None, or the limit that would be exceeded."""
        cost, limits = self._price(tokens), self._server
        with self._lock:
            if limits.max_requests is not None and self._requests >= limits.max_requests:
                self.exhausted = f"max_requests = {limits.max_requests}"
            if limits.max_cost is not None and self._cost + cost > limits.max_cost:
                self.exhausted = f"max_cost = {limits.max_cost}: {self._cost:.4f} spent so far"
            if self.exhausted:
                return self.exhausted
            self._requests += 1
            self._tokens += tokens
            self._cost += cost
        return None

    def settle(self, reserved: int, used: int | None) -> None:
        """Replace the estimate of a request by the tokens that the server counted.

        The estimate stays if there is no count (the server may have worked nevertheless) or a count below 1.
        """
        if used is None or used < 1:
            return
        with self._lock:
            self._tokens += used - reserved
            self._cost += (used - reserved) * self._server.price_in / MILLION

    def spending(self) -> Spending:
        """What was spent so far."""
        with self._lock:
            return Spending(self._requests, self._tokens, self._cost)

    def _price(self, tokens: int) -> float:
        return (tokens * self._server.price_in + self._server.price_out) / MILLION
