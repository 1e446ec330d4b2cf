"""What all jobs' command lines have in common: settings in, exit codes out."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeVar

from pipelines.workspace.faults import store_fault, told
from schemas.command import Flag, run_command
from schemas.errors import StoreError

S = TypeVar("S")


def run_job(
    kind: type[S],
    run: Callable[[S], None],
    about: str,
    flags: Mapping[str, Flag],
    switches: Mapping[str, tuple[str, str]] = MappingProxyType({}),
) -> None:
    """As `run_command`; what a task said of a store that does not answer is one line."""

    def guarded(settings: S) -> None:
        try:
            run(settings)
        except Exception as error:
            line = store_fault(error)
            if line is None:
                raise
            raise StoreError(line) from error

    run_command(kind, guarded, about, flags, switches, mendable=told)
