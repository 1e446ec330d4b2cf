"""Why a row has no answer, and what follows from that: whether another run asks it again, and whether it counts as refused.

The one place that says so. A reason that is not in the table counts as refused and is an answer.
"""

from enum import Enum, StrEnum

import pyarrow as pa
import pyarrow.compute as pc


class Lies(Enum):
    """Where a reason lies; (asked again by another run, counts as refused)."""

    WITH_THE_HOUR = (True, True)
    """A store, a server, a device or a file that another hour may mend."""
    WITH_THE_ROW = (False, True)
    """What the row's own content says: the same at any hour."""
    NOWHERE = (False, False)
    """There is nothing to say of it; no fault."""
    WITH_A_BUDGET = (True, False)
    """It was not its turn."""


class Reason(StrEnum):
    """The text that stands in a table, and where it lies."""

    lies: Lies

    def __new__(cls, text: str, lies: Lies) -> "Reason":
        """The text is the value."""
        made = str.__new__(cls, text)
        made._value_, made.lies = text, lies
        return made

    MISSING_FILE = "missing file", Lies.WITH_THE_HOUR
    UNREADABLE_FILE = "unreadable file", Lies.WITH_THE_HOUR
    CHANGED = "changed while it was read", Lies.WITH_THE_HOUR
    CHANGED_SINCE = "changed since it was mined", Lies.WITH_THE_HOUR
    NO_PLAIN_FILE = "no plain file", Lies.WITH_THE_ROW
    OUTSIDE = "outside the image root", Lies.WITH_THE_ROW
    NOWHERE_TO_READ = "no picture", Lies.WITH_THE_ROW
    EMPTY_FILE = "empty file", Lies.WITH_THE_ROW
    NOT_A_PICTURE = "not a picture", Lies.WITH_THE_ROW
    TRUNCATED = "truncated", Lies.WITH_THE_ROW
    TOO_LARGE = "too large", Lies.WITH_THE_ROW
    TOO_SLOW = "too slow", Lies.WITH_THE_ROW
    """Seconds of a processor, not of a clock."""
    DECODER_CRASHED = "decoder crashed", Lies.WITH_THE_ROW

    MODEL_FAILED = "model failed", Lies.WITH_THE_HOUR
    READER_FAILED = "reader failed", Lies.WITH_THE_HOUR
    PROCESS_DIED = "its process died", Lies.WITH_THE_ROW
    """It was tried alone, and several times."""
    EMPTY_REGION = "empty region", Lies.WITH_THE_ROW
    TOO_LONG = "too long", Lies.WITH_THE_ROW
    NOTHING_TO_ENCODE = "nothing to encode", Lies.NOWHERE
    """What an encoder of pictures says of a text."""

    SERVER_UNAVAILABLE = "server unavailable", Lies.WITH_THE_HOUR
    SERVER_REFUSED = "server refused", Lies.WITH_THE_HOUR
    NOT_UNDERSTOOD = "server's answer not understood", Lies.WITH_THE_HOUR
    EMPTY_DESCRIPTION = "empty description", Lies.WITH_THE_ROW
    NO_TEXT = "no text found", Lies.NOWHERE
    NOT_THE_COVER = "not the cover", Lies.NOWHERE
    NO_WORDS = "no title or body", Lies.NOWHERE

    NOT_ASKED = "not asked: the budget is spent", Lies.WITH_A_BUDGET
    MISSING_PICTURE = "missing picture", Lies.WITH_THE_HOUR
    NOTHING_TO_JUDGE = "nothing to judge", Lies.WITH_THE_ROW
    NOT_IN_TOP = "yes or no not among the top tokens", Lies.WITH_THE_ROW
    NOT_DESCRIBED = "its picture was taken out, and no description put in", Lies.WITH_THE_ROW
    SPELLS_TOKENS = "text spells the model's own tokens", Lies.WITH_THE_ROW


PASSING = frozenset(reason.value for reason in Reason if reason.lies.value[0])
"""Reasons of rows that another run asks again."""
NO_FAULT = frozenset(reason.value for reason in Reason if not reason.lies.value[1])
"""Reasons that do not count as refused."""


def passing(reasons: pa.ChunkedArray | pa.Array) -> pa.ChunkedArray | pa.Array:
    """[n] whether each row is to be asked again; false where it has an answer."""
    return _among(reasons, PASSING)


def refused(reasons: pa.ChunkedArray | pa.Array) -> pa.ChunkedArray | pa.Array:
    """[n] whether each row counts as refused; false where it has an answer, or there is nothing to say of it."""
    return pc.and_(pc.is_valid(reasons), pc.invert(_among(reasons, NO_FAULT)))


def _among(reasons: pa.ChunkedArray | pa.Array, some: frozenset[str]) -> pa.ChunkedArray | pa.Array:
    return pc.fill_null(pc.is_in(reasons, value_set=pa.array(sorted(some))), False)
