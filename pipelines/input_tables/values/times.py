"""Times as texts and numbers say them: ISO 8601, dates of eight digits, seconds to nanoseconds since 1970."""

import re
import unicodedata
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from email.utils import parsedate_to_datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np

MICRO = 1_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TICKS = (620_000_000_000_000_000, 660_000_000_000_000_000)
"""Numbers in this range are .NET's ticks of 100 ns since the year 1 (1965 to 2092); as nanoseconds they would be of 1990."""
TICKS_OF_1970 = 621_355_968_000_000_000
LONGEST = 60
"""Characters; a longer text is no time."""
NUMBER = re.compile(r"[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d{1,2})?")
ZONE = r"(?P<zone>[A-Za-z][\w/+-]*|[+-]\d{2}(?::?\d{2})?)?"
ISO = re.compile(
    r"(?P<y>\d{4})(?P<s>[-/.])(?P<m>\d{1,2})(?P=s)(?P<d>\d{1,2})"
    r"(?:(?:[Tt_]|\s+)(?P<H>\d{1,2}):(?P<M>\d{2})(?::(?P<S>\d{2})(?:[.,](?P<f>\d{1,9}))?)?\s*" + ZONE + r"(?:\[[\w/+-]+\])?)?"
)
CHINESE = re.compile(
    r"(?P<y>\d{4})年(?P<m>\d{1,2})月(?P<d>\d{1,2})日?\s*(?:(?P<H>\d{1,2})[:时](?P<M>\d{1,2})分?(?:[:]?(?P<S>\d{1,2})秒?)?)?"
)
COMPACT = re.compile(
    r"(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})T?(?:(?P<H>\d{2})(?P<M>\d{2})(?P<S>\d{2})?(?P<zone>Z|[+-]\d{2}:?\d{2})?)?"
)
TWITTER = re.compile(r"[A-Z][a-z]{2} ([A-Z][a-z]{2}) (\d{1,2}) (\d{2}:\d{2}:\d{2}) ([+-]\d{4}) (\d{4})")
"""Wed Nov 25 10:00:00 +0000 2026, as Twitter and Weibo write."""


def parse_time(text: str, earliest: int, latest: int) -> int | None:
    """Microseconds since 1970 of a time; None where a text says none, or one that is not in the range.

    A year alone, a month alone and an hour alone are no times, nor is a date in which day and month have to be guessed.

    >>> range_1990_to_2100 = (631152000000000, 4102444800000000)
    >>> {parse_time(t, *range_1990_to_2100) for t in ("20261125", "2026年11月25日", "1795564800", "1795564800000")}
    {1795564800000000}
    >>> {parse_time(t, *range_1990_to_2100) for t in ("2026", "10:00", "11/12/2026", "soon")}
    {None}
    """
    text = text.strip()
    if not text or len(text) > LONGEST:
        return None
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    micros = _from_number(text, earliest, latest) if NUMBER.fullmatch(text) else _from_words(text)
    return micros if micros is not None and earliest <= micros < latest else None


def micros_of_numbers(values: np.ndarray, earliest: int, latest: int) -> tuple[np.ndarray, np.ndarray]:
    """Whole numbers as times, by their size and what they can mean.

    Args:
        values: [n] int64.
        earliest: of the range, microseconds.
        latest: of the range, microseconds; not in it.

    Returns:
        [n] int64 microseconds since 1970, and [n] bool: in the range.
    """
    size = np.abs(values.astype(np.float64))
    seconds = np.where(size < 1e11, values, 0) * MICRO
    ticks = (values >= TICKS[0]) & (values < TICKS[1])
    micros = np.select(
        [size < 1e11, size < 1e14, size < 1e17, ticks],
        [seconds, np.where(size < 1e14, values, 0) * 1_000, values, (values - np.where(ticks, TICKS_OF_1970, 0)) // 10],
        values // 1_000,
    )
    sound = (micros >= earliest) & (micros < latest)
    written = ((values >= 10**7) & (values < 10**8)) | ((values >= 10**13) & (values < 10**14))
    doubtful = np.flatnonzero(written | (~sound & (values >= 10**11) & (values < 10**12)))
    for place in doubtful:
        written_time = _compact(str(values[place]))
        if written_time is not None and earliest <= written_time < latest:
            micros[place], sound[place] = written_time, True
    return micros, sound


def _from_number(text: str, earliest: int, latest: int) -> int | None:
    if text.isdigit() and len(text) <= 18:
        micros, sound = micros_of_numbers(np.array([int(text)]), earliest, latest)
        return int(micros[0]) if sound[0] else None
    number = float(text)
    size = abs(number)
    scale = next((s for limit, s in ((1e11, 1e6), (1e14, 1e3), (1e17, 1.0), (1e20, 1e-3)) if size < limit), None)
    if scale is None:
        return None
    if text.lstrip("+-").isdigit() and scale < 1:
        return int(text) // 1_000
    return round(number * scale)


def _from_words(text: str) -> int | None:
    for pattern in (ISO, CHINESE):
        if match := pattern.fullmatch(text):
            return _micros(match)
    if (match := COMPACT.fullmatch(text)) and "T" in text:
        return _micros(match)
    if match := TWITTER.fullmatch(text):
        month, day, clock, zone, year = match.groups()
        text = f"{day} {month} {year} {clock} {zone}"
    if not text[-1].isdigit() and not text.endswith("GMT"):
        return None
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):
        return None
    if at.year < 1000 or not re.search(r"[A-Za-z]{3}", text):
        return None
    return _since_epoch(at if at.tzinfo else at.replace(tzinfo=UTC))


def _compact(digits: str) -> int | None:
    match = COMPACT.fullmatch(digits)
    return _micros(match) if match else None


def _micros(match: re.Match[str]) -> int | None:
    part = match.groupdict()
    zone = _zone(part.get("zone"))
    if zone is None:
        return None
    numbers = [int(part[name] or 0) for name in ("y", "m", "d", "H", "M", "S")]
    try:
        at = datetime(*numbers, tzinfo=zone)  # type: ignore[misc,arg-type]
        return _since_epoch(at) + int((part.get("f") or "0").ljust(6, "0")[:6])
    except (ValueError, OverflowError):
        return None


def _since_epoch(at: datetime) -> int:
    gap = at - EPOCH
    return (gap.days * 86_400 + gap.seconds) * MICRO + gap.microseconds


@lru_cache(maxsize=4096)
def _zone(name: str | None) -> tzinfo | None:
    """None: a zone that nobody knows."""
    if name is None or name.upper() in ("Z", "UTC", "GMT"):
        return UTC
    if name[0] in "+-":
        digits = name[1:].replace(":", "").ljust(4, "0")
        minutes = int(digits[:2]) * 60 + int(digits[2:])
        return timezone(timedelta(minutes=minutes if name[0] == "+" else -minutes)) if minutes <= 18 * 60 else None
    if "/" not in name:
        return None
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return None
