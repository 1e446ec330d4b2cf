"""The jobs' command line: `schemas.command`, which the trainer shares, and what the machine refuses a job in one line."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeVar

from pipelines.workspace.faults import told
from schemas.command import run_command

S = TypeVar("S")


def run_job(
    kind: type[S],
    run: Callable[[S], None],
    about: str,
    flags: Mapping[str, tuple[str, str]],
    switches: Mapping[str, tuple[str, str]] = MappingProxyType({}),
) -> None:
    """As `run_command`."""
    run_command(kind, run, about, flags, switches, mendable=told)
