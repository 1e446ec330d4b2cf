"""The page with what was printed now: for a change that moves numbers on purpose. Words are changed by hand."""

from collections.abc import Iterable, Sequence

from scripts.tutorial.compare import CUT, parts_of, shape
from scripts.tutorial.page import Block


def rewritten(text: str, block: Block, printed: Sequence[str], seconds: float) -> str:
    """The page's text with another output, and other seconds, of a block."""
    old = _spelled(block, block.wanted, block.seconds)
    return text.replace(old, _spelled(block, renewed(block.wanted, printed), max(1, round(seconds))), 1)


def renewed(wanted: Sequence[str], printed: Sequence[str]) -> list[str]:
    """The page's lines with the numbers of those that were printed; a part whose words were not printed stays as it is."""
    lines: list[str] = []
    at = 0
    for place, part in enumerate(parts_of(wanted)):
        starts = range(at, len(printed) - len(part) + 1)
        start = next((k for k in starts if all(map(_same_words, part, printed[k:]))), None)
        lines += [CUT] if place else []
        if start is None:
            lines += part
        else:
            lines += map(_as_cut, part, printed[start:])
            at = start + len(part)
    return lines


def _same_words(wanted: str, printed: str) -> bool:
    return shape(wanted.removesuffix(CUT)) == shape(_as_cut(wanted, printed).removesuffix(CUT))


def _as_cut(wanted: str, printed: str) -> str:
    """A printed line, cut where the page's is."""
    if not wanted.endswith(CUT):
        return printed
    lead = printed[: len(printed) - len(printed.lstrip())]
    return lead + " ".join(printed.split()[: len(wanted.split())]) + CUT


def _spelled(block: Block, lines: Iterable[str], seconds: int) -> str:
    output = "".join(f"{line}\n" for line in lines)
    return f"```bash\n{block.command}\n```\n\n```\n{output}```\n\n*{seconds} s*\n"
