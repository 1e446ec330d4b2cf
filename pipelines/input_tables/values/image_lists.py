"""A note's pictures where a file has them as text: a list in JSON or as a program prints it, or URIs that are joined."""

import ast
import json
import re
from typing import Any

Picture = tuple[str | None, str | None]
"""image_id and uri."""
NAMES = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*://\S+|[^\n]*\.[A-Za-z0-9]{2,5}|\S+![A-Za-z0-9_]+)\Z")
"""What looks like one picture: a URI, a name with an ending, or a thumbnail of Xiaohongshu's."""
SEPARATOR = re.compile(r"[,;|\n，；、]")
PICTURE_NAMES = re.compile(
    r"\S+\.(?:jpe?g|png|webp|gif|bmp|heic|avif|tiff?)(?:\s+\S+\.(?:jpe?g|png|webp|gif|bmp|heic|avif|tiff?))+\Z", re.I
)
"""Names with blanks between them: a blank may stand in a name, but not behind a picture's ending."""
SPACED_URLS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://\S+(?:\s+[A-Za-z][A-Za-z0-9+.-]*://\S+)+\Z")
QUOTED = re.compile(r"'([^']*)'|\"([^\"]*)\"")
NUMPY_LIST = re.compile(r"\[\s*(?:'[^']*'|\"[^\"]*\")(?:\s+(?:'[^']*'|\"[^\"]*\"))+\s*\]\Z")
"""Without commas: Python would take two texts for one."""
BARE_STRUCT = re.compile(r"\{([^{}]*)\}")
URI_KEYS = ("uri", "url", "url_default", "image_url", "src", "path", "file_name", "large")
"""Of an object, where a picture is; the first that it has. An object with bytes is a picture itself."""
LONGEST = 1 << 20
"""Characters; a longer text is no list of pictures."""


def parse_images(text: str) -> list[Picture] | None:
    """The pictures that a text lists; None where it is none of the forms.

    A uri without an image_id names its picture.

    >>> parse_images('["a.jpg", "b.jpg"]')
    [('a.jpg', 'a.jpg'), ('b.jpg', 'b.jpg')]
    >>> parse_images('[{"image_id": 7, "uri": "a.jpg"}]')
    [('7', 'a.jpg')]
    >>> parse_images("[a.jpg, b.jpg]") == parse_images("{a.jpg,b.jpg}") == parse_images("['a.jpg' 'b.jpg']")
    True
    >>> parse_images("http://x/1!nd_dft,http://x/2!nd_dft")
    [('http://x/1!nd_dft', 'http://x/1!nd_dft'), ('http://x/2!nd_dft', 'http://x/2!nd_dft')]
    """
    text = text.strip()
    if not text:
        return []
    if len(text) > LONGEST:
        return None
    if text[0] in "[{":
        listed = _loaded(text)
        return _bare_list(text) if listed is None else pictures_of(listed)
    if SPACED_URLS.match(text) or PICTURE_NAMES.match(text):
        return [(uri, uri) for uri in text.split()]
    parts = [part.strip() for part in SEPARATOR.split(text) if part.strip()]
    uris = parts if parts and all(NAMES.match(part) for part in parts) else [text]
    return [(uri, uri) for uri in uris]


def pictures_of(listed: Any) -> list[Picture] | None:  # noqa: ANN401
    """The pictures of a parsed list, of texts or of objects with image_id and uri; None where it is of something else."""
    elements = listed if isinstance(listed, list) else [listed]
    pictures = [_picture(element) for element in elements if element != ""]
    return None if None in pictures else pictures  # type: ignore[return-value]


def _picture(element: Any) -> Picture | None:  # noqa: ANN401
    if element is None:
        return (None, None)
    if isinstance(element, str):
        return (element, element)
    if not isinstance(element, dict) or "bytes" in element:
        return None
    key = next((key for key in URI_KEYS if key in element), None)
    if key is None and "image_id" not in element:
        return None
    uri = _text(element.get(key))
    return (_text(element["image_id"]) if "image_id" in element else uri, uri)


def _bare_list(text: str) -> list[Picture] | None:
    """A list as DuckDB, Trino, Hive and Spark print it, without quotes, or as Postgres does, in braces."""
    inner = text[1:-1].strip()
    if text[-1] != {"[": "]", "{": "}"}[text[0]]:
        return None
    if not inner:
        return []
    if "{" in inner or (text[0] == "{" and re.search(r":\s", inner)):
        structs = BARE_STRUCT.findall(text)
        fields = [dict(_bare_field(part) for part in struct.split(", ")) for struct in structs]
        return pictures_of(fields) if fields and not BARE_STRUCT.sub("", inner).strip(", ") else None
    parts = [part.strip().strip('"') for part in inner.split(",")]
    if not all(NAMES.match(part) or not re.search(r"\s", part) for part in parts):
        return None
    return [(part, part) for part in parts if part and part not in ("NULL", "null")]


def _bare_field(text: str) -> tuple[str, str | None]:
    name, _, value = text.partition(":")
    value = value.strip().strip("'\"")
    return name.strip().strip("'\""), None if value in ("NULL", "null") else value


def _text(value: Any) -> str | None:  # noqa: ANN401
    return value if isinstance(value, str) or value is None else str(value)


def _loaded(text: str) -> Any:  # noqa: ANN401
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    if NUMPY_LIST.match(text):
        return [single or double for single, double in QUOTED.findall(text)]
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return None
