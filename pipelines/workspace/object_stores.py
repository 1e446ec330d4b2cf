"""Clients of object stores: one a process for each store. A client has its own connections and asks for its own credentials."""

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
"""Seconds in which Google's client asks again by itself; its own 15 minutes would hide a store that is away."""
S3_OPTIONS = frozenset({"endpoint_override", "region", "scheme", "tls_ca_file_path"})
"""Of a root's URI; of one with others pyarrow itself makes the client."""

STATUS = re.compile(r"HTTP status (\d{3})")
CURL = re.compile(r"curlCode: \d+, (.{1,160})")
WORDS = {
    "ACCESS_DENIED": "HTTP 403, access denied",
    "PERMISSION_DENIED": "HTTP 403, access denied",
    "UNAUTHENTICATED": "HTTP 401, no valid credentials",
    "SLOW_DOWN": "HTTP 503, slow down",
    "UNAVAILABLE": "HTTP 503, unavailable",
}
"""Errors whose status the clients of Amazon and Google keep to themselves."""

Opened = tuple[fs.FileSystem, str]
_OPENED: dict[tuple[str, str, str], Opened] = {}
_LOCK = threading.Lock()


def _forget() -> None:
    """In a forked process: connections belong to the parent, and its lock may have been held."""
    global _LOCK
    _LOCK = threading.Lock()
    _OPENED.clear()


os.register_at_fork(after_in_child=_forget)


def open_store(scheme: str, authority: str, options: str = "") -> Opened:
    """The file system of a store and the path of its root on it; the same one at every call of a process.

    Args:
        scheme: s3, gs, or any that pyarrow or fsspec knows.
        authority: bucket, container or host.
        options: a query for the client (endpoint_override=…&region=…), of who runs the job.

    Raises:
        DataError, OSError, ValueError: there is no such file system, or its client cannot be made.
    """
    key = (scheme, authority, options)
    with _LOCK:
        if key not in _OPENED:
            _OPENED[key] = _open(scheme, authority, options)
        return _OPENED[key]


def status(error: Exception) -> str:
    """What a store's error says, short: its status where there is one, else the client's words."""
    words = " ".join(str(error).split())
    code = STATUS.search(words)
    if code:
        return f"HTTP {code[1]}"
    known = next((said for needle, said in WORDS.items() if needle in words), None)
    curl = CURL.search(words)
    return known or (curl[1] if curl else f"{type(error).__name__}: {words[:200]}")


def _open(scheme: str, authority: str, options: str) -> Opened:
    given = dict(parse_qsl(options))
    if scheme == "s3" and authority and set(given) <= S3_OPTIONS:
        return _s3(authority, given), authority
    if scheme == "gs" and "retry_limit_seconds" not in given:
        options = "&".join(filter(None, [options, f"retry_limit_seconds={GOOGLE_RETRIES_S}"]))
    return open_filesystem(f"{scheme}://{authority}{'?' if options else ''}{options}")


def _s3(bucket: str, options: Mapping[str, str] = MappingProxyType({})) -> fs.S3FileSystem:
    """As pyarrow makes it of a URI, but asking once: its own 30 repetitions at an even pace keep a throttling store busy."""
    endpoint = options.get("endpoint_override") or os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    region = options.get("region") or _region(bucket, endpoint)
    named = {name: options[name] for name in ("scheme", "tls_ca_file_path") if name in options}
    once = fs.AwsStandardS3RetryStrategy(max_attempts=1)
    return fs.S3FileSystem(endpoint_override=endpoint, region=region, retry_strategy=once, **named)


def _region(bucket: str, endpoint: str | None) -> str | None:
    """Amazon says in which region a bucket is; other stores have none of their own. None: the environment's."""
    if endpoint:
        return None
    try:
        return str(fs.resolve_s3_region(bucket))
    except (OSError, pa.ArrowException):
        return None
