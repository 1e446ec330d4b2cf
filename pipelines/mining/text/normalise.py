"""Folds batches of texts for comparison: drops what people retype differently, and keeps the place of every character.

The scalar folds for other steps are in `pipelines.media.text_fold`. No engine.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from sys import maxunicode

import numpy as np
from numpy.typing import NDArray

DROPPED, EXPANDS, UNREAD = -1, -2, -3
"""In place of the folded character: none, several, or its page of Unicode has not been read."""
DIGIT = ord("0")
PAGE = 256
LONGEST_SEGMENT = 32
"""Code points; a longer run of combining marks is cut (UAX 15, Stream-Safe Text, allows 30), for linear time."""

_fold_of = np.full(maxunicode + 1, UNREAD, np.int32)
_joins = np.zeros(maxunicode + 1, bool)


@dataclass(frozen=True, slots=True)
class FoldedBatch:
    """Folded texts, one after another: n characters of B texts."""

    codes: NDArray[np.uint32]
    """[n] the kept characters."""
    starts: NDArray[np.int32]
    """[n] index in its original text at which each begins, in code points."""
    ends: NDArray[np.int32]
    """[n] index at which it ends (exclusive)."""
    bounds: NDArray[np.int64]
    """[B + 1] text b is characters bounds[b] to bounds[b + 1]."""

    def text(self, b: int) -> str:
        """Text b as a string."""
        return self.codes[self.bounds[b] : self.bounds[b + 1]].tobytes().decode("utf-32-le")


def fold(texts: Sequence[str]) -> FoldedBatch:
    """Texts without case, width, spaces, punctuation, symbols and emoji; each run of digits is one "0".

    NFKC, case fold, NFKC, then letters, numbers and vowel signs are kept, but no optional ones
    (tashkeel, niqqud). It works on segments (a character and the marks that may combine with it),
    which keeps the positions exact.

    >>> fold(["Ｃafé: 1,200 g ✨"]).text(0)
    'café0g'

    Cost: linear, numpy over the whole batch; only segments that NFKC composes or expands are Python.
    """
    joined = "\n".join([*texts, ""])
    raw = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), "<u4")
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    owner = np.repeat(np.arange(len(texts)), lengths + 1)
    first = np.concatenate([[0], np.cumsum(lengths + 1)])
    _read_pages(raw)

    begin = _segment_starts(raw, first[:-1])
    end = np.append(begin[1:], len(raw)) if len(raw) else begin
    value = _fold_of[raw[begin]]
    slow = np.flatnonzero((value == EXPANDS) | (end - begin > 1))
    spelled = [_fold_segment(joined[begin[s] : end[s]]) for s in slow]
    counts = (value != DROPPED).astype(np.int64)
    counts[slow] = [len(s) for s in spelled]

    segment = np.repeat(np.arange(len(begin)), counts)
    codes = value[segment]
    is_slow = np.zeros(len(begin), bool)
    is_slow[slow] = True
    codes[is_slow[segment]] = np.frombuffer("".join(spelled).encode("utf-32-le"), "<i4")
    text = owner[begin[segment]]
    return _merge_digits(codes, begin[segment] - first[text], end[segment] - first[text], text, len(texts))


def _merge_digits(
    codes: NDArray[np.int32], starts: NDArray[np.int64], ends: NDArray[np.int64], owner: NDArray[np.int64], texts: int
) -> FoldedBatch:
    repeated = np.zeros(len(codes), bool)
    repeated[1:] = (codes[1:] == DIGIT) & (codes[:-1] == DIGIT) & (owner[1:] == owner[:-1])
    kept = np.flatnonzero(~repeated)
    last = np.append(kept[1:], len(codes)) - 1 if len(kept) else kept
    bounds = np.searchsorted(owner[kept], np.arange(texts + 1))
    return FoldedBatch(codes[kept].astype(np.uint32), starts[kept].astype(np.int32), ends[last].astype(np.int32), bounds)


def _segment_starts(raw: NDArray[np.uint32], first: NDArray[np.int64]) -> NDArray[np.int64]:
    starts = ~_joins[raw]
    starts[first] = True
    begin = np.flatnonzero(starts)
    depth = np.arange(len(raw)) - np.repeat(begin, np.diff(np.append(begin, len(raw))))
    return np.flatnonzero(depth % LONGEST_SEGMENT == 0)


def _read_pages(raw: NDArray[np.uint32]) -> None:
    """Fill the tables for the pages of Unicode with these characters."""
    pages = np.unique(raw // PAGE)
    for page in pages[_fold_of[pages * PAGE] == UNREAD]:
        for code in range(int(page) * PAGE, int(page + 1) * PAGE):
            folded = _fold_segment(chr(code))
            _fold_of[code] = DROPPED if not folded else ord(folded) if len(folded) == 1 else EXPANDS
            leads = unicodedata.normalize("NFKC", chr(code))[0]
            _joins[code] = unicodedata.combining(leads) > 0 or ord(leads) in _seconds()


@lru_cache(maxsize=65536)
def _fold_segment(segment: str) -> str:
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", segment).casefold())
    return "".join("0" if unicodedata.category(c) == "Nd" else c for c in folded if _is_kept(c))


def _is_kept(c: str) -> bool:
    kind = unicodedata.category(c)
    if kind[0] in "LN":
        return c != TATWEEL
    name = unicodedata.name(c, "")
    return kind in ("Mn", "Mc") and not name.endswith(_INVISIBLE) and not name.startswith(_OPTIONAL_MARKS)


TATWEEL = "\u0640"
"""Lengthens an Arabic word in print."""
_OPTIONAL_MARKS = ("ARABIC", "HEBREW", "SYRIAC")
"""Scripts whose marks (tashkeel, niqqud) a reader supplies: one copy has them, another has not."""
_INVISIBLE = ("JOINER", *(f"VARIATION SELECTOR-{n}" for n in range(1, 257)), "SELECTOR ONE", "SELECTOR TWO", "SELECTOR THREE")
"""Ends of the names of invisible marks (emoji style, Mongolian forms, grapheme joiner)."""


@cache
def _seconds() -> frozenset[int]:
    """Characters that NFC may compose with the one before, though they are no combining marks."""
    parts = (unicodedata.decomposition(chr(code)).split() for code in range(maxunicode + 1))
    jamo = [*range(0x1161, 0x1176), *range(0x11A8, 0x11C3)]
    return frozenset([*jamo, *(int(p[1], 16) for p in parts if len(p) == 2 and not p[0].startswith("<"))])
