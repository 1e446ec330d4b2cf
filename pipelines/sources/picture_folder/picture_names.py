"""Finds the pictures of a folder by the names that tables have for them. No engine, nothing is opened."""

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

LEAST_SHARE = 0.5
"""Of a table's first rows, how many must name a picture for the column to be one of names."""


class PictureNames:
    """The pictures of a folder by their paths, by the last parts of these, and by those without endings."""

    def __init__(self, pictures: Sequence[str]) -> None:
        """The paths are relative to the folder."""
        self._by_path = _index(pictures, str)
        self._by_last_part = _index(pictures, lambda path: PurePosixPath(path).name)
        self._by_stem = _index(pictures, lambda path: PurePosixPath(path).stem)

    def find(self, table: str, name: object) -> str | None:
        """The picture that a table means by a name.

        A name counts from the table's folder; one that leads nowhere is looked for by its last part, and then as a name
        without an ending, where only one picture has that. Unicode's composed and decomposed forms are the same.
        """
        if not isinstance(name, str | int) or isinstance(name, bool):
            return None
        text = str(name).strip().replace("\\", "/")
        spelled = _plain(str(PurePosixPath(table).parent / text))
        last = PurePosixPath(spelled).name
        return self._by_path.get(spelled) or self._by_last_part.get(last) or self._by_stem.get(last)

    def find_all(self, table: str, names: object) -> list[str]:
        """The pictures that a value means: a name, or a list of them."""
        listed = names if isinstance(names, list) else [names]
        return [picture for name in listed if (picture := self.find(table, name)) is not None]

    def column_of(self, table: str, rows: Sequence[Mapping[str, Any]]) -> str | None:
        """The column of a table whose values name pictures most often; None where none does for LEAST_SHARE of the rows."""
        named: Counter[str] = Counter()
        for row in rows:
            named.update(column for column, value in row.items() if self.find_all(table, value))
        best = named.most_common(1)
        return best[0][0] if best and best[0][1] >= LEAST_SHARE * len(rows) else None


def _index(pictures: Iterable[str], key: Callable[[str], str]) -> dict[str, str]:
    """Spelling -> the only picture that has it."""
    spelled = [(_plain(key(picture)), picture) for picture in pictures]
    counts = Counter(spelling for spelling, _ in spelled)
    return {spelling: picture for spelling, picture in spelled if counts[spelling] == 1}


def _plain(path: str) -> str:
    parts: list[str] = []
    for part in unicodedata.normalize("NFC", path).split("/"):
        if part == ".." and parts:
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)
