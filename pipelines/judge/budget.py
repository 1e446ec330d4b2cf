"""What a run may cost: requests and money, counted before they are spent."""

from dataclasses import dataclass
from threading import Lock

from pipelines.judge.spec import Asking

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


class Budget:
    """One judge's, shared by its threads. A judge that is loaded again has a new one."""

    def __init__(self, asking: Asking) -> None:
        """Keep limits and prices."""
        self._asking, self._lock = asking, Lock()
        self._requests, self._tokens, self._cost = 0, 0, 0.0

    def take(self, tokens: int) -> None:
        """Before a request of so many prompt tokens (an estimate) is sent: counted as spent.

        Raises:
            Spent: it would go beyond a limit; nothing is counted then.
        """
        cost, asking = self._price(tokens), self._asking
        with self._lock:
            if asking.max_requests is not None and self._requests >= asking.max_requests:
                raise Spent(f"max_requests = {asking.max_requests}")
            if asking.max_cost is not None and self._cost + cost > asking.max_cost:
                raise Spent(f"max_cost = {asking.max_cost}: {self._cost:.4f} is spent")
            self._requests += 1
            self._tokens += tokens
            self._cost += cost

    def settle(self, taken: int, used: int | None) -> None:
        """After an answer: what the server counted, in place of the estimate.

        Without an answer the estimate stands, for a server may have worked for it.
        """
        if used is None:
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
