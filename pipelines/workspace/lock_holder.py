"""Who holds a workspace, as the lock and the lease say it."""

import json
import os
import socket
from datetime import UTC, datetime
from typing import Any

from schemas.errors import DataError


def holder(job: str) -> dict[str, Any]:
    """This process, at work for a job."""
    since = datetime.now(UTC).isoformat(timespec="seconds")
    return {"job": job, "pid": os.getpid(), "host": socket.gethostname(), "since": since}


def busy(uri: str, content: bytes) -> DataError:
    """That somebody else holds the workspace."""
    return DataError(f"{uri}: {named(content)} is working here; wait for it to end, or name another --workspace")


def named(content: bytes) -> str:
    """The holder in words; whatever else stands in the file is "another job"."""
    found = read_holder(content)
    if not {"job", "pid", "host", "since"} <= found.keys():
        return "another job"
    job, pid, host, since = (" ".join(str(found[name]).split())[:80] for name in ("job", "pid", "host", "since"))
    return f"jobs/{job}.py (process {pid} on {host}, since {since})"


def read_holder(content: bytes) -> dict[str, Any]:
    """What the file says; nothing where it is damaged or none of ours."""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
