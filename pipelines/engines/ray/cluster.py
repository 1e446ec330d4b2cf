"""The Ray cluster of a job: the one it was submitted to, or a local one that is started and stopped."""

import logging
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, NamedTuple

import ray
from pydantic import Field

from pipelines.engines.ray.cluster_address import LOCAL, Address, named_cluster, no_cluster, refuse_silence
from pipelines.engines.ray.session_folder import session_folder
from pipelines.workspace.progress_line import log_progress
from schemas.errors import SettingsError

ROOT = Path(__file__).resolve().parents[3]
PACKAGES = ("schemas", "pipelines", "small_encoder")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """Where a Ray job runs, and with how many actors. Does not change the output."""

    address: str | None = None
    """Address of a Ray cluster, host:port or ray://host:port; `local`: start one on this machine. None: RAY_ADDRESS (set by
    `ray job submit`), else local. A cluster of `ray start` is joined only by its address, never discovered."""
    readers: Annotated[int, Field(ge=0)] = 0
    """Actors that read and prepare items. 0: a quarter of the processors, at least one."""
    models: Annotated[int, Field(ge=0)] = 0
    """Actors with a model. 0: one for each GPU; without GPUs half of the processors, at least one."""
    gpus_per_model: Annotated[float, Field(gt=0)] = 1.0
    """GPUs of an actor with a model, if the cluster has any; below 1 several actors share one."""
    object_store_mb: Annotated[int, Field(ge=0)] = 0
    """Megabytes of shared memory of a local Ray; beyond it Ray spills to disk. 0: Ray's default, 30 % of the memory."""


class Machines(NamedTuple):
    """The number of actors that a cluster has room for."""

    readers: int
    models: int
    gpus: float
    """Of each actor with a model; 0: none."""


@contextmanager
def ray_session(settings: Cluster) -> Iterator[Machines]:
    """Connect to Ray while the block runs; a session that this process already has stays.

    Raises:
        SettingsError: the cluster does not answer, or has too few processors for the actors.
    """
    if ray.is_initialized():
        yield _machines(settings)
        return
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    address = named_cluster(settings.address)
    with session_folder() if address is None else nullcontext("") as folder:
        try:
            with _our_signals(sigint_waits=address is None):
                if address is None:
                    _start(settings, folder)
                else:
                    _connect(address)
            yield _machines(settings)
        finally:
            ray.shutdown()


@contextmanager
def _our_signals(sigint_waits: bool) -> Iterator[None]:
    """Keep our signal handlers around `ray.init`, which installs a SIGTERM handler that ends the process without a message.

    Args:
        sigint_waits: whether SIGINT is deferred until the block ends; otherwise Ray would stay half started.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    received: list[int] = []
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    if sigint_waits and before[signal.SIGINT] is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, lambda number, _: received.append(number))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if received:
        raise KeyboardInterrupt


def _connect(address: Address) -> None:
    log_progress(f"Ray: connecting to the cluster at {address.url}")
    refuse_silence(address)
    # `ray job submit` ships the code (--working-dir); a driver outside must ship it itself.
    submitted = "RAY_JOB_CONFIG_JSON_ENV_VAR" in os.environ
    code = {} if submitted else {"py_modules": [str(ROOT / name) for name in PACKAGES]}
    try:
        ray.init(address=address.url, runtime_env=code, log_to_driver=False, logging_level=logging.ERROR)
    except (ConnectionError, TimeoutError, ValueError, RuntimeError) as error:
        raise no_cluster(address, str(error)) from None


def _start(settings: Cluster, folder: str) -> None:
    """Start a local Ray with a logical processor for each actor: with fewer, actors would wait for each other forever."""
    os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    logical = max(os.cpu_count() or 1, 2) + settings.readers + settings.models
    memory = settings.object_store_mb << 20 or None
    for attempt in (1, 2):
        log_progress("Ray: starting a local cluster")
        try:
            ray.init(
                address=LOCAL,
                num_cpus=logical,
                object_store_memory=memory,
                _temp_dir=folder,
                include_dashboard=False,
                log_to_driver=False,
                logging_level=logging.ERROR,
            )
            return
        except Exception as error:  # Ray raises a plain Exception when it is not up after 30 s, as on a busy machine
            if attempt == 2 or "timed out during startup" not in str(error):
                raise
            ray.shutdown()


def _machines(settings: Cluster) -> Machines:
    resources = ray.cluster_resources()  # type: ignore[no-untyped-call]
    cpus, gpus = int(resources.get("CPU", 1)), resources.get("GPU", 0.0)
    readers = settings.readers or max(1, cpus // 4)
    models = settings.models or (max(1, int(gpus / settings.gpus_per_model)) if gpus else max(1, cpus // 2))
    if readers + models > cpus:
        raise SettingsError(
            f"ray.readers {readers} and ray.models {models} need one processor each, but the cluster has {cpus}: set fewer"
        )
    each = settings.gpus_per_model if gpus else 0.0
    if each * models > gpus:
        raise SettingsError(f"ray.models {models} need {each:g} GPUs each, but the cluster has {gpus:g}: set fewer")
    return Machines(readers, models, each)
