"""Compare what a block printed with the page: words must be equal, numbers near, times and losses may differ."""

import difflib
import re
from collections.abc import Sequence
from typing import NamedTuple

CUT = "…"
"""Alone in a line of the page: any lines. At a line's end: any end."""
FREE = re.compile(
    r"\b\d\d:\d\d:\d\d\b"  # the clock
    r"|(?<![\w.])[\d.,]+(?= (?:s|ms|MB|GB|rows/s|rows a second|steps/s)\b)"
    r"|(?<=\bloss )[-\d.]+|(?<=\brows_per_s )\S+|(?<=\bwait_share )\S+|\b[\d.]+%(?= of (?:it|the time) waiting)"
    r"|(?<=#)[0-9a-f]{12}\b"  # what fingerprints code
)
"""What differs from one run, or one state of the code, to the next."""
NUMBER = re.compile(r"(?<![\w.@])-?\d[\d,]*(?:\.\d+)?(?:e-?\d+)?(?!\w)")
"""A number that stands by itself; the 10 of recall@10 and the digits of an id are words."""
SHARE, ROWS, PERCENT, UNITS = 0.05, 2.0, 10.0, 0.06
"""How far a number may be off: this share of it; or so many rows; so many points where it has one decimal (a recall of a dozen
queries moves by that); so much where it has more decimals."""


class Mismatch(NamedTuple):
    """A line of the page that was not printed."""

    expected: str
    printed: str
    """What was printed in its place; empty if nothing was."""
    why: str


def mismatch(expected: Sequence[str], printed: Sequence[str]) -> Mismatch | None:
    """None where the page's lines were printed, in order and without a gap, with any lines in place of a cut.

    Empty lines at the end of what was printed do not count: DuckDB leaves one below a table.
    """
    parts, at = parts_of(expected), 0
    for place, part in enumerate(parts):
        starts = range(1) if place == 0 else range(at, len(printed) + 1)
        tried = {start: _agreed(part, printed[start:], ends=place == len(parts) - 1) for start in starts}
        at = next((start + len(part) for start, (_, off) in tried.items() if off is None), -1)
        if at < 0:
            return max(tried.values(), key=_closeness)[1]
    return None


def parts_of(expected: Sequence[str]) -> list[list[str]]:
    """What stands between the cuts; an empty first or last part says that anything may stand there."""
    parts: list[list[str]] = [[]]
    for line in expected:
        if line == CUT:
            parts.append([])
        else:
            parts[-1].append(line)
    return parts


def differs(expected: str, printed: str) -> str:
    """Why a printed line is not the page's; empty: it is."""
    if expected.endswith(CUT):
        expected = expected.removesuffix(CUT)
        printed = _beginning(printed, len(expected.split()))
    if shape(expected) != shape(printed):
        return "other words"
    pairs = zip(numbers(expected), numbers(printed), strict=True)
    return "; ".join(f"{actual} is not near {number}" for number, actual in pairs if not near(number, actual))


def shape(line: str) -> str:
    """The line without its numbers, and without the room that they take in a table."""
    bare = NUMBER.sub("#", FREE.sub("~", line))
    return re.sub(r"([─-])\1+", r"\1", " ".join(bare.split()))


def numbers(line: str) -> list[str]:
    """The numbers of a line that are not free."""
    return NUMBER.findall(FREE.sub("~", line))


def near(expected: str, printed: str) -> bool:
    """Whether another processor's rounding may have made the one of the other."""
    number, actual = (float(number.replace(",", "")) for number in (expected, printed))
    decimals = len(expected.partition(".")[2])
    slack = (ROWS, PERCENT)[decimals] if decimals < 2 else UNITS
    return abs(number - actual) <= max(slack, SHARE * abs(number))


def _beginning(line: str, words: int) -> str:
    return " ".join(line.split()[:words])


def _agreed(part: Sequence[str], printed: Sequence[str], *, ends: bool) -> tuple[int, Mismatch | None]:
    """How many lines agree from the first on, and the first that does not.

    Args:
        part: of the page.
        printed: what was printed from some line on.
        ends: nothing may be printed after it.
    """
    for k, expected in enumerate(part):
        if k >= len(printed):
            return k, Mismatch(expected, "", "it was not printed")
        why = differs(expected, printed[k])
        if why:
            return k, Mismatch(expected, printed[k], why)
    over = [line for line in printed[len(part) :] if line.strip()] if ends else []
    return len(part), Mismatch("", over[0], "the page ends here") if over else None


def _closeness(tried: tuple[int, Mismatch | None]) -> tuple[int, float]:
    """Sort key of places in the printed lines: most lines agree, then the next line is most like the page's."""
    agreed, off = tried
    return agreed, difflib.SequenceMatcher(None, off.expected, off.printed).ratio() if off else 1.0
