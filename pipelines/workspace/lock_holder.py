"""The holder of a workspace, as recorded in the lock file or the lease."""

import json
import os
import socket
from datetime import UTC, datetime
from typing import Any

from schemas.errors import DataError


def holder(job: str) -> dict[str, Any]:
    """Describe this process as the holder for a job."""
    since = datetime.now(UTC).isoformat(timespec="seconds")
    return {"job": job, "pid": os.getpid(), "host": socket.gethostname(), "since": since}


def busy(uri: str, content: bytes) -> DataError:
    """Build the error that another job holds the workspace."""
    return DataError(f"{uri}: {named(content)} is running on this workspace; wait for it to end, or choose another --workspace")


def named(content: bytes) -> str:
    """Name the holder for messages; "another job" if the file does not describe one."""
    fields = read_holder(content)
    if not {"job", "pid", "host", "since"} <= fields.keys():
        return "another job"
    job, pid, host, since = (" ".join(str(fields[name]).split())[:80] for name in ("job", "pid", "host", "since"))
    return f"jobs/{job}.py (process {pid} on {host}, since {since})"


def read_holder(content: bytes) -> dict[str, Any]:
    """Parse the file's fields; empty if it is damaged or not ours."""
    try:
        fields = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return fields if isinstance(fields, dict) else {}
