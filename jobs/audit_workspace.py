"""Check a workspace against all rules of inspect/audit: row counts, leaks between splits, files and checksums.

    python jobs/audit_workspace.py [--workspace URI] [--set checksums=false]

Prints one line per rule, and rows that violate it. Exits with 1 if a rule fails.
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
    from pipelines.workspace.progress_line import log_progress
    from pipelines.workspace.workspace import Workspace

FLAGS = {"workspace": ("--workspace", "the workspace (default: out)")}


def run(settings: AuditWorkspace) -> None:
    """Run the job: results are printed."""
    workspace = Workspace(settings.workspace)
    with tempfile.TemporaryDirectory() as folder:
        views = Path(folder) / "views.duckdb"
        local_views(workspace, views)
        with connect(workspace, views) as connection:
            connection.execute("set temp_directory = ?", [folder])
            log_progress("audit: reading the files")
            list_files(connection, workspace, checksums=settings.checksums)
            results = []
            for result in check(connection):
                log_progress(f"audit: {result.rule.sentence}")
                results.append(result)
    sys.stdout.write(report(results))
    sys.exit(1 if any(result.violations for result in results) else 0)


if __name__ == "__main__":
    run_job(AuditWorkspace, run, __doc__ or "", FLAGS)
