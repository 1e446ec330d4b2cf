"""Limits runs of combining marks, which Unicode normalisation sorts in quadratic time."""

import re
import unicodedata

LONGEST = 30
"""Marks kept per run: Unicode's own bound for Stream-Safe Text (UAX 15); no language uses a tenth of it."""
_WITH_MARKS = "\u0300-\u2fff\u302a-\u302f\u3099\u309a\ua000-\uabff\ufb00-\ufe2f\U00010000-\U0001ffff"
"""Blocks that contain all combining marks, and few common letters: a cheap first test."""
_LONG_RUN = re.compile(f"[{_WITH_MARKS}]{{{LONGEST + 1}}}")


def stream_safe(text: str) -> str:
    r"""Drop the marks of each run beyond LONGEST; NFKC then takes linear time.

    >>> len(stream_safe("a" + "\u0316\u0301" * 50_000))
    31
    """
    if not _LONG_RUN.search(text):
        return text
    kept, run = [], 0
    for character in text:
        run = run + 1 if unicodedata.combining(character) else 0
        if run <= LONGEST:
            kept.append(character)
    return "".join(kept)
