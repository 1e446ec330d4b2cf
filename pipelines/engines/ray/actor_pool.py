"""Two pools of actors: readers, and models that work on what those have read."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import ray
from ray.exceptions import RayTaskError

from pipelines.engines.ray.chunk_file import read_chunk, write_chunk
from pipelines.engines.ray.cluster import Machines
from pipelines.engines.ray.dead_actors import DEATHS, Place
from pipelines.items.row_retries import with_answers
from pipelines.workspace.filesystem import Folder
from schemas.errors import StoreError, UninoteError

Load = Callable[[], Callable[..., Any]]
"""Called once in the actor; what it returns does the work. Its attribute `model` names the model."""


class _Actor:
    """Loads at the first call, so that a model that cannot load raises what it raises and does not kill its actor."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._loaded: Callable[..., Any] | None = None

    def _work(self) -> Callable[..., Any]:
        if self._loaded is None:
            self._loaded = self._load()
        return self._loaded

    def model(self) -> str:
        return str(self._work().model)  # type: ignore[attr-defined]  # of models alone

    def told(self, name: str) -> Any:  # noqa: ANN401
        return getattr(self._work(), name)()

    def alive(self) -> None:
        return None

    def read(self, rows: pa.Table) -> Any:  # noqa: ANN401
        return self._work()(rows)

    def write(self, rows: pa.Table, read: Any, folder: Folder, name: str, places: list[int] | None) -> pa.Table:  # noqa: ANN401
        """The reasons of the rows, once the chunk is written; with `places`, they are rows of a chunk that is there."""
        made = self._work()(rows, read)
        write_chunk(made if places is None else with_answers(read_chunk(folder, name), places, made), folder, name)
        return made.select(["reason"])


@dataclass(frozen=True, slots=True)
class Pool:
    """Actors, and what they were asked for. Build it with `pool`."""

    readers: list[Any]
    models: list[Any]
    kind: Any
    """What Ray makes them of."""
    loads: tuple[Load, Load]
    """Of a model, of a reader."""
    gpus: float
    """Of each model."""

    def at(self, place: Place) -> Any:  # noqa: ANN401
        """The actor of a place."""
        return (self.readers if place.reads else self.models)[place.number]

    def again(self, place: Place) -> None:
        """Another actor in this place, that asks for no processor: there may be none left."""
        options = {"num_cpus": 0, "num_gpus": 0 if place.reads else self.gpus, "max_restarts": -1}
        (self.readers if place.reads else self.models)[place.number] = self.kind.options(**options).remote(
            self.loads[place.reads]
        )

    def model(self) -> str:
        """The model's name and fingerprint, by the first actor.

        Raises:
            UninoteError: the model cannot be loaded.
        """
        return str(got(self.models[0].model.remote()))

    def first(self, name: str) -> Any:  # noqa: ANN401
        """What the first actor's model answers to its method of this name.

        Raises:
            UninoteError: what it raises.
        """
        return got(self.models[0].told.remote(name))

    def told(self, name: str) -> list[Any]:
        """What each actor's model answers to its method of this name."""
        return [got(actor.told.remote(name)) for actor in self.models]

    def end(self) -> None:
        """End the actors."""
        for actor in (*self.readers, *self.models):
            ray.kill(actor)


def pool(read: Load, work: Load, machines: Machines) -> Pool:
    """Start both pools; nothing is loaded yet. A dead actor is started again by Ray."""
    kind = ray.remote(_Actor)
    readers = [kind.options(num_cpus=1, max_restarts=-1).remote(read) for _ in range(machines.readers)]
    options = {"num_cpus": 1, "num_gpus": machines.gpus, "max_restarts": -1}
    models = [kind.options(**options).remote(work) for _ in range(machines.models)]
    return Pool(readers, models, kind, (work, read), machines.gpus)


def got(ref: Any) -> Any:  # noqa: ANN401
    """The result; a mistake of the user's as itself, without Ray's wrapping."""
    try:
        return ray.get(ref)
    except RayTaskError as error:
        if isinstance(error.cause, (UninoteError, StoreError, *DEATHS)):
            raise error.cause from None
        raise
