"""Parse the tutorial into steps and blocks; nothing is run here."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "tutorial.md"
HEADING = re.compile(r"^## (.*)$", re.MULTILINE)
STEP = re.compile(r"(\d+)\. (.+?)(?: \(`make ([a-z]+)`\))?")
COMMAND = re.compile(r"^```bash\n(.*?)^```\n", re.MULTILINE | re.DOTALL)
OUTPUT = re.compile(r"\n```\n(.*?)^```\n\n\*(\d+) s\*\n", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Block:
    """A command, and the output that the page shows for it."""

    line: int
    """Line of the page on which the command begins."""
    command: str
    expected: tuple[str, ...]
    seconds: int
    """Duration when the page was written."""


@dataclass(frozen=True, slots=True)
class Step:
    """A numbered section."""

    number: int
    title: str
    target: str | None
    """Target of the Makefile whose recipe is these commands."""
    makes: str
    """First sentence of the section."""
    blocks: tuple[Block, ...]

    @property
    def seconds(self) -> int:
        """Seconds of all blocks."""
        return sum(block.seconds for block in self.blocks)


def read(text: str) -> list[Step]:
    """Parse the numbered sections in order; commands in other sections are not run.

    Raises:
        ValueError: a command of a step has no output or no seconds.
    """
    heads = list(HEADING.finditer(text))
    ends = [head.start() for head in heads[1:]] + [len(text)]
    return [
        _step(*heading.groups(), text[head.end() : end], text.count("\n", 0, head.end()) + 1)
        for head, end in zip(heads, ends, strict=True)
        if (heading := STEP.fullmatch(head.group(1)))
    ]


def _step(number: str, title: str, target: str | None, body: str, line: int) -> Step:
    blocks = []
    for command in COMMAND.finditer(body):
        at = line + body.count("\n", 0, command.start(1))
        output = OUTPUT.match(body, command.end())
        if output is None:
            raise ValueError(f"{PAGE.name}:{at}: expected an output in ``` and its seconds as *12 s* after the command")
        blocks.append(Block(at, command.group(1).rstrip("\n"), tuple(output.group(1).splitlines()), int(output.group(2))))
    first = " ".join(body.split("```")[0].split())
    return Step(int(number), title, target, re.split(r"(?<=\.) ", first)[0], tuple(blocks))
