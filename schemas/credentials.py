"""Detects credentials in settings and URIs: settings, which are printed and stored, may not hold any; URIs are redacted."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from schemas.errors import SettingsError

NAMED = "abfss?|wasbs?|hdfs|webhdfs|viewfs|sftp|ssh|ftp|smb"
"""Schemes in which a name before the host is not secret: a container, a user."""
USERINFO = (
    r"(?i)^(?:((?:s3[an]?|gs|gcs)://)[^:/?#@\s]*:[^@\s]*@"  # a key may have slashes in it, and a bucket has no port
    r"|([a-z][a-z0-9+.-]*://)[^:/?#@\s\[]*:(?![0-9]+(?:[/?#]|$))[^@\s]*@"
    rf"|((?!(?:{NAMED})://|gs://anonymous@)[a-z][a-z0-9+.-]*://)[^/?#@\s]+@)"
)
"""Matches the part before the host that may be secret; one of its groups is the scheme. Valid in Java and in Python."""
PASSWORD = re.compile(USERINFO)
PARAMETER = re.compile(r"[?&;#]([^=&;#?]*)=([^&;#]*)")
SECRET_NAME = re.compile(
    r"key|^sig|sig$|signature|secret|passw|passphrase|pwd|^pw$|^pass$|token|auth(?!or)|credential|cookie|bearer|jwt|accessid"
    r"|^pat$|^code$|^sas$|private"
)
"""Names of secret parameters, in lower case and without punctuation."""
RUN = re.compile(r"[A-Za-z0-9+/_=-]{24,}")
"""A long run of letters and digits: a key under any parameter name."""
PLAIN = frozenset({"revision", "ref", "rolearn", "sessionname", "externalid", "endpointoverride", "tlscafilepath", "projectid"})
"""Parameters that may have long values without being secret."""
TOKEN = re.compile(
    r"\b(?:AKIA|ASIA)[A-Z0-9]{12,}|\bAIza[\w-]{16,}|\bgh[pousr]_\w{12,}|\bgithub_pat_\w{12,}|\bglpat-[\w-]{12,}"
    r"|\bhf_[A-Za-z0-9]{16,}|\bsk-(?:proj-|svcacct-|or-v1-|ant-api\d\d-)?\w{20,}|\bxox[abeprs]-[\w-]{8,}|\bya29\.[\w-]{8,}|\beyJ[\w-]{8,500}\.[\w-]{1,500}\."
    r"|\bBearer\s{1,5}\S{8,}|PRIVATE KEY-----"
)
"""Keys recognizable by their provider's prefix."""
LONGEST = 200


def refuse_credentials(settings: Any) -> None:  # noqa: ANN401
    """Check every text in a tree of settings.

    Raises:
        SettingsError: one contains a password, a key or a signature; the message names the setting, not the text.
    """
    keys = dict.fromkeys(key for key, text in _texts(settings, "") if is_secret(text) or is_secret(unquote(text)))
    if keys:
        raise SettingsError(
            f"{', '.join(keys)}: contains a password, a key or a signature, which would be printed and stored; pass it in "
            "the environment (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, OPENAI_API_KEY, or the provider's own files)"
        )


def is_secret(text: str) -> bool:
    """Whether a text contains a credential.

    >>> is_secret("s3://bucket/a@b?region=eu"), is_secret("https://host/?key=x"), is_secret("s3://id:a/b@bucket")
    (False, True, True)
    """
    if TOKEN.search(text):
        return True
    if "://" not in text:
        return False
    return PASSWORD.match(text) is not None or any(_is_secret_parameter(*pair) for pair in PARAMETER.findall(text))


def redacted(uri: str) -> str:
    """Make a URI safe to print: without user, password, query and fragment, and not longer than a line."""
    if "://" not in uri:
        return _cut(uri)
    bare = PASSWORD.sub(r"\1\2\3", uri)
    path, *hidden = re.split(r"[?#]|;[^/;=]*=", bare, maxsplit=1)
    return _cut(path) + ("?..." if hidden else "")


def _cut(text: str) -> str:
    line = " ".join(text.split()) if any(c in text for c in "\r\n\t") else text
    return line if len(line) <= LONGEST else f"{line[:LONGEST]}..."


def _is_secret_parameter(name: str, value: str) -> bool:
    plain = re.sub(r"[^a-z0-9]", "", unquote(name).lower())
    if plain in PLAIN:
        return False
    return SECRET_NAME.search(plain) is not None or any(_is_random(run) for run in RUN.findall(value))


def _is_random(run: str) -> bool:
    return any(c.isdigit() for c in run) and any(c.isalpha() for c in run)


def _texts(tree: Any, key: str) -> Iterator[tuple[str, str]]:  # noqa: ANN401
    if isinstance(tree, str):
        yield key, tree
    elif isinstance(tree, dict):
        for name, value in tree.items():
            yield from _texts(value, f"{key}.{name}" if key else str(name))
    elif isinstance(tree, list | tuple | set | frozenset):
        for value in tree:
            yield from _texts(value, key)
