"""Write a local file of views over a workspace on any file system: S3, an fsspec URI, or a copy.

    python jobs/open_workspace.py --workspace URI [--out FILE.duckdb]

A workspace on a disk has its own workspace.duckdb, which can be moved with it. Queries: docs/reference/sql.md.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from schemas.start import starting

with starting("mining"):
    from pipelines.run_job import run_job
    from pipelines.workspace.duckdb.connect import local_views
    from pipelines.workspace.duckdb.settings import OpenWorkspace
    from pipelines.workspace.workspace import Workspace
    from schemas.folders import make_folder

FLAGS = {
    "workspace": ("--workspace", "the workspace (default: out)"),
    "out": ("--out", "file to write (default: views.duckdb)"),
}


def run(settings: OpenWorkspace) -> None:
    """Run the job: a file of views is written."""
    make_folder(Path(settings.out).absolute().parent, "--out")
    local_views(Workspace(settings.workspace), Path(settings.out))
    sys.stdout.write(f"Wrote views of {settings.workspace} to {settings.out}. Next: duckdb {settings.out} -c 'from funnel()'\n")


if __name__ == "__main__":
    run_job(OpenWorkspace, run, __doc__ or "", FLAGS)
