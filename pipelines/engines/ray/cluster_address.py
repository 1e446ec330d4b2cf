"""Address of the Ray cluster that a job joins: only an explicitly named one, checked before Ray's own slow retries."""

import os
import re
import socket
import threading
from typing import NamedTuple
from urllib.parse import urlsplit

from schemas.errors import SettingsError

LOCAL = "local"
ANSWER_S = 6.0
"""Seconds in which a cluster must answer. Ray's own retries take minutes and print a log line each."""
ALIVE = "/ray.rpc.NodeInfoGcsService/CheckAlive"
"""The gRPC method of `ray health-check`; an empty message is valid."""
CLIENT = "ray"
HOST_PORT = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^\s:/\[\]]+):(\d{1,5})")


class Address(NamedTuple):
    """The address of a cluster, and where it was set."""

    url: str
    """`host:port`, or `ray://host:port`."""
    source: str
    """The setting or environment variable, for messages."""


def named_cluster(setting: str | None) -> Address | None:
    """The cluster of the setting, else of RAY_ADDRESS (also set by `ray job submit`); None: start a local one.

    Ray's own `auto` is rejected: it joins the cluster named in a file in /tmp, where anybody on a shared machine can write.

    Raises:
        SettingsError: the address is invalid.
    """
    url, source = (setting, "ray.address") if setting else (os.environ.get("RAY_ADDRESS", ""), "RAY_ADDRESS")
    if not url or url == LOCAL:
        return None
    bare = url.removeprefix(f"{CLIENT}://")
    if url == "auto":
        raise SettingsError(
            f"{source} is 'auto': Ray would join the cluster named in a file in /tmp, which anybody on this machine can write; "
            "set host:port or `local`"
        )
    if not (match := HOST_PORT.fullmatch(bare)) or not 0 < int(match.group(2)) < 65536:
        raise SettingsError(f"{source} is '{url}': expected host:port, ray://host:port or `local`")
    return Address(url, source)


def refuse_silence(address: Address, seconds: float = ANSWER_S) -> None:
    """Check that the cluster answers.

    Raises:
        SettingsError: no answer within `seconds`, or not from Ray.
    """
    fault = ["no answer"]

    def probe() -> None:
        fault[0] = _fault(address.url, seconds)

    probing = threading.Thread(target=probe, daemon=True)  # resolving a host name has no time-out
    probing.start()
    probing.join(seconds + 1)
    if fault[0]:
        raise no_cluster(address, fault[0])


def no_cluster(address: Address, why: str) -> SettingsError:
    """The error for an address without a usable cluster."""
    first = " ".join(why.split())[:300]
    return SettingsError(
        f"{address.source} {address.url}: no Ray cluster answers there ({first}); start it, set another address, or "
        "--set ray.address=local"
    )


def _fault(url: str, seconds: float) -> str:
    """What is wrong with the address; "" if a cluster answers."""
    place = urlsplit(url if "://" in url else f"//{url}")
    try:
        socket.create_connection((place.hostname, place.port), timeout=seconds / 2).close()
    except (OSError, UnicodeError) as error:
        return str(error) or type(error).__name__
    if os.environ.get("RAY_USE_TLS", "0") == "1":
        return ""  # Ray reads the certificates itself
    import grpc

    target = f"{place.hostname}:{place.port}" if ":" not in str(place.hostname) else f"[{place.hostname}]:{place.port}"
    with grpc.insecure_channel(target, options=[("grpc.enable_http_proxy", 0)]) as channel:
        try:
            grpc.channel_ready_future(channel).result(timeout=seconds / 2)
            if place.scheme != CLIENT:
                channel.unary_unary(ALIVE)(b"", timeout=seconds / 2)
        except grpc.FutureTimeoutError:
            return "something listens there, but it is not Ray"
        except grpc.RpcError as error:
            alive = error.code() not in (
                grpc.StatusCode.UNIMPLEMENTED,
                grpc.StatusCode.UNAVAILABLE,
                grpc.StatusCode.DEADLINE_EXCEEDED,
            )
            return "" if alive else f"something listens there and answers {error.code().name}"
    return ""
