"""Why ids of two tables do not match: spellings in which they would. No engine."""

import re
import unicodedata
from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

from pipelines.input_tables.values.text_form import text_form

MIN_MATCHED_SHARE = 0.01
"""Below this share of clicks that find their note something is wrong with the ids."""
MIN_HINT_SHARE = 0.1
"""A spelling is named as the reason where at least this share of the ids match in it."""
EXAMPLES = 2
LONGEST_EXAMPLE = 60
INVISIBLE = re.compile("[\u200b-\u200f\u2060\ufeff\u00ad]")

Fold = Callable[[str], str]
FOLDS: dict[str, Fold] = {
    "without blanks around them": str.strip,
    "without invisible characters": lambda text: INVISIBLE.sub("", text).strip(),
    "without the '.0' that pandas writes behind whole numbers": lambda text: re.sub(r"\.0+$", "", text.strip()),
    "without quotes around them": lambda text: text.strip().strip("\"'"),
    "with upper and lower case the same": lambda text: text.strip().casefold(),
    "in one Unicode form (NFC; one side has NFD)": lambda text: unicodedata.normalize("NFC", text.strip()),
    "with full-width letters as plain ones (NFKC)": lambda text: unicodedata.normalize("NFKC", text.strip()),
    "without leading zeros": lambda text: text.strip().lstrip("0"),
    "without dashes": lambda text: text.strip().replace("-", "").casefold(),
    "by the last part of a path or URL": lambda text: re.split(r"[/\\]", re.sub(r"[?#].*$", "", text.strip().rstrip("/")))[-1],
    "without the ending of a file's name": lambda text: re.sub(r"\.[A-Za-z0-9]{1,5}$", "", text.strip()),
}
"""What may differ -> an id without it, the most likely first."""
CHECKS = "blanks around ids, ids such as '100.0', upper and lower case, NFC and NFD names"


class Hint(NamedTuple):
    """A spelling in which ids match."""

    fold: str
    matched: int
    """Of the distinct ids that were compared."""


def best_hint(ids: Collection[str], others: Collection[str]) -> Hint | None:
    """The spelling in which most of the ids are among the others; None where none brings MIN_HINT_SHARE of them together.

    >>> best_hint(["A1 ", "B2"], ["a1", "b2", "c3"])
    Hint(fold='with upper and lower case the same', matched=2)
    >>> best_hint(["100.0"], ["100"]).fold
    "without the '.0' that pandas writes behind whole numbers"
    """
    best: Hint | None = None
    for name, fold in FOLDS.items():
        spelled = {fold(other) for other in others}
        matched = sum(1 for text in ids if (folded := fold(text)) and folded in spelled)
        if matched > (best.matched if best else 0):
            best = Hint(name, matched)
    return best if best and best.matched >= MIN_HINT_SHARE * len(ids) else None


def examples(values: Collection[str]) -> str:
    """The first two by their order, as Python spells them: blanks and invisible characters show.

    >>> examples(["b ", "a", "c"])
    "'a', 'b '"
    """
    spelled: Sequence[str] = sorted(values)[:EXAMPLES]
    return ", ".join(
        ascii(text[:LONGEST_EXAMPLE]) if INVISIBLE.search(text) or not text.isprintable() else repr(text[:LONGEST_EXAMPLE])
        for text in spelled
    )


def mismatch(unmatched: Collection[str], others: Collection[str], sides: tuple[str, str], *, forms: bool = False) -> str:
    """The message about ids that do not match: two examples from each side, and what to check.

    Args:
        unmatched: distinct ids of the one side, or a sample of them.
        others: distinct ids of the other, or a sample.
        sides: what the two sides are, such as ("clicks", "notes").
        forms: show of the unmatched ids only their forms: of clicks whose columns are swapped they are the ids of users.
    """
    hint = best_hint(unmatched, others)
    reason = f"{hint.matched:,} of {len(unmatched):,} would match {hint.fold}; " if hint else ""
    shown = f"ids like {examples(set(map(text_form, unmatched)))} (letters as a, digits as 9)" if forms else examples(unmatched)
    return f"{sides[0]} have {shown}; {sides[1]} have {examples(others)}; {reason}check {CHECKS}"
