"""Hold a workspace against all rules of inspect/audit: rows accounted for, splits that share nothing, files as published.

    python jobs/audit_workspace.py [--workspace URI] [--set checksums=false]

Prints a line a rule and the rows that break it. Exits 1 when one is broken.
"""

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from schemas.start import starting

with starting("mining"):
    from pipelines.inspect.audit.published_files import list_files
    from pipelines.inspect.audit.report import report
    from pipelines.inspect.audit.run_rules import check
    from pipelines.inspect.audit.settings import AuditWorkspace
    from pipelines.run_job import run_job
    from pipelines.workspace.duckdb.connect import connect, local_views
    from pipelines.workspace.progress_line import say
    from pipelines.workspace.workspace import Workspace

FLAGS = {"workspace": ("--workspace", "the workspace (out)")}


def run(settings: AuditWorkspace) -> None:
    """Settings in, verdicts out."""
    workspace = Workspace(settings.workspace)
    with tempfile.TemporaryDirectory() as folder:
        views = Path(folder) / "views.duckdb"
        local_views(workspace, views)
        with connect(workspace, views) as connection:
            connection.execute("set temp_directory = ?", [folder])
            say("audit: reading the files")
            list_files(connection, workspace, checksums=settings.checksums)
            verdicts = []
            for verdict in check(connection):
                say(f"audit: {verdict.rule.sentence}")
                verdicts.append(verdict)
    sys.stdout.write(report(verdicts))
    sys.exit(1 if any(verdict.breaks for verdict in verdicts) else 0)


if __name__ == "__main__":
    run_job(AuditWorkspace, run, __doc__ or "", FLAGS)
