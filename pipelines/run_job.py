"""The common command line of all jobs: `run_command` with the jobs' error messages."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from pipelines.workspace.error_messages import store_fault, user_message
from pipelines.workspace.filesystem import Folder, absolute
from schemas.command import Flag, run_command
from schemas.errors import StoreError
from schemas.folders import refuse_file

S = TypeVar("S")
RESUME_HINT = "published datasets are kept; run the same command again to resume"


def run_job(
    kind: type[S],
    run: Callable[[S], None],
    about: str,
    flags: Mapping[str, Flag],
    switches: Mapping[str, tuple[str, str]] = MappingProxyType({}),
    *,
    requirements: str = "mining",
) -> None:
    """Run a job as `run_command` does; a store that does not answer ends it in one line, also when a task reports it.

    A workspace that is a file is rejected before the job starts.
    """

    def guarded(settings: S) -> None:
        _refuse_file_as_workspace(settings)
        try:
            run(settings)
        except Exception as error:
            line = store_fault(error)
            if line is None:
                raise
            raise StoreError(line) from error

    run_command(
        kind, guarded, about, flags, switches, user_message=user_message, requirements=requirements, resume_hint=RESUME_HINT
    )


def _refuse_file_as_workspace(settings: object) -> None:
    workspace = getattr(settings, "workspace", None)
    if isinstance(workspace, str) and Folder(workspace).is_local():
        refuse_file(Path(absolute(workspace)), "--workspace")
