"""Parses a picture's uri: a path of this machine, or a key in a store. Text only: opens nothing, asks no host.

Notes are untrusted, so a uri is parsed here and never by a client: all that follows the store's name is a key,
verbatim. A query, a fragment or a percent sign in it is part of the key.
"""

import re
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from pipelines.media.decode import BadPicture

ABSOLUTE = r"(?i)^([a-z][a-z0-9+.-]+://|file:|data:|/)"
"""A uri that is not relative to the image root; the same in Java's and Python's expressions. `photo:1.jpg` is a name."""
FAR = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://([^/]*)/?(.*)", re.DOTALL)
SCHEME_ALIASES = {"s3a": "s3", "s3n": "s3", "gcs": "gs"}
"""Other names of a scheme."""
NOT_READ = {"data": "put the bytes in --images", "http": "download it, or put the bytes in --images"}
NOT_READ["https"] = NOT_READ["http"]
BUCKET = re.compile(r"[A-Za-z0-9._-]+")
AZURE = re.compile(r"[a-z0-9$-]+@[a-z0-9]+\.(dfs|blob)\.core\.windows\.net")
HOST = re.compile(r"([A-Za-z0-9._-]+@)?[A-Za-z0-9._-]*(:[0-9]+)?")
AUTHORITIES = {"s3": BUCKET, "gs": BUCKET, "abfs": AZURE, "abfss": AZURE}
"""Valid authority of a store that is not the root's: a name of a bucket, no keys, hosts or options. Other schemes: HOST."""
KEY_BYTES = {"s3": 1024, "gs": 1024}
"""The longest key of a store in bytes: a longer one is the note's fault, not the store's."""
UNREADABLE, OUTSIDE, NO_FILE = "unreadable file", "outside the image root", "no plain file"


class PictureLocation(NamedTuple):
    """The location of a picture."""

    scheme: str
    """Empty: on this machine."""
    authority: str
    """The bucket, the container or the host."""
    key: str
    """Verbatim, without a leading slash; on this machine an absolute path."""

    def store(self) -> tuple[str, str]:
        """The key of a client: scheme and authority."""
        return self.scheme, self.authority


class Root(NamedTuple):
    """A parsed image root. It is the operator's, and trusted: it may have options for the client."""

    place: PictureLocation
    options: str
    """The part after `?`: endpoint_override, region and whatever else pyarrow accepts in a store's URI."""
    prefix: str
    """Prefix of relative uris: without options, so that neither secrets nor hosts reach a table."""
    decodes: bool = False
    """Whether the prefix is a file: URI, so that percent signs in what is appended must be written as %25."""


def root_of(uri: str) -> Root:
    """Parse an image root: a path, a file: URI, or a store's URI with options."""
    if _is_file(uri) or not FAR.fullmatch(uri):
        prefix = uri if _is_file(uri) else place_of(uri).key
        return Root(place_of(uri), "", prefix.rstrip("/") + "/", _is_file(uri))
    name, _, options = uri.partition("?")
    place = place_of(name)
    return Root(place._replace(key=place.key.strip("/")), options, name.rstrip("/") + "/")


def place_of(uri: str) -> PictureLocation:
    """Parse a picture's uri; a relative one is a path below the working folder.

    Raises:
        BadPicture: UNREADABLE, a uri that names no file.
    """
    if _is_file(uri):
        return PictureLocation("", "", _file_path(uri))
    if match := FAR.fullmatch(uri):
        return _far(match)
    if uri[:5].lower() == "data:":
        raise BadPicture(UNREADABLE, f"data: uris are not read: {NOT_READ['data']}")
    return PictureLocation("", "", str(Path(uri).absolute()))


def far_below(place: PictureLocation, root: PictureLocation) -> bool:
    """Whether a place in a store is below a root in the same store."""
    return place.store() == root.store() and (not root.key or place.key.startswith(f"{root.key}/"))


def without_dots(place: PictureLocation) -> PictureLocation:
    """The same key without `.`: a store has no folders, and a client would drop it; `..` is refused.

    Raises:
        BadPicture: OUTSIDE.
    """
    if ".." in re.split(r"[/\\]", place.key):
        raise BadPicture(OUTSIDE, "'..' in the name of an object")
    return place._replace(key="/".join(part for part in place.key.split("/") if part != "."))


def checked_key(place: PictureLocation) -> PictureLocation:
    """Check the key of a place in a store.

    Raises:
        BadPicture: NO_FILE or UNREADABLE.
    """
    if not place.key or place.key.endswith("/"):
        raise BadPicture(NO_FILE, "a name that ends with a slash")
    most = KEY_BYTES.get(place.scheme)
    size = len(place.key.encode("utf8", "surrogatepass"))
    if most is not None and size > most:
        raise BadPicture(UNREADABLE, f"a name of {size} bytes; {place.scheme}:// takes at most {most}")
    return place


def is_plain_authority(place: PictureLocation) -> bool:
    """Whether the authority is the name of a bucket or a host, without anything that configures a client."""
    return AUTHORITIES.get(place.scheme, HOST).fullmatch(place.authority) is not None


def absolute_uri(uri: str) -> str:
    """The uri made absolute, for a process in another working folder; one that names no file is unchanged."""
    if _is_file(uri) or re.match(ABSOLUTE, uri):
        return uri
    return str(Path(uri).absolute())


def _far(match: re.Match[str]) -> PictureLocation:
    scheme = match[1].lower()
    if scheme in NOT_READ:
        raise BadPicture(UNREADABLE, f"{scheme}: uris are not read: {NOT_READ[scheme]}")
    return PictureLocation(SCHEME_ALIASES.get(scheme, scheme), match[2], match[3])


def _is_file(uri: str) -> bool:
    return uri[:5].lower() == "file:"


def _file_path(uri: str) -> str:
    """The path of a file: URI, percent signs decoded (RFC 8089), as `Path.as_uri` writes it."""
    rest = uri[5:]
    if rest.startswith("//"):
        host, slash, path = rest[2:].partition("/")
        if host.lower() not in ("", "localhost"):
            raise BadPicture(UNREADABLE, "a file: uri of another machine")
        rest = slash + path
    if not rest.startswith("/"):
        raise BadPicture(UNREADABLE, "a file: uri without an absolute path")
    return unquote(rest, errors="surrogateescape")
