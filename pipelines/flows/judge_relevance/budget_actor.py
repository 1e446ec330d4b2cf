"""The budget of a run as an actor of its own, so that it survives the death and restart of judges."""

from typing import Any

import ray
from ray.exceptions import ActorDiedError, ActorUnavailableError, RayActorError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from pipelines.judge.budget import BudgetSpent, LocalBudget, Spending
from pipelines.judge.preset import JudgeServer
from schemas.errors import DataError

ACTOR_LOST = (RayActorError, ActorDiedError, ActorUnavailableError)


class SharedBudget:
    """A handle of the run's `LocalBudget`, sent to the judges; each request calls it, half a millisecond."""

    def __init__(self, server: JudgeServer) -> None:
        """Start the actor on the job's node, so that it is lost only with the job.

        It is never restarted: a new one would not know what was spent.
        """
        same_node = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
        options = {"num_cpus": 0, "max_restarts": 0, "scheduling_strategy": same_node}
        self._actor: Any = ray.remote(LocalBudget).options(**options).remote(server)
        self.exhausted: str | None = None
        """The limit that was reached, as far as this handle knows."""

    def reserve(self, tokens: int) -> None:
        """As `LocalBudget.reserve`.

        Raises:
            DataError: the actor has died, so what was spent is unknown.
        """
        self.exhausted = self._call(self._actor.try_reserve, tokens)
        if self.exhausted:
            raise BudgetSpent(self.exhausted)

    def settle(self, reserved: int, used: int | None) -> None:
        """As `LocalBudget.settle`; raises as `reserve`."""
        self._call(self._actor.settle, reserved, used)

    def spending(self) -> Spending:
        """As `LocalBudget.spending`; raises as `reserve`."""
        return self._call(self._actor.spending)

    def end(self) -> None:
        """End the actor."""
        ray.kill(self._actor)

    def _call(self, method: Any, *arguments: Any) -> Any:  # noqa: ANN401
        try:
            return ray.get(method.remote(*arguments))
        except ACTOR_LOST:
            raise DataError(
                "judge: the process that counts the run's spending has died, so no more requests are sent; run again (earlier"
                " answers are kept)"
            ) from None
