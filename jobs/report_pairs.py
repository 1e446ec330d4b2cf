"""Write an HTML page about a workspace: samples of the mined pairs with their pictures, to inspect and to label.

    python jobs/report_pairs.py [--workspace URI] [--output FILE.html] [--labels FILE] [--config FILE.toml]
        [--set section.key=value ...]

Needs neither Spark nor Ray. The page contains its pictures and makes no network requests.
Settings: docs/reference/settings/report_pairs.md.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from schemas.start import starting

with starting("mining"):
    from pipelines.inspect.report.flow import report
    from pipelines.inspect.report.settings import ReportPairs
    from pipelines.inspect.report.summary import place, summary
    from pipelines.run_job import run_job
    from pipelines.workspace.filesystem import Folder, absolute
    from pipelines.workspace.progress_line import log_progress
    from pipelines.workspace.workspace import Workspace
    from schemas.folders import make_folder

FLAGS = {
    "workspace": ("--workspace", "the mined workspace (default: out)"),
    "output": ("--output", "file to write the page to (default: report.html in the workspace)"),
    "labels": ("--labels", "people's labels (.csv, .jsonl or .parquet), used for the reliability curve"),
}


def run(settings: ReportPairs) -> None:
    """Run the job: the page is written."""
    workspace = Workspace(absolute(settings.workspace))
    folder, name = place(workspace.folder.uri, settings.output)
    if settings.output and Folder(folder).is_local():
        make_folder(Path(absolute(folder)), "--output")
    page = report(workspace, settings, log_progress)
    Folder(folder).write(name, page.html.encode())
    sys.stdout.write(summary(f"{folder}/{name}", page))


if __name__ == "__main__":
    run_job(ReportPairs, run, __doc__ or "", FLAGS)
