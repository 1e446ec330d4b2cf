"""An independent count of the letters that texts share: a table of all runs, by the standard library alone."""

import itertools
import unicodedata
from collections import defaultdict


def letters(text: str) -> str:
    """Letters and digits of a text, by the standard library alone."""
    return "".join(c for c in unicodedata.normalize("NFKC", text).casefold() if c.isalnum())


def sharing(texts: dict[str, str], run: int) -> set[tuple[str, str]]:
    """Pairs of texts that share a run of so many letters, by a table of all runs."""
    holders = defaultdict(set)
    for note_id, text in texts.items():
        folded = letters(text)
        for at in range(len(folded) - run + 1):
            holders[folded[at : at + run]].add(note_id)
    return {pair for notes in holders.values() for pair in itertools.combinations(sorted(notes), 2)}
