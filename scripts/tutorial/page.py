"""The page as steps and blocks. Nothing is run here."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "tutorial.md"
HEADING = re.compile(r"^## (.*)$", re.MULTILINE)
STEP = re.compile(r"(\d+)\. (.+?)(?: \(`make ([a-z]+)`\))?")
COMMAND = re.compile(r"^```bash\n(.*?)^```\n", re.MULTILINE | re.DOTALL)
SAID = re.compile(r"\n```\n(.*?)^```\n\n\*(\d+) s\*\n", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Block:
    """A command and what the page says that it prints."""

    line: int
    """Of the page, on which the command begins."""
    command: str
    wanted: tuple[str, ...]
    seconds: int
    """That it took where the page was written."""


@dataclass(frozen=True, slots=True)
class Step:
    """A numbered section."""

    number: int
    title: str
    target: str | None
    """Of the Makefile, whose recipe is these commands."""
    makes: str
    """Its first sentence."""
    blocks: tuple[Block, ...]

    @property
    def seconds(self) -> int:
        """Of all its blocks."""
        return sum(block.seconds for block in self.blocks)


def read(text: str) -> list[Step]:
    """The numbered sections in order; what stands in others is not run.

    Raises:
        ValueError: a command of a step has no output or no seconds.
    """
    heads = list(HEADING.finditer(text))
    ends = [head.start() for head in heads[1:]] + [len(text)]
    return [
        _step(*found.groups(), text[head.end() : end], text.count("\n", 0, head.end()) + 1)
        for head, end in zip(heads, ends, strict=True)
        if (found := STEP.fullmatch(head.group(1)))
    ]


def _step(number: str, title: str, target: str | None, body: str, line: int) -> Step:
    blocks = []
    for command in COMMAND.finditer(body):
        at = line + body.count("\n", 0, command.start(1))
        said = SAID.match(body, command.end())
        if said is None:
            raise ValueError(f"{PAGE.name}:{at}: wanted an output in ``` and its seconds as *12 s* after the command")
        blocks.append(Block(at, command.group(1).rstrip("\n"), tuple(said.group(1).splitlines()), int(said.group(2))))
    first = " ".join(body.split("```")[0].split())
    return Step(int(number), title, target, re.split(r"(?<=\.) ", first)[0], tuple(blocks))
