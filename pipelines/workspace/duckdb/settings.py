"""Settings of jobs/open_workspace.py."""

from dataclasses import dataclass

from schemas.settings import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenWorkspace:
    """Settings of jobs/open_workspace.py."""

    workspace: Place = "out"
    """The workspace: any URI."""
    out: Place = "views.duckdb"
    """Local file to write the views to."""
