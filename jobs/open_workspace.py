"""Write a local file of a workspace's views, wherever the workspace lies: on S3, on an fsspec URI, or copied from there.

    python jobs/open_workspace.py --workspace URI [--out FILE.duckdb]

A workspace on a disk brings its own workspace.duckdb, which may be moved with it. Queries: docs/reference/sql.md.
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

FLAGS = {"workspace": ("--workspace", "the workspace (out)"), "out": ("--out", "the file of views (views.duckdb)")}


def run(settings: OpenWorkspace) -> None:
    """Settings in, a file of views out."""
    make_folder(Path(settings.out).absolute().parent, "--out")
    local_views(Workspace(settings.workspace), Path(settings.out))
    sys.stdout.write(f"Views of {settings.workspace} in {settings.out}. Next: duckdb {settings.out} -c 'from funnel()'\n")


if __name__ == "__main__":
    run_job(OpenWorkspace, run, __doc__ or "", FLAGS)
