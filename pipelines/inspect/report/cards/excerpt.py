"""Excerpts of texts for cards. Pure functions of strings."""

import re
import unicodedata
from typing import NamedTuple

ELLIPSIS = "…"
JOINERS = ("\u200d", "\ufe0e", "\ufe0f")
"""Zero-width joiner and variation selectors: they join their neighbours into one visible character."""
_NOT_SHOWN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]")


class Excerpt(NamedTuple):
    """A text, or the part of it that is shown."""

    before: str
    marked: str
    """The highlighted passage; '' if there is none."""
    after: str
    characters: int
    """Length of the whole text."""
    language: str | None
    """zh, ja or ko, guessed from its script, so that browsers choose the right font and voice."""


def excerpt(text: str, limit: int) -> Excerpt:
    """Return the beginning of a text, at most `limit` characters."""
    end = len(text) if len(text) <= limit else _character_boundary(text, limit)
    cut = ELLIPSIS if end < len(text) else ""
    return Excerpt(readable(text[:end]).rstrip() + cut, "", "", len(text), language(text))


def passage(text: str, start: int, end: int, limit: int) -> Excerpt:
    """Return a passage with its context.

    Args:
        text: the whole text.
        start: first character of the passage.
        end: one past its last.
        limit: characters to show of the passage, and of its context; the middle of a longer passage is left out.
    """
    start, end = max(0, min(start, len(text))), max(0, min(end, len(text)))
    head = max(0, start - limit // 2)
    tail = min(len(text), end + limit // 2)
    head, tail = (_character_boundary(text, head) if head else 0), _character_boundary(text, tail)
    before = (ELLIPSIS if head else "") + readable(text[head:start])
    after = readable(text[end:tail]) + (ELLIPSIS if tail < len(text) else "")
    return Excerpt(before, _without_middle(readable(text[start:end]), limit), after, len(text), language(text))


def readable(text: str) -> str:
    """Replace characters that HTML does not allow by U+FFFD."""
    return _NOT_SHOWN.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))


def language(text: str) -> str | None:
    """Guess the language from the script: kana is Japanese, Hangul Korean, other Han characters Chinese.

    >>> language("浇水 daily"), language("ひまわり"), language("해바라기"), language("sunflower")
    ('zh', 'ja', 'ko', None)
    """
    for name, letters in (("ja", "[\u3041-\u30fa]"), ("ko", "[\uac00-\ud7a3]"), ("zh", "[\u4e00-\u9fff\u3400-\u4dbf]")):
        if re.search(letters, text):
            return name
    return None


def _without_middle(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    head, tail = _character_boundary(text, limit // 2), _character_boundary(text, len(text) - limit // 2)
    return f"{text[:head]} {ELLIPSIS} {text[tail:]}"


def _character_boundary(text: str, at: int) -> int:
    """Move a cut back so that it does not split an emoji sequence or a letter from its accent."""
    while 0 < at < len(text) and (text[at] in JOINERS or text[at - 1] == "\u200d" or unicodedata.combining(text[at])):
        at -= 1
    return at
