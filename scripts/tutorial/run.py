"""Runs the page's commands in a folder, as they are written, and holds what they print against the page."""

import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from scripts.plain_environment import plain_environment
from scripts.tutorial.compare import Mismatch, mismatch
from scripts.tutorial.page import ROOT, Block

HOME = "/home/me/uninote-pairs"
"""What the page calls the folder in which it is run."""
MADE = {"out", ".build"}
"""Folders of the repository that commands write to."""

Tell = Callable[[str], None]


class Ran(NamedTuple):
    """A block that was run."""

    block: Block
    seconds: float
    code: int
    """0: done."""
    printed: tuple[str, ...]
    """Lines of both streams; the folder is called as the page calls it."""
    off: Mismatch | None
    """Where that is something else than the page says."""


def lay_out(folder: Path) -> None:
    """Links to all that the repository holds, so that a command of the page finds it and writes beside, not into it."""
    for entry in ROOT.iterdir():
        if entry.name not in MADE and not (folder / entry.name).is_symlink():
            (folder / entry.name).symlink_to(entry)


def run(blocks: Iterable[Block], folder: Path, tell: Tell) -> Iterator[Ran]:
    """Each block in turn; the first one that fails is the last."""
    for block in blocks:
        tell(f"\n$ {block.command}")
        began = time.monotonic()
        code, lines = _stream(block.command, folder, tell)
        seconds, printed = time.monotonic() - began, tuple(_at_home(line, folder) for line in lines)
        yield Ran(block, seconds, code, printed, mismatch(block.wanted, printed))
        if code:
            return


def complaint(ran: Ran) -> str:
    """Which block, the wanted line, the found line; empty where there is nothing to say."""
    where = f"docs/tutorial.md:{ran.block.line}: {ran.block.command.splitlines()[0]}"
    if ran.code:
        return f"{where}\n  ended with exit code {ran.code}"
    if ran.off is None:
        return ""
    return f"{where}\n  wanted: {ran.off.wanted}\n  found:  {ran.off.found}\n  {ran.off.why}"


def _stream(command: str, folder: Path, tell: Tell) -> tuple[int, list[str]]:
    """The exit code and all lines of both streams, in the order in which they came."""
    lines = []
    with subprocess.Popen(
        ["bash", "-c", command],
        cwd=folder,
        env=plain_environment() | {"SPARK_LOCAL_IP": "127.0.0.1", "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        for line in process.stdout or ():
            lines.append(line.rstrip())
            tell(lines[-1])
    return process.returncode, lines


def _at_home(line: str, folder: Path) -> str:
    return line.replace(str(folder.resolve()), HOME).replace(str(folder), HOME)
