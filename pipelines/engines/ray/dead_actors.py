"""Dead actors: they get no work until they have restarted, while the other actors go on."""

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import ray
from ray.exceptions import (
    NodeDiedError,
    ObjectLostError,
    OutOfMemoryError,
    RayActorError,
    WorkerCrashedError,
)

from pipelines.workspace.progress_line import log_progress
from schemas.errors import SettingsError

DEATHS = (RayActorError, WorkerCrashedError, ObjectLostError, NodeDiedError, OutOfMemoryError)
"""Errors that mean that a process or a machine is gone: its work goes to another actor."""
RESTART_S = 30.0
"""Seconds that Ray has to restart an actor. After that its machine counts as gone, and the actor is replaced by one that
reserves no processor, because the remaining actors may hold all of them."""
GIVE_UP_S = 300.0
"""Seconds after which the job fails when all actors are dead."""
PAUSE_S = 0.2


class ActorSlot(NamedTuple):
    """The position of an actor in its pool; it stays when the actor is replaced."""

    is_reader: bool
    """Whether the actor is a reader; otherwise it holds a model."""
    number: int


class _Restart(NamedTuple):
    slot: ActorSlot
    since: float
    """`time.monotonic()` of the death."""
    replaced: bool


class DeadActors:
    """The actors of a pool that have died and not restarted. Each is pinged; it counts as dead until it replies."""

    def __init__(self, actor: Callable[[ActorSlot], Any], replace: Callable[[ActorSlot], Any]) -> None:
        """Start with no dead actor.

        Args:
            actor: returns the actor of a slot.
            replace: starts a new actor in a slot, which reserves no processor.
        """
        self._actor, self._replace = actor, replace
        self._restarts: dict[Any, _Restart] = {}

    def __contains__(self, slot: ActorSlot) -> bool:
        """Whether the actor of this slot is dead."""
        return any(restart.slot == slot for restart in self._restarts.values())

    def refs(self) -> list[Any]:
        """Pings to pass to `ray.wait`."""
        return list(self._restarts)

    def mark(self, slot: ActorSlot) -> None:
        """A task of this actor died, so the actor may be dead: ping it."""
        if slot not in self:
            self._ping(_Restart(slot, time.monotonic(), replaced=False))

    def handle_reply(self, ref: Any) -> None:  # noqa: ANN401
        """Process a ping of `refs` that is ready: the actor has restarted, or has died again."""
        restart = self._restarts.pop(ref)
        try:
            ray.get(ref)
        except DEATHS:
            time.sleep(PAUSE_S)
            self._ping(restart)

    def replace_overdue(self, idle: bool) -> None:
        """Replace the actors that have been dead for more than RESTART_S.

        Args:
            idle: whether no chunk is in progress.

        Raises:
            SettingsError: no chunk is in progress, and all dead actors have been so for more than GIVE_UP_S.
        """
        now = time.monotonic()
        for ref, restart in list(self._restarts.items()):
            if not restart.replaced and now - restart.since > RESTART_S:
                del self._restarts[ref]
                log_progress(
                    f"Ray: a process has not restarted within {RESTART_S:.0f} s; its machine is gone, starting it on another"
                )
                ray.kill(self._actor(restart.slot))
                self._replace(restart.slot)
                self._ping(restart._replace(replaced=True))
        if idle and self._restarts and all(now - restart.since > GIVE_UP_S for restart in self._restarts.values()):
            raise SettingsError(
                f"Ray: all processes have died, and none restarted within {GIVE_UP_S:.0f} s; the cluster has too few machines "
                "left. Finished chunks are kept: when there are more machines, run the job again"
            )

    def _ping(self, restart: _Restart) -> None:
        self._restarts[self._actor(restart.slot).ping.remote()] = restart
