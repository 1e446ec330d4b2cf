"""Closing summary of jobs/report_pairs.py, and the location of the page."""

from collections import Counter

from pipelines.inspect.report.flow import MEGABYTE, RenderedReport
from pipelines.workspace.filesystem import absolute
from schemas.errors import SettingsError


def place(workspace: str, output: str | None) -> tuple[str, str]:
    """Split the output into the page's folder and name.

    Raises:
        SettingsError: the output does not end in .html.
    """
    if output is None:
        return workspace, "report.html"
    if not output.endswith((".html", ".htm")):
        raise SettingsError(f"output = {output!r}: expected a file that ends in .html")
    folder, _, name = absolute(output).rpartition("/")
    return folder, name


def summary(uri: str, page: RenderedReport) -> str:
    """Format the closing summary."""
    missing = Counter(thumb.missing for thumb in page.thumbnails.values() if thumb.missing)
    included = len(page.thumbnails) - missing.total()
    lines = [
        f"\n{uri}",
        f"{page.cards:,} cards, {included:,} pictures, {len(page.html.encode()) / MEGABYTE:.1f} MB; "
        f"{missing.total():,} pictures left out",
        *[f"  {rows:>7,}  {reason}" for reason, rows in sorted(missing.items(), key=lambda entry: (-entry[1], entry[0]))],
        "",
        "Open the page in a browser, label cards and download the labels; then:",
        "  .venv/bin/python jobs/judge_relevance.py --calibrate labels.csv",
    ]
    return "\n".join(lines) + "\n"
