"""The pages of the documentation, and the shell commands on them."""

import re
from pathlib import Path
from typing import NamedTuple

from tests.support.workspaces import ROOT

REFERENCE = ROOT / "docs" / "reference"
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md")),
    *sorted(page for page in (ROOT / "docs").rglob("*.md") if page.parent != REFERENCE / "settings"),
]
BLOCK = re.compile(r"(?:^<!-- not run here: (?P<reason>.+?) -->\n)?^```bash\n(?P<command>.*?)^```$", re.MULTILINE | re.DOTALL)
HOW_TO = ROOT / "docs" / "how-to"


class ShellBlock(NamedTuple):
    """A block of shell commands of a page."""

    page: str
    """Path below the repository."""
    line: int
    command: str
    reason: str | None
    """Why no test runs it; None: a test does."""


def blocks_of(page: Path) -> list[ShellBlock]:
    """All shell blocks of a page in order."""
    text = page.read_text(encoding="utf8")
    name = str(page.relative_to(ROOT))
    return [
        ShellBlock(name, text.count("\n", 0, block.start("command")) + 1, block["command"].rstrip("\n"), block["reason"])
        for block in BLOCK.finditer(text)
    ]
