"""The Ray that a job works on: the cluster that it was sent to, or a local one that is started and ended."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, NamedTuple

import ray
from pydantic import Field

from pipelines.workspace.say import say
from schemas.errors import SettingsError

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("schemas", "pipelines", "small_encoder")
LOCAL = "local"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """Where a Ray job works, and with how many actors. None of it moves a row."""

    address: str | None = None
    """Of a Ray cluster; `local`: one of our own on this machine. None: RAY_ADDRESS (set by `ray job submit`), else the cluster
    that `ray start` has started here, else local."""
    readers: Annotated[int, Field(ge=0)] = 0
    """Actors that read and prepare. 0: a quarter of the processors, at least one."""
    models: Annotated[int, Field(ge=0)] = 0
    """Actors that hold the model. 0: one a GPU; without GPUs half of the processors, at least one."""
    gpus_per_model: Annotated[float, Field(gt=0)] = 1.0
    """GPUs of an actor with a model, where the cluster has any; below 1 several share one."""
    object_store_mb: Annotated[int, Field(ge=0)] = 0
    """Megabytes of shared memory of a local Ray; beyond it Ray writes to disk. 0: Ray's own, 30 % of the memory."""


class Machines(NamedTuple):
    """What there is to work with."""

    readers: int
    models: int
    gpus: float
    """Of each actor with a model; 0: none."""


@contextmanager
def ray_session(settings: Cluster) -> Iterator[Machines]:
    """Ray while the block runs; one that is running in this process already stays.

    Raises:
        SettingsError: the cluster does not answer, or has fewer processors than the actors that were asked for.
    """
    if ray.is_initialized():
        yield _machines(settings)
        return
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    address = settings.address or os.environ.get("RAY_ADDRESS") or _started_here()
    if address and address != LOCAL:
        _connect(address)
    else:
        _start(settings)
    try:
        yield _machines(settings)
    finally:
        ray.shutdown()


def _connect(address: str) -> None:
    say(f"Ray: the cluster at {address}")
    # `ray job submit` has sent the code along (--working-dir); a driver of its own has to.
    sent = "RAY_JOB_CONFIG_JSON_ENV_VAR" in os.environ
    code = {} if sent else {"py_modules": [str(ROOT / name) for name in PACKAGES]}
    try:
        ray.init(address=address, runtime_env=code, log_to_driver=False, logging_level=logging.ERROR)
    except (ConnectionError, ValueError) as error:
        raise SettingsError(
            f"ray.address {address}: no Ray cluster answers there ({error}); start it, or --set ray.address=local"
        ) from None


def _start(settings: Cluster) -> None:
    """A local Ray with a processor, on paper, for each actor: with fewer the actors would wait for each other for ever."""
    os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    logical = max(os.cpu_count() or 1, 2) + settings.readers + settings.models
    memory = settings.object_store_mb << 20 or None
    for attempt in (1, 2):
        say("Ray: a local one")
        try:
            ray.init(
                address=LOCAL,
                num_cpus=logical,
                object_store_memory=memory,
                include_dashboard=False,
                log_to_driver=False,
                logging_level=logging.ERROR,
            )
            return
        except Exception as error:  # Ray raises a plain one when its parts are not up after 30 s, as on a busy machine
            if attempt == 2 or "timed out during startup" not in str(error):
                raise
            ray.shutdown()


def _started_here() -> str | None:
    """The address that `ray start` leaves on its machine; a job's own local Ray leaves none."""
    place = Path(os.environ.get("RAY_TMPDIR", "/tmp")) / "ray" / "ray_current_cluster"
    return place.read_text().strip() or None if place.exists() else None


def _machines(settings: Cluster) -> Machines:
    has = ray.cluster_resources()  # type: ignore[no-untyped-call]
    cpus, gpus = int(has.get("CPU", 1)), has.get("GPU", 0.0)
    readers = settings.readers or max(1, cpus // 4)
    models = settings.models or (max(1, int(gpus / settings.gpus_per_model)) if gpus else max(1, cpus // 2))
    if readers + models > cpus:
        raise SettingsError(
            f"ray.readers {readers} and ray.models {models} want a processor each, and the cluster has {cpus}: set fewer"
        )
    each = settings.gpus_per_model if gpus else 0.0
    if each * models > gpus:
        raise SettingsError(f"ray.models {models} want {each:g} GPUs each, and the cluster has {gpus:g}: set fewer")
    return Machines(readers, models, each)
