"""Passwords and signatures in URIs: none is taken in settings, which are printed and stored; none is told of a picture."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from schemas.errors import SettingsError

PASSWORD = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*://[^/@\s]*:[^/@\s]+@")
"""A user and a password before the host; `abfss://container@account` has none."""
SIGNED = re.compile(r"[?&][^=&]*(?:sig|credential|secret|password|token|access_key|api_?key)[^=&]*=", re.IGNORECASE)


def refuse_credentials(settings: Any) -> None:  # noqa: ANN401
    """Look at every text in a tree of settings.

    Raises:
        SettingsError: one is a URI with a password or a signature in it; the message names the setting and not the URI.
    """
    keys = [key for key, text in _texts(settings, "") if PASSWORD.match(text) or ("://" in text and SIGNED.search(text))]
    if keys:
        raise SettingsError(
            f"{', '.join(keys)}: a URI with a password or a signature in it would be printed and stored; give credentials by "
            "the environment (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, OPENAI_API_KEY, or the provider's own files)"
        )


def redacted(uri: str) -> str:
    """The URI as it may be told: without user, password, query and fragment."""
    if "://" not in uri:
        return uri
    try:
        parts = urlsplit(uri)
    except ValueError:  # a note may name anything
        return uri.split("://", 1)[0] + "://..."
    host = parts.netloc.rpartition("@")[2] if PASSWORD.match(uri) else parts.netloc
    hidden = "..." if parts.query else ""
    return urlunsplit((parts.scheme, host, parts.path, hidden, ""))


def _texts(tree: Any, key: str) -> Iterator[tuple[str, str]]:  # noqa: ANN401
    if isinstance(tree, str):
        yield key, tree
    elif isinstance(tree, dict):
        for name, value in tree.items():
            yield from _texts(value, f"{key}.{name}" if key else str(name))
    elif isinstance(tree, list | tuple):
        for value in tree:
            yield from _texts(value, key)
