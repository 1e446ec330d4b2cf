"""What all jobs' command lines have in common: settings in, exit codes out."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from pipelines.workspace.error_messages import store_fault, told
from pipelines.workspace.filesystem import Folder, absolute
from schemas.command import Flag, run_command
from schemas.errors import StoreError
from schemas.folders import refuse_file

S = TypeVar("S")
GO_ON = "what was published before stands; run the same command again: it goes on with what is not finished"


def run_job(
    kind: type[S],
    run: Callable[[S], None],
    about: str,
    flags: Mapping[str, Flag],
    switches: Mapping[str, tuple[str, str]] = MappingProxyType({}),
    *,
    requirements: str = "mining",
) -> None:
    """As `run_command`; what a task said of a store that does not answer is one line.

    A workspace that is a file is refused before anything is done.
    """

    def guarded(settings: S) -> None:
        _refuse_a_file(settings)
        try:
            run(settings)
        except Exception as error:
            line = store_fault(error)
            if line is None:
                raise
            raise StoreError(line) from error

    run_command(kind, guarded, about, flags, switches, mendable=told, requirements=requirements, go_on=GO_ON)


def _refuse_a_file(settings: object) -> None:
    workspace = getattr(settings, "workspace", None)
    if isinstance(workspace, str) and Folder(workspace).is_local():
        refuse_file(Path(absolute(workspace)), "--workspace")
