"""Text -> hashed features, without a vocabulary file: Chinese characters and Latin words, alone and with their neighbours.

A token's row holds four numbers of one table: the token, the token with the one before
it, with the two before it, and a part of it (the first four letters of a word; for a
Chinese character, three before it). So a row tells "红", "色红", "只色红" apart, and a word
that was never seen in training still has a number of its own.
"""

import re
import unicodedata
import zlib

import numpy as np
import numpy.typing as npt

from schemas.combining_marks import stream_safe

FEATURES = 4
"""Numbers per token."""
STEM = 4
"""Letters of a word that its fourth number is a hash of: singular and plural share it."""

TOKEN = re.compile(r"[a-z]+|[0-9]+|[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]|[\U00020000-\U0003ffff]|[^\W\d_]")

Features = npt.NDArray[np.int32]
"""[tokens, FEATURES], each in [0, buckets)."""


def tokens(text: str) -> list[str]:
    """Words, numbers and single Chinese characters, folded; punctuation and emoji are gone.

    >>> tokens("Two RED mugs，２只红杯！")
    ['two', 'red', 'mugs', '2', '只', '红', '杯']
    """
    return TOKEN.findall(unicodedata.normalize("NFKC", stream_safe(text)).casefold())


def segments(text: str, buckets: int, longest: int, most: int) -> list[Features]:
    """Split a text into pieces in reading order: one per line, a long line in windows.

    One vector for all words of a note is close to no query; a line's vector can be, and the pool weighs the lines.

    Args:
        text: anything; lines without a token are left out.
        buckets: rows of the table of embeddings.
        longest: tokens of a piece.
        most: pieces that are kept; the rest of a longer text is ignored.
    """
    lines = [tokens(line) for line in text.splitlines()]
    pieces = [line[start : start + longest] for line in lines for start in range(0, len(line), longest)]
    return [_numbers(piece, buckets) for piece in pieces[:most]]


def features(text: str, buckets: int, most: int) -> Features:
    """Hash the first `most` tokens of a text, as one piece.

    Args:
        text: anything; no tokens give an array without rows.
        buckets: rows of the table of embeddings.
        most: tokens that are kept.

    Cost: one pass, some 2 microseconds a token.
    """
    return _numbers(tokens(text)[:most], buckets)


def _numbers(words: list[str], buckets: int) -> Features:
    rows = np.empty((len(words), FEATURES), np.int32)
    padded = ["", "", "", *words]
    for n, word in enumerate(words):
        third, second, first = padded[n : n + 3]
        part = f"{word[:STEM]}*" if len(word) > 1 else f"{third}|{second}|{first}|{word}"
        grams = (word, f"{first}|{word}", f"{second}|{first}|{word}", part)
        rows[n] = [zlib.crc32(s.encode()) % buckets for s in grams]
    return rows
