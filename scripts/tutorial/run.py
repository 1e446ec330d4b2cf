"""Run the page's commands in a folder as they are written, and compare their output with the page."""

import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from scripts.plain_environment import plain_environment
from scripts.tutorial.compare import Mismatch, mismatch
from scripts.tutorial.page import ROOT, Block

HOME = "/home/me/uninote-pairs"
"""Name that the page gives to the folder it runs in."""
OUTPUT_FOLDERS = {"out", ".build"}
"""Folders of the repository that commands write to."""

WriteLine = Callable[[str], None]


class BlockRun(NamedTuple):
    """Result of one block."""

    block: Block
    seconds: float
    code: int
    """Exit code."""
    printed: tuple[str, ...]
    """Lines of stdout and stderr, with the folder named HOME."""
    off: Mismatch | None
    """First difference from the page, or None."""


def lay_out(folder: Path) -> None:
    """Link everything in the repository into `folder`, so that commands find it and write to the folder instead."""
    for entry in ROOT.iterdir():
        if entry.name not in OUTPUT_FOLDERS and not (folder / entry.name).is_symlink():
            (folder / entry.name).symlink_to(entry)


def run(blocks: Iterable[Block], folder: Path, write_line: WriteLine) -> Iterator[BlockRun]:
    """Run each block in turn; stop after the first that fails."""
    for block in blocks:
        write_line(f"\n$ {block.command}")
        began = time.monotonic()
        code, lines = _stream(block.command, folder, write_line)
        seconds, printed = time.monotonic() - began, tuple(_at_home(line, folder) for line in lines)
        yield BlockRun(block, seconds, code, printed, mismatch(block.expected, printed))
        if code:
            return


def complaint(ran: BlockRun) -> str:
    """Describe the block and its first difference from the page; empty if it agrees."""
    where = f"docs/tutorial.md:{ran.block.line}: {ran.block.command.splitlines()[0]}"
    if ran.code:
        return f"{where}\n  ended with exit code {ran.code}"
    if ran.off is None:
        return ""
    return f"{where}\n  expected: {ran.off.expected}\n  got:      {ran.off.printed}\n  {ran.off.why}"


def _stream(command: str, folder: Path, write_line: WriteLine) -> tuple[int, list[str]]:
    """Return the exit code and all lines of both streams in the order in which they came."""
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
            write_line(lines[-1])
    return process.returncode, lines


def _at_home(line: str, folder: Path) -> str:
    return line.replace(str(folder.resolve()), HOME).replace(str(folder), HOME)
