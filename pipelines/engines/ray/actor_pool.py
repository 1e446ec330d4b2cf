"""A pool of two kinds of actors: readers prepare rows, models work on what the readers return."""

from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import pyarrow as pa
import ray
from ray.exceptions import RayTaskError

from pipelines.engines.ray.chunk_file import read_chunk, write_chunk
from pipelines.engines.ray.cluster import Machines
from pipelines.engines.ray.dead_actors import DEATHS, ActorSlot
from pipelines.items.row_retries import with_answers
from pipelines.workspace.filesystem import Folder
from schemas.errors import StoreError, UninoteError

Load = Callable[[], Callable[..., Any]]
"""Called once in the actor; returns the worker. A model's worker has an attribute `model`, its name and fingerprint."""


class _Actor:
    """Loads at the first call, so that a model that cannot load raises its own error instead of killing the actor."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._loaded: Callable[..., Any] | None = None

    def _worker(self) -> Callable[..., Any]:
        if self._loaded is None:
            self._loaded = self._load()
        return self._loaded

    def model(self) -> str:
        return str(self._worker().model)  # type: ignore[attr-defined]  # of models alone

    def call(self, method: str) -> Any:  # noqa: ANN401
        return getattr(self._worker(), method)()

    def ping(self) -> None:
        return None

    def read(self, rows: pa.Table) -> Any:  # noqa: ANN401
        return self._worker()(rows)

    def write(self, rows: pa.Table, read: Any, folder: Folder, name: str, places: list[int] | None) -> pa.Table:  # noqa: ANN401
        """Write the chunk and return its column `reason`; with `places`, the rows replace those of an existing chunk."""
        results = self._worker()(rows, read)
        write_chunk(results if places is None else with_answers(read_chunk(folder, name), places, results), folder, name)
        return results.select(["reason"])


@dataclass(frozen=True, slots=True)
class ActorPool:
    """Running actors; a context manager that ends them. Create it with `start_pool`."""

    readers: list[Any]
    models: list[Any]
    kind: Any
    """The Ray actor class of both."""
    load_model: Load
    load_reader: Load
    gpus: float
    """Of each model."""

    def __enter__(self) -> Self:
        """The pool itself; the actors run already."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """End the actors: what comes next needs their processors."""
        self.end()

    def actor(self, slot: ActorSlot) -> Any:  # noqa: ANN401
        """The actor of a slot."""
        return (self.readers if slot.is_reader else self.models)[slot.number]

    def replace(self, slot: ActorSlot) -> None:
        """Start another actor in this slot. It reserves no processor: there may be none left."""
        options = {"num_cpus": 0, "num_gpus": 0 if slot.is_reader else self.gpus, "max_restarts": -1}
        load = self.load_reader if slot.is_reader else self.load_model
        (self.readers if slot.is_reader else self.models)[slot.number] = self.kind.options(**options).remote(load)

    def model(self) -> str:
        """Ask the first actor for its model's name and fingerprint.

        Raises:
            UninoteError: the model cannot be loaded.
        """
        return str(ray_result(self.models[0].model.remote()))

    def call_first(self, method: str) -> Any:  # noqa: ANN401
        """Call a method of the first actor's model.

        Raises:
            UninoteError: raised by the method.
        """
        return ray_result(self.models[0].call.remote(method))

    def end(self) -> None:
        """End the actors."""
        for actor in (*self.readers, *self.models):
            ray.kill(actor)


def start_pool(load_reader: Load, load_model: Load, machines: Machines) -> ActorPool:
    """Start readers and models; nothing is loaded yet. Ray restarts an actor that dies."""
    kind = ray.remote(_Actor)
    readers = [kind.options(num_cpus=1, max_restarts=-1).remote(load_reader) for _ in range(machines.readers)]
    options = {"num_cpus": 1, "num_gpus": machines.gpus, "max_restarts": -1}
    models = [kind.options(**options).remote(load_model) for _ in range(machines.models)]
    return ActorPool(readers, models, kind, load_model, load_reader, machines.gpus)


def ray_result(ref: Any) -> Any:  # noqa: ANN401
    """`ray.get`, but errors of the user and of the store are raised as themselves, without Ray's wrapping."""
    try:
        return ray.get(ref)
    except RayTaskError as error:
        if isinstance(error.cause, (UninoteError, StoreError, *DEATHS)):
            raise error.cause from None
        raise
