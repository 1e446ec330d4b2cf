"""Hive's partition folders: `topic=food/` gives all rows below it the topic food."""

from urllib.parse import unquote_to_bytes

NULL_PARTITION = "__HIVE_DEFAULT_PARTITION__"

Partitions = tuple[tuple[str, str | None], ...]


def partitions_of(folders: list[str]) -> Partitions:
    """Name and value of each partition folder, the outermost first; values are texts, `%XX` decoded.

    >>> partitions_of(["notes", "topic=%E7%BE%8E%E9%A3%9F", "dt=__HIVE_DEFAULT_PARTITION__"])
    (('topic', '美食'), ('dt', None))
    """
    values: dict[str, str | None] = {}
    for folder in folders:
        name, equals, value = folder.partition("=")
        if equals and name:
            values[_decoded(name)] = None if value in (NULL_PARTITION, "") else _decoded(value)
    return tuple(values.items())


def _decoded(text: str) -> str:
    if "%" not in text:
        return text
    return unquote_to_bytes(text.encode("utf-8", "surrogateescape")).decode("utf-8", "replace")
