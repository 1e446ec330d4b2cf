"""The Ray cluster that a job is to join: only one that was named, and only if somebody answers there."""

import os
import re
import socket
import threading
from typing import NamedTuple
from urllib.parse import urlsplit

from schemas.errors import SettingsError

LOCAL = "local"
ANSWER_S = 6.0
"""Seconds that a cluster has to answer in. Ray's own tries take minutes, and its C++ parts write of each."""
ALIVE = "/ray.rpc.NodeInfoGcsService/CheckAlive"
"""What Ray's own `ray health-check` calls; an empty message is a valid one."""
CLIENT = "ray"
HOST_PORT = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^\s:/\[\]]+):(\d{1,5})")


class Address(NamedTuple):
    """Where a cluster is named, and how."""

    url: str
    """`host:port`, or `ray://host:port`."""
    source: str
    """The setting or variable, for messages."""


def named_cluster(setting: str | None) -> Address | None:
    """The cluster that the setting names, else RAY_ADDRESS (set by `ray job submit` too); None: a local one is to be started.

    Never the one that a file in /tmp names, which is what Ray's own `auto` does: anybody on a shared machine can write there.

    Raises:
        SettingsError: the address is none.
    """
    url, source = (setting, "ray.address") if setting else (os.environ.get("RAY_ADDRESS", ""), "RAY_ADDRESS")
    if not url or url == LOCAL:
        return None
    bare = url.removeprefix(f"{CLIENT}://")
    if url == "auto":
        raise SettingsError(
            f"{source} is 'auto': Ray would join what a file in /tmp names, which anybody on this machine can write; name the "
            "cluster as host:port, or `local`"
        )
    if not (found := HOST_PORT.fullmatch(bare)) or not 0 < int(found.group(2)) < 65536:
        raise SettingsError(f"{source} is '{url}': expected host:port, ray://host:port or `local`")
    return Address(url, source)


def refuse_silence(address: Address, seconds: float = ANSWER_S) -> None:
    """Ask the cluster whether it is there.

    Raises:
        SettingsError: nobody answers within the time, or who answers is no Ray.
    """
    fault = ["no answer"]

    def ask() -> None:
        fault[0] = _fault(address.url, seconds)

    asking = threading.Thread(target=ask, daemon=True)  # the look-up of a name has no time-out
    asking.start()
    asking.join(seconds + 1)
    if fault[0]:
        raise no_cluster(address, fault[0])


def no_cluster(address: Address, why: str) -> SettingsError:
    """The error for an address where a job cannot work."""
    first = " ".join(why.split())[:300]
    return SettingsError(
        f"{address.source} {address.url}: no Ray cluster answers there ({first}); start it, name another, or "
        "--set ray.address=local"
    )


def _fault(url: str, seconds: float) -> str:
    """What is wrong with who answers; "" where it is a cluster."""
    place = urlsplit(url if "://" in url else f"//{url}")
    try:
        socket.create_connection((place.hostname, place.port), timeout=seconds / 2).close()
    except (OSError, UnicodeError) as error:
        return str(error) or type(error).__name__
    if os.environ.get("RAY_USE_TLS", "0") == "1":
        return ""  # its certificates are Ray's to read
    import grpc

    target = f"{place.hostname}:{place.port}" if ":" not in str(place.hostname) else f"[{place.hostname}]:{place.port}"
    with grpc.insecure_channel(target, options=[("grpc.enable_http_proxy", 0)]) as channel:
        try:
            grpc.channel_ready_future(channel).result(timeout=seconds / 2)
            if place.scheme != CLIENT:
                channel.unary_unary(ALIVE)(b"", timeout=seconds / 2)
        except grpc.FutureTimeoutError:
            return "something listens, and does not speak as Ray does"
        except grpc.RpcError as error:
            alive = error.code() not in (
                grpc.StatusCode.UNIMPLEMENTED,
                grpc.StatusCode.UNAVAILABLE,
                grpc.StatusCode.DEADLINE_EXCEEDED,
            )
            return "" if alive else f"something listens, and answers {error.code().name}"
    return ""
