"""The budget of a run as an actor of its own: whichever judge dies and starts again, what was spent is spent."""

from typing import Any

import ray
from ray.exceptions import ActorDiedError, ActorUnavailableError, RayActorError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from pipelines.judge.budget import Bill, Budget, Spent
from pipelines.judge.preset import Asking
from schemas.errors import DataError

GONE = (RayActorError, ActorDiedError, ActorUnavailableError)


class Ledger:
    """A handle of the run's `Budget`. It is sent to the judges; each request asks it, half a millisecond."""

    def __init__(self, asking: Asking) -> None:
        """Start the actor beside the job, so that it is lost with the job's machine and with no other.

        It is not started again: a new one would know nothing of what was spent.
        """
        here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
        options = {"num_cpus": 0, "max_restarts": 0, "scheduling_strategy": here}
        self._actor: Any = ray.remote(Budget).options(**options).remote(asking)
        self.ended: str | None = None
        """Which limit ended it, as far as this handle knows."""

    def take(self, tokens: int) -> None:
        """As `Budget.take`.

        Raises:
            DataError: the actor has died, so nobody knows what was spent.
        """
        self.ended = self._ask(self._actor.taken, tokens)
        if self.ended:
            raise Spent(self.ended)

    def settle(self, taken: int, used: int | None) -> None:
        """As `Budget.settle`; raises as `take`."""
        self._ask(self._actor.settle, taken, used)

    def bill(self) -> Bill:
        """As `Budget.bill`; raises as `take`."""
        return self._ask(self._actor.bill)

    def end(self) -> None:
        """End the actor."""
        ray.kill(self._actor)

    def _ask(self, method: Any, *arguments: Any) -> Any:  # noqa: ANN401
        try:
            return ray.get(method.remote(*arguments))
        except GONE:
            raise DataError(
                "judge: the process that counts what the run has spent has died, so nothing more is asked; run again (what was"
                " answered is kept)"
            ) from None
