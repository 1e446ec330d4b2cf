"""What jobs/report_pairs.py says at its end, and where it writes."""

from collections import Counter

from pipelines.inspect.report.flow import MEGABYTE, Made
from pipelines.workspace.filesystem import absolute
from schemas.errors import SettingsError


def place(workspace: str, output: str | None) -> tuple[str, str]:
    """The folder and the name of the page.

    Raises:
        SettingsError: an output that is not named like a page.
    """
    if output is None:
        return workspace, "report.html"
    if not output.endswith((".html", ".htm")):
        raise SettingsError(f"output = {output!r}: wanted a file that ends in .html")
    folder, _, name = absolute(output).rpartition("/")
    return folder, name


def summary(uri: str, made: Made) -> str:
    """The last words."""
    missing = Counter(thumb.missing for thumb in made.thumbnails.values() if thumb.missing)
    shown = len(made.thumbnails) - missing.total()
    lines = [
        f"\n{uri}",
        f"{made.cards:,} cards, {shown:,} pictures, {len(made.html.encode()) / MEGABYTE:.1f} MB; "
        f"{missing.total():,} pictures not shown",
        *[f"  {rows:>7,}  {reason}" for reason, rows in sorted(missing.items(), key=lambda entry: (-entry[1], entry[0]))],
        "",
        "Open it in a browser. What you label there, it downloads; then:",
        "  .venv/bin/python jobs/judge_relevance.py --calibrate labels.csv",
    ]
    return "\n".join(lines) + "\n"
