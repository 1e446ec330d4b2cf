"""Sorts a folder's files by name: pictures, tables, files beside a picture. Text only: nothing is opened."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

PICTURE_ENDINGS = frozenset(
    "jpg jpeg jpe jfif png gif webp avif jp2 j2k bmp dib tif tiff ppm pgm pbm heic heif".split()  # noqa: SIM905
)
"""File names with one of these are pictures; what cannot be decoded is refused later, each with its reason."""
TABLE_ENDINGS = frozenset({"csv", "tsv", "jsonl", "ndjson", "json", "parquet"})
COMPRESSED = frozenset({"gz", "bz2", "zst"})
SIDECAR_ENDINGS = ("txt", "caption", "json")
"""Files beside a picture that hold its caption: `a.txt` or `a.jpg.txt` for `a.jpg`."""
NO_PICTURE_FOLDERS = frozenset({"__MACOSX", "@eaDir"})
"""Folders of thumbnails and resource forks that macOS and Synology make."""


@dataclass(frozen=True, slots=True)
class FolderFiles:
    """The files of a folder; all paths are relative to it, with `/`, sorted."""

    pictures: tuple[str, ...]
    tables: tuple[str, ...]
    """Files that may hold rows; a .json beside a picture of the same name is not among them."""
    sidecars: Mapping[str, tuple[str, ...]]
    """Picture -> the files beside it that may hold its caption, in the order of SIDECAR_ENDINGS."""
    texts: tuple[str, ...]
    """Other .txt files."""
    ignored: Counter[str]
    """Ending -> number of files that are none of these."""


def sort_files(paths: Iterable[str]) -> FolderFiles:
    """The files of a folder by what they are; hidden ones are left out, `_DSC0001.jpg` is a picture like others.

    >>> files = sort_files(["a.jpg", "a.json", "b/_DSC1.JPG", "b/_DSC1.JPG.txt", "labels.csv", ".x.jpg", "v.mp4"])
    >>> files.pictures, files.tables, dict(files.ignored)
    (('a.jpg', 'b/_DSC1.JPG'), ('labels.csv',), {'mp4': 1})
    >>> dict(files.sidecars)
    {'a.jpg': ('a.json',), 'b/_DSC1.JPG': ('b/_DSC1.JPG.txt',)}
    """
    visible = sorted(path for path in paths if not _is_hidden(PurePosixPath(path)))
    pictures = tuple(path for path in visible if ending(path) in PICTURE_ENDINGS)
    others = set(visible).difference(pictures)
    sidecars = {picture: beside for picture in pictures if (beside := _beside(picture, others))}
    rest = sorted(others.difference(*sidecars.values()))
    tables = tuple(path for path in rest if table_format(path) and not PurePosixPath(path).name.startswith("_"))
    texts = tuple(path for path in rest if ending(path) == "txt")
    ignored = Counter(ending(path) for path in rest if path not in {*tables, *texts})
    return FolderFiles(pictures, tables, sidecars, texts, ignored)


def ending(path: str) -> str:
    """The ending of a file's name in lower case, without its dot; empty where there is none."""
    return PurePosixPath(path).suffix[1:].lower()


def table_format(path: str) -> str | None:
    """The format that a table's name tells, of `x.csv.gz` csv; None where it is no name of a table.

    >>> table_format("a/notes.JSONL.gz"), table_format("a.tar.gz"), table_format("a.jpg")
    ('jsonl', None, None)
    """
    name = PurePosixPath(path.lower())
    if name.suffix[1:] in COMPRESSED:
        name = name.with_suffix("")
    return name.suffix[1:] if name.suffix[1:] in TABLE_ENDINGS else None


def natural_order(path: str) -> tuple[tuple[int, int, str], ...]:
    """A sort key by which `2.jpg` comes before `10.jpg`.

    >>> sorted(["10.jpg", "2.jpg", "a.jpg"], key=natural_order)
    ['2.jpg', '10.jpg', 'a.jpg']
    """
    parts: list[tuple[int, int, str]] = []
    digits, text = "", ""
    for letter in [*path, ""]:
        is_digit = letter.isascii() and letter.isdigit()
        if digits and not is_digit:
            parts.append((0, int(digits), digits))
            digits = ""
        if text and (is_digit or not letter):
            parts.append((1, 0, text))
            text = ""
        digits, text = (digits + letter, text) if is_digit else (digits, text + letter)
    return tuple(parts)


def _is_hidden(path: PurePosixPath) -> bool:
    return any(part.startswith(".") or part in NO_PICTURE_FOLDERS for part in path.parts)


def _beside(picture: str, others: set[str]) -> tuple[str, ...]:
    stem = str(PurePosixPath(picture).with_suffix(""))
    names: Sequence[str] = [f"{base}.{kind}" for kind in SIDECAR_ENDINGS for base in (stem, picture)]
    return tuple(name for name in names if name in others)
