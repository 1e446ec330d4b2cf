"""Settings of jobs/open_workspace.py."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenWorkspace:
    """Settings of jobs/open_workspace.py."""

    workspace: str = "out"
    """The workspace (any URI)."""
    out: str = "views.duckdb"
    """The file that is written, on this machine."""
