"""Settings of jobs/audit_workspace.py."""

from dataclasses import dataclass

from schemas.settings import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditWorkspace:
    """Settings of jobs/audit_workspace.py."""

    workspace: Place = "out"
    """The workspace: any URI."""
    checksums: bool = True
    """Read every file completely to check its sha256; false reads only the footers, which is faster."""
