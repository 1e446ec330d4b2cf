"""A note's pictures where a file has them as text: JSON, a Python list, or URIs joined by commas."""

import ast
import json
import re
from typing import Any

Picture = tuple[str | None, str | None]
"""image_id and uri."""
NAMES = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*://\S+|[^\n]*\.[A-Za-z0-9]{2,5}|\S+![A-Za-z0-9_]+)\Z")
"""What looks like one picture: a URI, a name with an ending, or a thumbnail of Xiaohongshu's."""
LONGEST = 1 << 20
"""Characters; a longer text is no list of pictures."""


def parse_images(text: str) -> list[Picture] | None:
    """The pictures that a text lists; None where it is none of the forms.

    A uri without an image_id names its picture.

    >>> parse_images('["a.jpg", "b.jpg"]')
    [('a.jpg', 'a.jpg'), ('b.jpg', 'b.jpg')]
    >>> parse_images('[{"image_id": 7, "uri": "a.jpg"}]')
    [('7', 'a.jpg')]
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
        return None if listed is None else pictures_of(listed)
    parts = [part.strip() for part in re.split(r"[,;\n]", text) if part.strip()]
    uris = parts if len(parts) > 1 and all(NAMES.match(part) for part in parts) else [text]
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
    if not isinstance(element, dict) or not {"image_id", "uri"} & set(element):
        return None
    uri = _text(element.get("uri"))
    return (_text(element["image_id"]) if "image_id" in element else uri, uri)


def _text(value: Any) -> str | None:  # noqa: ANN401
    return value if isinstance(value, str) or value is None else str(value)


def _loaded(text: str) -> Any:  # noqa: ANN401
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return None
