"""Write one HTML page of a workspace: what was mined, with the pictures, to look at and to label.

    python jobs/report_pairs.py [--workspace URI] [--output FILE.html] [--labels FILE] [--config FILE.toml]
        [--set section.key=value ...]

Needs neither Spark nor Ray. The page holds its pictures and asks no network for anything.
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
    from pipelines.workspace.progress_line import say
    from pipelines.workspace.workspace import Workspace
    from schemas.folders import make_folder

FLAGS = {
    "workspace": ("--workspace", "the mined workspace (out)"),
    "output": ("--output", "where the page is written (report.html in the workspace)"),
    "labels": ("--labels", "labels that people gave, .csv, .jsonl or .parquet: the reliability curve is then of them"),
}


def run(settings: ReportPairs) -> None:
    """Settings in, a page out."""
    workspace = Workspace(absolute(settings.workspace))
    folder, name = place(workspace.folder.uri, settings.output)
    if settings.output and Folder(folder).is_local():
        make_folder(Path(absolute(folder)), "--output")
    made = report(workspace, settings, say)
    Folder(folder).write(name, made.html.encode())
    sys.stdout.write(summary(f"{folder}/{name}", made))


if __name__ == "__main__":
    run_job(ReportPairs, run, __doc__ or "", FLAGS)
