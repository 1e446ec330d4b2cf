"""Reduces errors of the machine and of engines to one line; an engine's own message is a page around the cause."""

import errno
import re
from collections.abc import Iterator

from schemas.errors import StoreError

AGAIN = "published datasets are kept; fix this and run the job again"
FULL = (errno.ENOSPC, errno.EDQUOT)
CLOSED = (errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ENAMETOOLONG, errno.ELOOP)
"""Errors of a path that cannot be read or written, or is of another type than expected."""
GONE = f"Spark's Java process has ended: it was killed, or the machine ran out of memory; {AGAIN}"
MESSAGES = (
    ("No space left on device", f"a disk that the job writes to is full: {AGAIN}"),
    ("Disk quota exceeded", f"the disk quota is used up: {AGAIN}"),
    ("Read-only file system", f"a folder that the job writes to is read-only: {AGAIN}"),
    ("Permission denied", f"this user may not read or write a file or folder: {AGAIN}"),
    ("java.lang.OutOfMemoryError", "Spark ran out of memory: increase it (--driver-memory 8g before the job's name)"),
)
DAMAGED = re.compile(r"(?:FAILED_READ_FILE|Corrupt|corrupt|not a Parquet file|CRC|Encountered error while reading file)")
STORE = re.compile(rf"{StoreError.__name__}: ([^\r\n]+)")
RUN = r"/(?:_history/(?P<new>[\w/.=-]+?)/[0-9a-f]{16}-[0-9a-f]{8}|(?P<old>[\w/.=-]+?)/runs/\w+)/[\w/.=-]+\.parquet"
PARQUET = re.compile(r"(?P<workspace>(?:[a-z0-9]+:)?/[^\n'\",;()<>\[\]]*?)" + RUN)
"""Path of a file of a published run, as engines print it, in the current and in the previous layout."""
IN_TASK = re.compile(r"(?:^|\n)\s*(?:schemas\.errors\.)?DataError: ([^\r\n]+)")
"""The message of a DataError that a Python task raised: an input file that cannot be read."""
UNREAD = re.compile(r"\[FAILED_READ_FILE[^\]]*\]\s*(.+?)\s*(?:SQLSTATE|\n\tat |\Z)", re.S)
"""Spark's message about an input file that does not match its schema or the other files."""


def user_message(error: BaseException) -> str | None:
    """Describe an error that the user can fix in one line; None for any other error."""
    text = " ".join(_messages(error))
    damaged = PARQUET.search(text) if DAMAGED.search(text) else None
    if damaged:
        return damaged_file(damaged.group())
    in_task = IN_TASK.search("\n".join(_messages(error)))
    if in_task:
        return in_task[1].strip()
    unread = UNREAD.search(text)
    if unread:
        return f"{' '.join(unread.group(1).split())[:400]} Fix or remove that file, and run the job again"
    for cause in _chain(error):
        if isinstance(cause, OSError) and cause.errno in (*FULL, *CLOSED):
            return f"{cause.filename or 'a file'}: {cause.strerror}: {AGAIN}"
        if type(cause).__name__ == "Py4JNetworkError":  # compared by name, since jobs on Ray do not install py4j
            return GONE
    return next((f"{message}{_where(text, needle)}" for needle, message in MESSAGES if needle in text), None)


def store_fault(error: BaseException) -> str | None:
    """Extract a task's StoreError from an engine's error; None if the cause is something else."""
    for cause in _chain(error):
        if isinstance(cause, StoreError):
            return str(cause)
    match = STORE.search("\n".join(_messages(error)))
    return match[1].strip() if match else None


def damaged_file(uri: str) -> str:
    """Explain what to do about a published file that cannot be read."""
    match = PARQUET.fullmatch(uri)
    if match is None:
        return f"{uri}: damaged; delete it and run the job that makes it again"
    dataset = match["new"] or match["old"]
    return f"{uri}: damaged; delete {match['workspace']}/{dataset}/_current.json and run the job that makes it again"


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _messages(error: BaseException) -> Iterator[str]:
    """Messages of an error and its causes, including Java's."""
    for cause in _chain(error):
        yield str(cause)
        java = getattr(cause, "java_exception", None)
        if java is not None:
            yield str(java.toString())


def _where(text: str, needle: str) -> str:
    """Quote the line that contains the needle, if it is short enough to help."""
    line = next((line.strip() for line in text.splitlines() if needle in line), "")
    return f" ({line})" if line and len(line) <= 200 else ""
