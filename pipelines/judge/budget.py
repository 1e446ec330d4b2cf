"""What a run may cost: requests and money, counted before they are spent."""

from dataclasses import dataclass
from threading import Lock
from typing import Protocol

from pipelines.judge.preset import Asking

MILLION = 1e6


class Spent(Exception):  # noqa: N818  # the end that the user asked for
    """The next request would go beyond the budget."""


@dataclass(frozen=True, slots=True)
class Bill:
    """What was spent so far."""

    requests: int
    """Sent, retries too."""
    tokens: int
    """Of prompts, as the server counted them; estimates where it did not."""
    cost: float
    """In the currency of the prices."""


class Purse(Protocol):
    """What a judge asks before each request: a `Budget` here, or a handle of one that is elsewhere."""

    ended: str | None

    def take(self, tokens: int) -> None:
        """As `Budget.take`."""

    def settle(self, taken: int, used: int | None) -> None:
        """As `Budget.settle`."""

    def bill(self) -> Bill:
        """As `Budget.bill`."""
        ...


class Budget:
    """Of one run, shared by all who ask: by the threads of a judge, and by actors through `judge_job.ledger`."""

    def __init__(self, asking: Asking) -> None:
        """Keep limits and prices."""
        self._asking, self._lock = asking, Lock()
        self._requests, self._tokens, self._cost = 0, 0, 0.0
        self.ended: str | None = None
        """Which limit ended it; None: it goes on."""

    def take(self, tokens: int) -> None:
        """Before a request of so many prompt tokens (an estimate) is sent: counted as spent.

        Raises:
            Spent: it would go beyond a limit; nothing is counted then, and nothing is let through after it.
        """
        if limit := self.taken(tokens):
            raise Spent(limit)

    def taken(self, tokens: int) -> str | None:
        """As `take`: None, or which limit does not let it through."""
        cost, asking = self._price(tokens), self._asking
        with self._lock:
            if asking.max_requests is not None and self._requests >= asking.max_requests:
                self.ended = f"max_requests = {asking.max_requests}"
            if asking.max_cost is not None and self._cost + cost > asking.max_cost:
                self.ended = f"max_cost = {asking.max_cost}: {self._cost:.4f} is spent"
            if self.ended:
                return self.ended
            self._requests += 1
            self._tokens += tokens
            self._cost += cost
        return None

    def settle(self, taken: int, used: int | None) -> None:
        """After an answer: what the server counted, in place of the estimate.

        Without an answer the estimate stands, for a server may have worked for it; so it does for a count below 1.
        """
        if used is None or used < 1:
            return
        with self._lock:
            self._tokens += used - taken
            self._cost += (used - taken) * self._asking.price_in / MILLION

    def bill(self) -> Bill:
        """So far."""
        with self._lock:
            return Bill(self._requests, self._tokens, self._cost)

    def _price(self, tokens: int) -> float:
        return (tokens * self._asking.price_in + self._asking.price_out) / MILLION
