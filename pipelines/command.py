"""What all jobs' command lines have in common: settings in, exit codes out."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from pipelines.credentials import refuse_credentials
from pipelines.workspace.faults import told
from pipelines.workspace.files import Folder, absolute
from schemas.command import Flag, run_command
from schemas.folders import refuse_file
from schemas.settings import as_tree

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
    """As `run_command`; a setting that holds a password or a signature is refused before anything is done.

    So is a workspace that is a file.
    """

    def guarded(settings: S) -> None:
        refuse_credentials(as_tree(settings))
        _refuse_a_file(settings)
        run(settings)

    run_command(kind, guarded, about, flags, switches, mendable=told, requirements=requirements, go_on=GO_ON)


def _refuse_a_file(settings: object) -> None:
    workspace = getattr(settings, "workspace", None)
    if isinstance(workspace, str) and Folder(workspace).is_local():
        refuse_file(Path(absolute(workspace)), "--workspace")
