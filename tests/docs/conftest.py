"""The tutorial is run once; README and how-tos read what it left."""

from pathlib import Path
from typing import NamedTuple

import pytest

from scripts.tutorial.page import PAGE, Step, read
from scripts.tutorial.run import BlockRun, lay_out, run
from tests.support.chain import copied


class TutorialRun(NamedTuple):
    """The tutorial's blocks as they ran."""

    folder: Path
    """Where they ran: the workspace is `out` in it."""
    mined: Path
    """Where `out` is a copy of the workspace after the first block, jobs/mine_pairs.py."""
    steps: list[Step]
    runs: list[BlockRun]


@pytest.fixture(scope="session")
def tutorial(tmp_path_factory):
    """Every block of docs/tutorial.md, run in order in one folder."""
    folder = tmp_path_factory.mktemp("tutorial")
    steps = read(PAGE.read_text(encoding="utf8"))
    lay_out(folder)
    runs, lines = [], []
    for each in run((block for step in steps for block in step.blocks), folder, lines.append):
        runs.append(each)
        print(f"{each.seconds:4.0f} s, the page {each.block.seconds} s: {each.block.command.splitlines()[0]}")
        if each.off or each.code:
            print("\n".join(lines))  # pytest shows it when the test fails
        lines.clear()
        if len(runs) == 1 and not each.code:
            copied(folder / "out", folder / "mined" / "out")
    return TutorialRun(folder, folder / "mined", steps, runs)
