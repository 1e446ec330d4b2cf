"""Captions of pictures: the columns of a table, the text or JSON beside a picture. No engine, nothing is opened."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from pipelines.input_tables.import_hint import plain_name
from pipelines.sources.picture_folder.corpus_kind import FILE_NAME
from pipelines.sources.picture_folder.picture_names import PictureNames

TITLE_KEYS = ("title", "headline", "productdisplayname", "productname")
TEXT_KEYS = (
    *("text", "caption", "captions", "description", "desc", "body", "content", "prompt", "alttext", "alt", "comment"),
    *("comments", "sentence", "sentences"),
)
TOPIC_KEYS = ("topic", "category", "label", "class", "mastercategory", "maincategory")
"""Names of columns and of JSON keys as `plain_name` spells them, the first that has a value counts."""
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Caption:
    """What is written of a picture."""

    title: str | None = None
    body: str | None = None
    topic: str | None = None

    def or_else(self, other: "Caption") -> "Caption":
        """The parts of this one; those that it lacks, from the other."""
        return Caption(self.title or other.title, self.body or other.body, self.topic or other.topic)


def caption_of_row(row: Row, name_column: str = FILE_NAME) -> Caption:
    """The caption in a row of a table or in a JSON object; without a column of a known name, its only other text.

    Args:
        row: of a table of captions.
        name_column: the column with the picture's name.

    >>> caption_of_row({"file_name": "a.jpg", "text": "a red bus"}).body
    'a red bus'
    >>> caption_of_row({"file_name": "a.jpg", "what_it_is": "a red bus"}).body
    'a red bus'
    """
    title, body, topic = (_first(row, keys) for keys in (TITLE_KEYS, TEXT_KEYS, TOPIC_KEYS))
    if title is None and body is None:
        others = [
            value
            for name, value in row.items()
            if name != name_column and plain_name(name) not in TOPIC_KEYS and isinstance(value, str)
        ]
        body = _text(others[0]) if len(others) == 1 else None
    return Caption(title, body, topic)


def caption_of_file(path: str, content: bytes) -> Caption:
    """The caption in a file beside a picture; numbers alone are labels for a detector and no caption."""
    text = decode_text(content)
    if not path.lower().endswith(".json"):
        has_letters = any(letter.isalpha() for letter in text)
        return Caption(body=_text(text) if has_letters else None)
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        return Caption()
    if not isinstance(parsed, dict):
        return Caption()
    known = {*TITLE_KEYS, *TEXT_KEYS, *TOPIC_KEYS}
    return caption_of_row({name: value for name, value in parsed.items() if plain_name(name) in known})


class TableCaptions(NamedTuple):
    """What tables say of pictures."""

    captions: dict[str, Caption]
    """Picture -> its caption; rows of one picture are joined, a line each."""
    rows: dict[str, list[str]]
    """First picture of a row with several pictures -> all of them: one note."""


def captions_by_picture(
    pictures: Sequence[str],
    tables: Mapping[str, tuple[str, Iterable[Row]]],
    counts: Counter[str],
    examples: list[str],
) -> TableCaptions:
    """The captions of tables, by the pictures that their rows name.

    Args:
        pictures: paths relative to the corpus.
        tables: path of a table -> its column with the pictures' names (or lists of them), and its rows.
        counts: rows of captions, and those that name no picture, are added here.
        examples: names of the latter, some, are added here.
    """
    names = PictureNames(pictures)
    captions_of: dict[str, list[Caption]] = {}
    rows_of: dict[str, list[str]] = {}
    for table, (column, rows) in tables.items():
        for row in rows:
            counts["rows of captions"] += 1
            named = names.find_all(table, row.get(column))
            if not named:
                counts["rows of captions that name no picture of the folder"] += 1
                if len(examples) < 2:
                    examples.append(str(row.get(column)))
                continue
            captions_of.setdefault(named[0], []).append(caption_of_row(row, column))
            if isinstance(row.get(column), list):
                rows_of.setdefault(named[0], []).extend(name for name in named if name not in rows_of.get(named[0], ()))
    return TableCaptions({picture: _joined(captions) for picture, captions in captions_of.items()}, rows_of)


def decode_text(content: bytes) -> str:
    """Text as people save it: UTF-8 with or without its mark, UTF-16 with it, else GB18030, else UTF-8 with U+FFFD.

    >>> decode_text("红色".encode("gbk")), decode_text("红色".encode("utf-16"))
    ('红色', '红色')
    """
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return content.decode("utf-16", errors="replace")
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return content.decode("utf-8", errors="replace")


def _joined(captions: Sequence[Caption]) -> Caption:
    def lines(values: Iterable[str | None]) -> str | None:
        return "\n".join(dict.fromkeys(value for value in values if value)) or None

    return Caption(*(lines(getattr(c, part) for c in captions) for part in ("title", "body", "topic")))


def _first(row: Row, keys: Sequence[str]) -> str | None:
    by_name = {plain_name(name): value for name, value in row.items()}
    return next((text for key in keys if (text := _text(by_name.get(key))) is not None), None)


def _text(value: Any) -> str | None:  # noqa: ANN401
    """A value as text; a list of texts a line each; null for what is blank or an object."""
    if isinstance(value, list):
        return "\n".join(text for one in value if (text := _text(one)) is not None) or None
    if value is None or isinstance(value, dict | bytes | bool) or value != value:
        return None
    return str(value).strip() or None
