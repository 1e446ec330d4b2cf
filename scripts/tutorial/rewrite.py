"""Write new output into the page, for a change that moves numbers on purpose. Words are edited by hand."""

from collections.abc import Iterable, Sequence

from scripts.tutorial.compare import CUT, parts_of, shape
from scripts.tutorial.page import Block


def rewritten(text: str, block: Block, printed: Sequence[str], seconds: float) -> str:
    """Return the page's text with new output and seconds of one block."""
    old = _spelled(block, block.expected, block.seconds)
    return text.replace(old, _spelled(block, renewed(block.expected, printed), max(1, round(seconds))), 1)


def renewed(expected: Sequence[str], printed: Sequence[str]) -> list[str]:
    """Return the page's lines with the printed numbers; a part whose words were not printed stays as it is."""
    lines: list[str] = []
    at = 0
    for place, part in enumerate(parts_of(expected)):
        starts = range(at, len(printed) - len(part) + 1)
        start = next((k for k in starts if all(map(_same_words, part, printed[k:]))), None)
        lines += [CUT] if place else []
        if start is None:
            lines += part
        else:
            lines += map(_as_cut, part, printed[start:])
            at = start + len(part)
    return lines


def _same_words(expected: str, printed: str) -> bool:
    return shape(expected.removesuffix(CUT)) == shape(_as_cut(expected, printed).removesuffix(CUT))


def _as_cut(expected: str, printed: str) -> str:
    """Cut a printed line where the page's line is cut."""
    if not expected.endswith(CUT):
        return printed
    lead = printed[: len(printed) - len(printed.lstrip())]
    return lead + " ".join(printed.split()[: len(expected.split())]) + CUT


def _spelled(block: Block, lines: Iterable[str], seconds: int) -> str:
    output = "".join(f"{line}\n" for line in lines)
    return f"```bash\n{block.command}\n```\n\n```\n{output}```\n\n*{seconds} s*\n"
