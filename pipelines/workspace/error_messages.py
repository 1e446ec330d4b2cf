"""What the machine refused, in one line: an engine's own words are a page, and the cause stands in the middle of it."""

import errno
import re
from collections.abc import Iterator

from schemas.errors import StoreError

AGAIN = "what was published before stands; mend that and run the job again"
FULL = (errno.ENOSPC, errno.EDQUOT)
CLOSED = (errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ENAMETOOLONG, errno.ELOOP)
"""A place that cannot be written or read, or is not what its name is used as."""
GONE = f"Spark's Java process has ended: it was killed, or the machine ran out of memory; {AGAIN}"
NEEDLES = (
    ("No space left on device", f"no space is left on a disk that the job writes to: {AGAIN}"),
    ("Disk quota exceeded", f"the disk quota is used up: {AGAIN}"),
    ("Read-only file system", f"a folder that the job writes to is read-only: {AGAIN}"),
    ("Permission denied", f"a folder or file may not be read or written by this user: {AGAIN}"),
    ("java.lang.OutOfMemoryError", "Spark has run out of memory: give it more (--driver-memory 8g before the job's name)"),
)
DAMAGED = re.compile(r"(?:FAILED_READ_FILE|Corrupt|corrupt|not a Parquet file|CRC|Encountered error while reading file)")
STORE = re.compile(rf"{StoreError.__name__}: ([^\r\n]+)")
RUN = r"/(?:_history/(?P<new>[\w/.=-]+?)/[0-9a-f]{16}-[0-9a-f]{8}|(?P<old>[\w/.=-]+?)/runs/\w+)/[\w/.=-]+\.parquet"
PARQUET = re.compile(r"(?P<workspace>(?:[a-z0-9]+:)?/[^\n'\",;()<>\[\]]*?)" + RUN)
"""A file of a published run, as engines spell it: of this layout, and of the one before."""
IN_TASK = re.compile(r"(?:^|\n)\s*(?:schemas\.errors\.)?DataError: ([^\r\n]+)")
"""What a Python task says of an input file that cannot be read."""
UNREAD = re.compile(r"\[FAILED_READ_FILE[^\]]*\]\s*(.+?)\s*(?:SQLSTATE|\n\tat |\Z)", re.S)
"""What Spark says of an input file that is not what its schema or the other files are."""


def told(error: BaseException) -> str | None:
    """One line for a fault that the user can mend; None for all others."""
    words = " ".join(_words(error))
    damaged = PARQUET.search(words) if DAMAGED.search(words) else None
    if damaged:
        return damaged_file(damaged.group())
    in_task = IN_TASK.search("\n".join(_words(error)))
    if in_task:
        return in_task[1].strip()
    unread = UNREAD.search(words)
    if unread:
        return f"{' '.join(unread.group(1).split())[:400]} Mend that file, or take it out, and run the job again"
    for found in _chain(error):
        if isinstance(found, OSError) and found.errno in (*FULL, *CLOSED):
            return f"{found.filename or 'a file'}: {found.strerror}: {AGAIN}"
        if type(found).__name__ == "Py4JNetworkError":  # by its name: the jobs on Ray have no Java
            return GONE
    return next((f"{said}{_where(words, needle)}" for needle, said in NEEDLES if needle in words), None)


def store_fault(error: BaseException) -> str | None:
    """What a task said of a store that does not answer, out of the page that an engine makes of it; None: something else."""
    for found in _chain(error):
        if isinstance(found, StoreError):
            return str(found)
    said = STORE.search("\n".join(_words(error)))
    return said[1].strip() if said else None


def damaged_file(uri: str) -> str:
    """What to do about a published file that cannot be read."""
    found = PARQUET.fullmatch(uri)
    if found is None:
        return f"{uri}: damaged; delete it and run the job that makes it"
    dataset = found["new"] or found["old"]
    return f"{uri}: damaged; delete {found['workspace']}/{dataset}/_current.json and run the job that makes it: it is made anew"


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _words(error: BaseException) -> Iterator[str]:
    """What the errors of the chain say, Java's included."""
    for found in _chain(error):
        yield str(found)
        java = getattr(found, "java_exception", None)
        if java is not None:
            yield str(java.toString())


def _where(words: str, needle: str) -> str:
    """The line that it stands in, where that is short enough to help."""
    line = next((line.strip() for line in words.splitlines() if needle in line), "")
    return f" ({line})" if line and len(line) <= 200 else ""
