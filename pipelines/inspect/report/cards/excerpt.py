"""The part of a text that is shown. Pure functions of strings."""

import re
import unicodedata
from typing import NamedTuple

ELLIPSIS = "…"
JOINERS = ("\u200d", "\ufe0e", "\ufe0f")
"""Zero-width joiner and variation selectors: what stands before and after them is one sign to a reader."""
_NOT_SHOWN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]")


class Excerpt(NamedTuple):
    """A text, or what is shown of it."""

    before: str
    marked: str
    """The passage; '' where there is none."""
    after: str
    characters: int
    """Of the whole text."""
    language: str | None
    """zh, ja or ko where its letters say so, for the choice of a font and of a voice."""


def excerpt(text: str, limit: int) -> Excerpt:
    """The beginning of a text, at most `limit` characters."""
    end = len(text) if len(text) <= limit else _whole_sign(text, limit)
    cut = ELLIPSIS if end < len(text) else ""
    return Excerpt(readable(text[:end]).rstrip() + cut, "", "", len(text), language(text))


def passage(text: str, start: int, end: int, limit: int) -> Excerpt:
    """A passage with what stands around it.

    Args:
        text: the whole.
        start: first character of the passage.
        end: one past its last.
        limit: characters of the passage that are shown, and of what stands around it; a long passage loses its middle.
    """
    start, end = max(0, min(start, len(text))), max(0, min(end, len(text)))
    head = max(0, start - limit // 2)
    tail = min(len(text), end + limit // 2)
    head, tail = (_whole_sign(text, head) if head else 0), _whole_sign(text, tail)
    before = (ELLIPSIS if head else "") + readable(text[head:start])
    after = readable(text[end:tail]) + (ELLIPSIS if tail < len(text) else "")
    return Excerpt(before, _without_middle(readable(text[start:end]), limit), after, len(text), language(text))


def readable(text: str) -> str:
    """The text with characters that HTML has no place for shown as what they are: something else."""
    return _NOT_SHOWN.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))


def language(text: str) -> str | None:
    """A guess by script: kana is Japanese, Hangul Korean, other Han letters Chinese.

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
    head, tail = _whole_sign(text, limit // 2), _whole_sign(text, len(text) - limit // 2)
    return f"{text[:head]} {ELLIPSIS} {text[tail:]}"


def _whole_sign(text: str, at: int) -> int:
    """`at`, or a place before it that does not cut an emoji or an accent from what it belongs to."""
    while 0 < at < len(text) and (text[at] in JOINERS or text[at - 1] == "\u200d" or unicodedata.combining(text[at])):
        at -= 1
    return at
