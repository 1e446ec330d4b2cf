"""Captions of pictures: the columns of a table, the text or JSON beside a picture. No engine, nothing is opened."""

import json
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from pipelines.sources.picture_folder.corpus_kind import FILE_NAME

TITLE_KEYS = ("title", "headline")
TEXT_KEYS = ("text", "caption", "captions", "description", "desc", "body", "content", "prompt", "alt_text", "alt")
TOPIC_KEYS = ("topic", "category", "label", "class")
"""Names of columns and of JSON keys, the first that has a value counts."""
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


def caption_of_row(row: Row) -> Caption:
    """The caption in a row of a table or in a JSON object; without a column of a known name, its only other text.

    >>> caption_of_row({"file_name": "a.jpg", "text": "a red bus"}).body
    'a red bus'
    >>> caption_of_row({"file_name": "a.jpg", "what_it_is": "a red bus"}).body
    'a red bus'
    """
    title, body, topic = (_first(row, keys) for keys in (TITLE_KEYS, TEXT_KEYS, TOPIC_KEYS))
    if title is None and body is None:
        others = [value for name, value in row.items() if name not in (FILE_NAME, *TOPIC_KEYS) and isinstance(value, str)]
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
    return caption_of_row({name: parsed[name] for name in (*TITLE_KEYS, *TEXT_KEYS, *TOPIC_KEYS) if name in parsed})


def captions_by_picture(
    pictures: Sequence[str], tables: Mapping[str, Iterable[Row]], counts: Counter[str], examples: list[str]
) -> dict[str, Caption]:
    """Picture -> its caption from the tables; rows of one picture are joined, a line each.

    A name counts from the table's folder; one that leads nowhere is looked for in the other Unicode form, and then by its last
    part where only one picture has that.

    Args:
        pictures: paths relative to the corpus.
        tables: path of a table -> its rows.
        counts: rows of captions, and those that name no picture, are added here.
        examples: names of the latter, some, are added here.
    """
    by_name = _index(pictures, lambda path: path)
    by_last_part = _index(pictures, lambda path: PurePosixPath(path).name)
    rows_of: dict[str, list[Caption]] = {}
    for table, rows in tables.items():
        folder = PurePosixPath(table).parent
        for row in rows:
            name = row.get(FILE_NAME)
            counts["rows of captions"] += 1
            spelled = _plain(str(folder / str(name).replace("\\", "/")))
            picture = by_name.get(spelled) or by_last_part.get(PurePosixPath(spelled).name)
            if picture is None:
                counts["rows of captions that name no picture of the folder"] += 1
                if len(examples) < 2:
                    examples.append(str(name))
                continue
            rows_of.setdefault(picture, []).append(caption_of_row(row))
    return {picture: _joined(captions) for picture, captions in rows_of.items()}


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


def _index(pictures: Sequence[str], key: Any) -> dict[str, str]:  # noqa: ANN401
    """Spelling -> the only picture that has it."""
    spelled = Counter(_plain(key(picture)) for picture in pictures)
    return {_plain(key(picture)): picture for picture in pictures if spelled[_plain(key(picture))] == 1}


def _plain(path: str) -> str:
    parts: list[str] = []
    for part in unicodedata.normalize("NFC", path).split("/"):
        if part == ".." and parts:
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)


def _joined(captions: Sequence[Caption]) -> Caption:
    def lines(values: Iterable[str | None]) -> str | None:
        return "\n".join(dict.fromkeys(value for value in values if value)) or None

    return Caption(*(lines(getattr(c, part) for c in captions) for part in ("title", "body", "topic")))


def _first(row: Row, keys: Sequence[str]) -> str | None:
    return next((text for key in keys if (text := _text(row.get(key))) is not None), None)


def _text(value: Any) -> str | None:  # noqa: ANN401
    """A value as text; a list of texts a line each; null for what is blank or an object."""
    if isinstance(value, list):
        return "\n".join(text for one in value if (text := _text(one)) is not None) or None
    if value is None or isinstance(value, dict | bytes | bool) or value != value:
        return None
    return str(value).strip() or None
