"""Heaps of combining marks: Unicode's normalisation sorts them, in time that grows with the square of the heap."""

import re
import unicodedata

LONGEST = 30
"""Marks of one heap that are kept: Unicode's own bound for Stream-Safe Text (UAX 15); no language has a tenth of it."""
_WITH_MARKS = "\u0300-\u2fff\u302a-\u302f\u3099\u309a\ua000-\uabff\ufb00-\ufe2f\U00010000-\U0001ffff"
"""Blocks that all combining marks are from; most letters of the world's texts are from none of them."""
_HEAP = re.compile(f"[{_WITH_MARKS}]{{{LONGEST + 1}}}")


def stream_safe(text: str) -> str:
    r"""The text without the marks of a heap beyond LONGEST: after it, NFKC takes linear time.

    >>> len(stream_safe("a" + "\u0316\u0301" * 50_000))
    31
    """
    if not _HEAP.search(text):
        return text
    kept, run = [], 0
    for character in text:
        run = run + 1 if unicodedata.combining(character) else 0
        if run <= LONGEST:
            kept.append(character)
    return "".join(kept)
