"""The encoding of a text file, by its first bytes."""

import codecs
import re
from typing import NamedTuple

from pipelines.input_tables.settings import AUTO

MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
LINE_SAFE = ("utf-8", "utf_8", "ascii", "gb", "hz", "big5", "shift_jis", "cp", "latin", "iso8859", "euc", "koi8")
"""Encodings in which the byte 0x0A is a line's end and nothing else, by the beginnings of Python's names."""
SHARE_OF_ZEROS = 0.2
SHARE_OF_PAIRS = 0.8
HIGH_PAIR = re.compile(rb"[\xa1-\xfe][\xa1-\xfe]|[\x81-\xfe][0-9][\x81-\xfe][0-9]")
LONE_HIGH = re.compile(rb"[\x80-\xff]")


class Encoding(NamedTuple):
    """How a file's bytes are characters."""

    name: str
    mark_bytes: int
    """Length of the byte order mark at the beginning."""
    is_default: bool
    """UTF-8, with nothing to tell the user."""
    is_valid: bool = True
    """Whether the first bytes of the file are valid in this encoding."""

    @property
    def line_safe(self) -> bool:
        """Whether lines can be cut at the byte 0x0A."""
        return codecs.lookup(self.name).name.replace("-", "_").startswith(LINE_SAFE) or self.name.startswith(LINE_SAFE)


def encoding_of(head: bytes, chosen: str = AUTO, *, whole: bool = False) -> Encoding:
    """The encoding of a file that begins with `head`.

    Args:
        head: its first bytes, decompressed.
        chosen: the user's setting.
        whole: whether `head` is all of it, so that no character can be cut at its end.
    """
    mark, named = next(((mark, name) for mark, name in MARKS if head.startswith(mark)), (b"", ""))
    if chosen != AUTO:
        name = chosen if named == "" or codecs.lookup(chosen).name not in ("utf-16", "utf-32") else named
        return Encoding(name, len(mark) if named and codecs.lookup(name).name == codecs.lookup(named).name else 0, False)
    if named:
        return Encoding(named, len(mark), named == "utf-8")
    wide = _utf16_without_mark(head)
    if wide:
        return Encoding(wide, 0, False)
    if is_valid(head, "utf-8", whole=whole):
        return Encoding("utf-8", 0, True)
    if not is_valid(head, "gb18030", whole=whole) or not _looks_chinese(head):
        return Encoding("utf-8", 0, True, is_valid=False)
    return Encoding("gb18030", 0, False)


def is_valid(raw: bytes, name: str, *, whole: bool) -> bool:
    """Whether bytes are text in an encoding; half a character at their end counts only where they are the whole file."""
    try:
        codecs.getincrementaldecoder(name)().decode(raw, final=whole)
    except UnicodeError:
        return False
    return True


def _utf16_without_mark(head: bytes) -> str:
    """Every other byte of European text in UTF-16 is zero; padding with zeros is not."""
    sample = head[: 4096 & ~1].rstrip(b"\0")
    if len(sample) < 8:
        return ""
    even, odd = sample[0::2].count(0) / (len(sample) / 2), sample[1::2].count(0) / (len(sample) / 2)
    if odd > SHARE_OF_ZEROS and even < odd / 10:
        return "utf-16-le"
    return "utf-16-be" if even > SHARE_OF_ZEROS and odd < even / 10 else ""


def _looks_chinese(head: bytes) -> bool:
    """Whether most of what is not ASCII has two high bytes, as in GB2312, or four; Latin-1 has one high byte among letters."""
    pairs = len(HIGH_PAIR.findall(head))
    lone = len(LONE_HIGH.findall(HIGH_PAIR.sub(b"", head)))
    return pairs > 0 and pairs >= SHARE_OF_PAIRS * (pairs + lone)
