"""Why a row has no answer, and what follows: whether another run retries it, and whether it counts as refused.

The one place for this. A reason that is not in the table counts as refused and is not retried.
"""

from enum import Enum, StrEnum

import pyarrow as pa
import pyarrow.compute as pc


class FailureCause(Enum):
    """The kind of cause of a reason: (another run retries the row, it counts as refused)."""

    TRANSIENT = (True, True)
    """A store, a server, a device or a file that may work later."""
    CONTENT = (False, True)
    """The row's own content: the same at any time."""
    NOTHING_TO_DO = (False, False)
    """The row has nothing to work on; no fault."""
    BUDGET = (True, False)
    """The budget was spent before its turn."""


class Reason(StrEnum):
    """The text in a table's column `reason`, and the kind of its cause."""

    cause: FailureCause

    def __new__(cls, text: str, cause: FailureCause) -> "Reason":
        """The text is the value."""
        reason = str.__new__(cls, text)
        reason._value_, reason.cause = text, cause
        return reason

    MISSING_FILE = "missing file", FailureCause.TRANSIENT
    UNREADABLE_FILE = "unreadable file", FailureCause.TRANSIENT
    CHANGED = "changed while it was read", FailureCause.TRANSIENT
    CHANGED_SINCE = "changed since it was mined", FailureCause.TRANSIENT
    NO_PLAIN_FILE = "no plain file", FailureCause.CONTENT
    OUTSIDE = "outside the image root", FailureCause.CONTENT
    NOWHERE_TO_READ = "no picture", FailureCause.CONTENT
    EMPTY_FILE = "empty file", FailureCause.CONTENT
    NOT_A_PICTURE = "not a picture", FailureCause.CONTENT
    TRUNCATED = "truncated", FailureCause.CONTENT
    TOO_LARGE = "too large", FailureCause.CONTENT
    TOO_SLOW = "too slow", FailureCause.CONTENT
    """Processor seconds, not wall clock."""
    DECODER_CRASHED = "decoder crashed", FailureCause.CONTENT

    MODEL_FAILED = "model failed", FailureCause.TRANSIENT
    READER_FAILED = "reader failed", FailureCause.TRANSIENT
    PROCESS_DIED = "its process died", FailureCause.CONTENT
    """It was retried alone, several times."""
    EMPTY_REGION = "empty region", FailureCause.CONTENT
    TOO_LONG = "too long", FailureCause.CONTENT
    NOTHING_TO_ENCODE = "nothing to encode", FailureCause.NOTHING_TO_DO
    """The answer of a picture encoder to a text."""

    SERVER_UNAVAILABLE = "server unavailable", FailureCause.TRANSIENT
    SERVER_REFUSED = "server refused", FailureCause.TRANSIENT
    NOT_UNDERSTOOD = "server's answer not understood", FailureCause.TRANSIENT
    EMPTY_DESCRIPTION = "empty description", FailureCause.CONTENT
    NO_TEXT = "no text found", FailureCause.NOTHING_TO_DO
    NOT_THE_COVER = "not the cover", FailureCause.NOTHING_TO_DO
    NO_WORDS = "no title or body", FailureCause.NOTHING_TO_DO

    NOT_ASKED = "not asked: the budget is spent", FailureCause.BUDGET
    MISSING_PICTURE = "missing picture", FailureCause.TRANSIENT
    NOTHING_TO_JUDGE = "nothing to judge", FailureCause.CONTENT
    NOT_IN_TOP = "yes or no not among the top tokens", FailureCause.CONTENT
    NOT_DESCRIBED = "its picture was taken out, and no description put in", FailureCause.CONTENT
    SPELLS_TOKENS = "text spells the model's own tokens", FailureCause.CONTENT


PASSING = frozenset(reason.value for reason in Reason if reason.cause.value[0])
"""Reasons of rows that another run retries."""
NO_FAULT = frozenset(reason.value for reason in Reason if not reason.cause.value[1])
"""Reasons that do not count as refused."""


def passing(reasons: pa.ChunkedArray | pa.Array) -> pa.ChunkedArray | pa.Array:
    """[n] whether each row is to be retried; false where it has an answer."""
    return _among(reasons, PASSING)


def refused(reasons: pa.ChunkedArray | pa.Array) -> pa.ChunkedArray | pa.Array:
    """[n] whether each row counts as refused; false where it has an answer, or there is nothing to work on."""
    return pc.and_(pc.is_valid(reasons), pc.invert(_among(reasons, NO_FAULT)))


def _among(reasons: pa.ChunkedArray | pa.Array, some: frozenset[str]) -> pa.ChunkedArray | pa.Array:
    return pc.fill_null(pc.is_in(reasons, value_set=pa.array(sorted(some))), False)
