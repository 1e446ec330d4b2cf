"""Prepares a text for alignment: different numbers become different characters, boilerplate is marked. No engine."""

import unicodedata
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.mining.text.boilerplate_letters import boilerplate_letters
from pipelines.mining.text.local_alignment import EqualRun
from pipelines.mining.text.normalise import DIGIT, FoldedBatch, fold
from pipelines.mining.text.winnowing import Places, grams, widths

NUMBERS = 0x100000
"""First character of the private plane that encodes numbers."""
NUMBER_NAMES = 0xFFFD


@dataclass(frozen=True, slots=True)
class PreparedText:
    """One of the two texts of an alignment; n folded characters."""

    original: str
    folded: FoldedBatch
    text: str
    """[n] the folded characters, but two numbers are the same character only if they are the same number."""
    counted: NDArray[np.bool_]
    """[n] whether it is outside boilerplate by form (hashtags, footers: `boilerplate_letters`)."""
    own: NDArray[np.bool_]
    """[n] whether it is outside boilerplate of both kinds, by form and by frequency."""
    width: Places
    """[n] columns."""

    def span(self, begin: int, end: int) -> tuple[int, int]:
        """The range of the folded characters [begin, end) in the original, in code points."""
        return int(self.folded.starts[begin]), int(self.folded.ends[end - 1])

    def numbers(self, begin: int, end: int) -> str:
        """The digits of the numbers among the folded characters [begin, end)."""
        places = begin + np.flatnonzero(self.folded.codes[begin:end] == DIGIT)
        return "".join(_digits(self.original[slice(*self.span(k, k + 1))]) for k in places.tolist())


def prepared_text(original: str, common: Sequence[int] | None, columns: int, slack: int) -> PreparedText:
    """A text whose boilerplate grams, `columns` wide, start at the folded characters `common`.

    `slack` characters on both sides of a boilerplate gram count as boilerplate too: winnowing may
    have skipped as many.
    """
    folded = fold([original])
    n = len(folded.codes)
    change = np.zeros(n + 1, np.int64)
    if common:
        begin = np.asarray(common, np.int64)
        end = grams(folded.codes, folded.bounds, columns).ends[begin]
        np.add.at(change, np.maximum(begin - slack, 0), 1)
        np.add.at(change, np.minimum(end + slack, n), -1)
    counted = ~boilerplate_letters([original], folded)
    own = counted & (np.cumsum(change)[:n] == 0)
    return PreparedText(original, folded, numbered(original, folded, 0), counted, own, widths(folded.codes))


def numbered(original: str, folded: FoldedBatch, b: int) -> str:
    """Text b of `folded`, with each number as a character of the private plane."""
    low, high = folded.bounds[b], folded.bounds[b + 1]
    codes = folded.codes[low:high].copy()
    for k in np.flatnonzero(codes == DIGIT).tolist():
        digits = _digits(original[folded.starts[low + k] : folded.ends[low + k]])
        codes[k] = NUMBERS + zlib.crc32(digits.encode()) % NUMBER_NAMES
    return codes.tobytes().decode("utf-32-le")


def run_indices(runs: Sequence[EqualRun]) -> tuple[Places, Places]:
    """[m] indices of every character of the runs, in the first text and in the second."""
    steps = [np.arange(r.length) for r in runs]
    none = [np.zeros(0, np.int64)]
    first = np.concatenate(none + [r.i + s for r, s in zip(runs, steps, strict=True)])
    return first, np.concatenate(none + [r.j + s for r, s in zip(runs, steps, strict=True)])


def _digits(text: str) -> str:
    return "".join(str(unicodedata.digit(c)) for c in text if c.isdigit())
