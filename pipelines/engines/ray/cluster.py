"""The Ray that a job works on: the cluster that it was sent to, or a local one that is started and ended."""

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
    """Where a Ray job works, and with how many actors. None of it moves a row."""

    address: str | None = None
    """Of a Ray cluster, host:port or ray://host:port; `local`: one of our own on this machine. None: RAY_ADDRESS (set by
    `ray job submit`), else local. A cluster that `ray start` has started is joined by its address, never by being found."""
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
    """Around `ray.init`, which sets a handler of SIGTERM that ends the process without a word: ours is set again.

    Args:
        sigint_waits: until the block has ended; Ray would leave its parts half started.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    if sigint_waits and before[signal.SIGINT] is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, lambda number, _: came.append(number))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if came:
        raise KeyboardInterrupt


def _connect(address: Address) -> None:
    log_progress(f"Ray: the cluster at {address.url}")
    refuse_silence(address)
    # `ray job submit` has sent the code along (--working-dir); a driver of its own has to.
    sent = "RAY_JOB_CONFIG_JSON_ENV_VAR" in os.environ
    code = {} if sent else {"py_modules": [str(ROOT / name) for name in PACKAGES]}
    try:
        ray.init(address=address.url, runtime_env=code, log_to_driver=False, logging_level=logging.ERROR)
    except (ConnectionError, TimeoutError, ValueError, RuntimeError) as error:
        raise no_cluster(address, str(error)) from None


def _start(settings: Cluster, folder: str) -> None:
    """A local Ray with a processor, on paper, for each actor: with fewer the actors would wait for each other for ever."""
    os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    logical = max(os.cpu_count() or 1, 2) + settings.readers + settings.models
    memory = settings.object_store_mb << 20 or None
    for attempt in (1, 2):
        log_progress("Ray: a local one")
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
        except Exception as error:  # Ray raises a plain one when its parts are not up after 30 s, as on a busy machine
            if attempt == 2 or "timed out during startup" not in str(error):
                raise
            ray.shutdown()


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
