"""Actors that have died and are not there again: nothing is given to them, and the others go on meanwhile."""

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
"""A process or a machine is gone; the work is given to another."""
LOST_S = 30.0
"""Seconds after which an actor that has not come back is started without asking for a processor: its machine is gone, and the
processors of those that are left may all be taken."""
REVIVAL_S = 300.0
"""Seconds that all actors may be away."""
PAUSE_S = 0.2


class Place(NamedTuple):
    """Of an actor in its pool."""

    reads: bool
    """Whether it is a reader; else it has a model."""
    number: int


class _Asked(NamedTuple):
    place: Place
    since: float
    moved: bool


class Away:
    """Which actors are away. An actor that has died is asked whether it is alive; it is away until it says so."""

    def __init__(self, actor: Callable[[Place], Any], again: Callable[[Place], Any]) -> None:
        """Nobody is away.

        Args:
            actor: the one at a place.
            again: starts another one at a place, that asks for no processor, and gives it.
        """
        self._actor, self._again = actor, again
        self._asked: dict[Any, _Asked] = {}

    def __contains__(self, place: Place) -> bool:
        """Whether the actor of this place is away."""
        return any(asked.place == place for asked in self._asked.values())

    def refs(self) -> list[Any]:
        """What Ray is to be waited for."""
        return list(self._asked)

    def died(self, place: Place) -> None:
        """Something that it was given has died: it may be away."""
        if place not in self:
            self._ask(_Asked(place, time.monotonic(), moved=False))

    def answered(self, ref: Any) -> None:  # noqa: ANN401
        """One of `refs` is there: it is back, or it has died once more."""
        asked = self._asked.pop(ref)
        try:
            ray.get(ref)
        except DEATHS:
            time.sleep(PAUSE_S)
            self._ask(asked)

    def overdue(self, idle: bool) -> None:
        """Start those anew that have been away for too long.

        Args:
            idle: whether nothing is under way.

        Raises:
            SettingsError: nothing is under way, and nobody has come back.
        """
        now = time.monotonic()
        for ref, asked in list(self._asked.items()):
            if not asked.moved and now - asked.since > LOST_S:
                del self._asked[ref]
                log_progress(
                    f"Ray: a process has not come back for {LOST_S:.0f} s; its machine is gone, it is started on another"
                )
                ray.kill(self._actor(asked.place))
                self._again(asked.place)
                self._ask(asked._replace(moved=True))
        if idle and self._asked and all(now - asked.since > REVIVAL_S for asked in self._asked.values()):
            raise SettingsError(
                f"Ray: all processes have died, and none came back within {REVIVAL_S:.0f} s; the cluster has too few machines "
                "left. What is finished is kept: when there are more, run the job again"
            )

    def _ask(self, asked: _Asked) -> None:
        self._asked[self._actor(asked.place).alive.remote()] = asked
