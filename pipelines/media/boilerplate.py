"""Recognises by its form what is no passage: hashtags, mentions, links, calls to share, contact lines, disclosures.

Frequency recognises boilerplate in a large corpus. Where three posts are all there is, only the form does.
"""

import re
from collections.abc import Iterable, Iterator

from pipelines.media.boilerplate_phrases import LOREM_IPSUM, LOREM_WORDS, SENTENCE_CUES

LONGEST_LINE = 400
"""Characters; of a longer sentence (a text without marks) only the phrase itself is boilerplate."""
LARGEST_GAP = 80
"""Characters between two boilerplate sentences that are boilerplate too: the sentence in the middle of a footer."""

Span = tuple[int, int]
"""Begin and end (exclusive), in code points of the text."""

_DOMAINS = "com|cn|net|org|io|me|co|cc|ly|gl|tv|info|shop|link|page|app|xyz|top|uk|de|fr|jp"
_TAG = re.compile(
    r"https?://[!-~]+|www\.[!-~]+"  # a link ends at the first space or character outside ASCII
    r"|#\w{1,30}(?:#\w{1,30}){2,}#?"  # #a#b#c
    r"|#[^\s#]{1,40}\[话题\]#?"  # Xiaohongshu
    r"|#[^\s#，。！？!?…、]{1,40}#"  # Weibo: a pair of marks
    r"|#\w{1,30}(?!\w)"
    r"|@[\w.·-]{1,30}"
    r"|<[a-z/!][^<>\n]{0,200}>|&(?:[a-z]{2,8}|#x?[0-9a-f]{1,6});"  # HTML
)
_BARE_LINK = re.compile(rf"\.(?:{_DOMAINS})(?![\w-])(?:[/?#][!-~]*)?")
_NAME_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789._%+-")
LONGEST_NAME = 64
"""Characters of a host name or mail name."""
_CHINESE = r"\u3000-\u9fff\uff00-\uffef"
_SENTENCE_END = re.compile(
    r"[\n。！!？?；;|｜~～…\u2190-\u2bff\U0001f000-\U0001faff]"  # marks, symbols, emoji
    rf"|\.(?=\s|$)|//(?=@)|(?<=[{_CHINESE}])\s|\s(?=[{_CHINESE}])"  # a quoted repost; a space beside a Chinese character
)


def boilerplate(text: str) -> list[Span]:
    """All boilerplate of a text, in order and apart.

    >>> text = "A walk by the sea. Follow me for more! #sea @anna"
    >>> [text[begin:end] for begin, end in boilerplate(text)]
    [' Follow me for more!', '#sea', '@anna']

    Cost: linear; some 0.1 ms for a post.
    """
    lowered = _lowered(text)
    return _joined([*_tags(lowered), *_lines(lowered), *_placeholder(lowered)])


def tags(text: str) -> list[Span]:
    """Hashtags, mentions, links and HTML marks only: what may stand inside a sentence without being part of it.

    >>> tags("see http://t.cn/x，好 #a#")
    [(4, 17), (20, 23)]
    """
    return _joined(_tags(_lowered(text)))


def without_spans(text: str, spans: Iterable[Span]) -> str:
    r"""The text with a line break in place of each span.

    >>> without_spans("abcdef", [(1, 3)])
    'a\ndef'
    """
    kept, end = [], 0
    for begin, following in spans:
        kept.append(text[end:begin])
        end = following
    return "\n".join([*kept, text[end:]])


def _lowered(text: str) -> str:
    """The text in lower case and with plain number signs and at signs, character for character."""
    lowered = text.lower()
    if len(lowered) != len(text):  # İ becomes two characters
        lowered = "".join(c.lower()[0] for c in text)
    return lowered.replace("＃", "#").replace("＠", "@")


def _tags(lowered: str) -> Iterator[Span]:
    for match in _TAG.finditer(lowered):
        yield _begin_of_name(lowered, match.start()) if lowered[match.start()] == "@" else match.start(), match.end()
    if "." in lowered:
        for match in _BARE_LINK.finditer(lowered):
            begin = _begin_of_name(lowered, match.start())
            if begin < match.start():
                yield begin, match.end()


def _begin_of_name(lowered: str, end: int) -> int:
    """Where the host name or mail name before `end` begins."""
    begin = end
    while begin > 0 and end - begin < LONGEST_NAME and lowered[begin - 1] in _NAME_CHARACTERS:
        begin -= 1
    return begin


def _lines(lowered: str) -> list[Span]:
    """The sentences with a phrase of boilerplate, and short ones between two of them."""
    cues = sorted(match.span() for pattern in SENTENCE_CUES for match in pattern.finditer(lowered))
    if not cues:
        return []
    ends = [0, *(match.end() for match in _SENTENCE_END.finditer(lowered)), len(lowered)]
    spans: list[Span] = []
    place = 0
    for begin, end in cues:
        while ends[place + 1] <= begin and place + 2 < len(ends):
            place += 1
        last = next(e for e in ends[place + 1 :] if e >= end)
        sentence = (ends[place], last)
        spans.append(sentence if sentence[1] - sentence[0] <= LONGEST_LINE else (begin, end))
    return _joined(spans, LARGEST_GAP)


def _placeholder(lowered: str) -> Iterator[Span]:
    if any(word in lowered for word in LOREM_WORDS):
        for match in LOREM_IPSUM.finditer(lowered):
            yield match.span()


def _joined(spans: Iterable[Span], gap: int = 0) -> list[Span]:
    """The spans in order, those that overlap or lie at most `gap` apart as one."""
    joined: list[Span] = []
    for begin, end in sorted(spans):
        if joined and begin <= joined[-1][1] + gap:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((begin, end))
    return joined
