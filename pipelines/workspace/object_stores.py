"""Clients of object stores: one per process and store. A client has its own connections and fetches its own credentials."""

import os
import re
import threading
from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import parse_qsl

import pyarrow as pa
from pyarrow import fs

from pipelines.workspace.filesystem import open_filesystem

GOOGLE_RETRIES_S = 5
"""Seconds for which Google's client retries by itself; its default of 15 minutes would hide an unavailable store."""
S3_OPTIONS = frozenset({"endpoint_override", "region", "scheme", "tls_ca_file_path"})
"""Options of a root's URI that `_s3` handles; with any other, pyarrow itself creates the client."""

STATUS = re.compile(r"HTTP status (\d{3})")
CURL = re.compile(r"curlCode: \d+, (.{1,160})")
MESSAGES = {
    "ACCESS_DENIED": "HTTP 403, access denied",
    "PERMISSION_DENIED": "HTTP 403, access denied",
    "UNAUTHENTICATED": "HTTP 401, no valid credentials",
    "SLOW_DOWN": "HTTP 503, slow down",
    "UNAVAILABLE": "HTTP 503, unavailable",
}
"""Errors for which the clients of Amazon and Google do not report the HTTP status."""

OpenStore = tuple[fs.FileSystem, str]
_OPEN_STORES: dict[tuple[str, str, str], OpenStore] = {}
_LOCK = threading.Lock()


def _forget() -> None:
    """Reset the state in a forked process: connections belong to the parent, and its lock may be locked."""
    global _LOCK
    _LOCK = threading.Lock()
    _OPEN_STORES.clear()


os.register_at_fork(after_in_child=_forget)


def open_store(scheme: str, authority: str, options: str = "") -> OpenStore:
    """Open the file system of a store, and return it with the path of its root; repeated calls return the same object.

    Args:
        scheme: s3, gs, or any that pyarrow or fsspec supports.
        authority: bucket, container or host.
        options: a query for the client (endpoint_override=…&region=…), set by the user who runs the job.

    Raises:
        DataError, OSError, ValueError: the file system is unknown, or its client cannot be created.
    """
    key = (scheme, authority, options)
    with _LOCK:
        if key not in _OPEN_STORES:
            _OPEN_STORES[key] = _open(scheme, authority, options)
        return _OPEN_STORES[key]


def status(error: Exception) -> str:
    """Summarize a store's error: its HTTP status if there is one, else the client's message."""
    text = " ".join(str(error).split())
    code = STATUS.search(text)
    if code:
        return f"HTTP {code[1]}"
    message = next((message for needle, message in MESSAGES.items() if needle in text), None)
    curl = CURL.search(text)
    return message or (curl[1] if curl else f"{type(error).__name__}: {text[:200]}")


def _open(scheme: str, authority: str, options: str) -> OpenStore:
    parsed = dict(parse_qsl(options))
    if scheme == "s3" and authority and set(parsed) <= S3_OPTIONS:
        return _s3(authority, parsed), authority
    if scheme == "gs" and "retry_limit_seconds" not in parsed:
        options = "&".join(filter(None, [options, f"retry_limit_seconds={GOOGLE_RETRIES_S}"]))
    return open_filesystem(f"{scheme}://{authority}{'?' if options else ''}{options}")


def _s3(bucket: str, options: Mapping[str, str] = MappingProxyType({})) -> fs.S3FileSystem:
    """Create a client like pyarrow's for a URI, but without retries: its 30 evenly spaced ones overload a throttling store."""
    endpoint = options.get("endpoint_override") or os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    region = options.get("region") or _region(bucket, endpoint)
    named = {name: options[name] for name in ("scheme", "tls_ca_file_path") if name in options}
    once = fs.AwsStandardS3RetryStrategy(max_attempts=1)
    return fs.S3FileSystem(endpoint_override=endpoint, region=region, retry_strategy=once, **named)


def _region(bucket: str, endpoint: str | None) -> str | None:
    """Look up the region of an Amazon bucket. None, the environment's region, for stores with an endpoint of their own."""
    if endpoint:
        return None
    try:
        return str(fs.resolve_s3_region(bucket))
    except (OSError, pa.ArrowException):
        return None
