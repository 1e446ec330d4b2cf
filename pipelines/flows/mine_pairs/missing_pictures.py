"""Why pictures are not where the notes say: other roots and other spellings under which they are there. No engine."""

import os
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from pathlib import PurePosixPath
from posixpath import normpath
from urllib.parse import unquote

from pipelines.flows.mine_pairs.id_match import examples
from pipelines.media.picture_uri import OUTSIDE

PROBED = 200
"""Pictures that are looked for before all are read."""
TRIED = 20
"""Of these, how many are looked for under other roots and spellings."""
MOST_MISSING = 0.5
CERTAIN = 3.0
"""Standard deviations by which the share in the sample must be above the allowed one for the job to stop."""

LISTED_FILES, LISTED_FOLDERS = 1_000, 50
"""Of an image root, how much is listed for examples and for other roots."""

SPELLINGS: dict[str, Callable[[str], str]] = {
    "in Unicode's composed form (NFC)": lambda uri: unicodedata.normalize("NFC", uri),
    "in Unicode's decomposed form (NFD, as macOS writes names)": lambda uri: unicodedata.normalize("NFD", uri),
    "with %20 and the like decoded": unquote,
    "with / instead of \\": lambda uri: uri.replace("\\", "/"),
    "without blanks around them": str.strip,
    "in lower case": str.lower,
    "with the ending .jpg": lambda uri: f"{_stem(uri)}.jpg",
    "with the ending .JPG": lambda uri: f"{_stem(uri)}.JPG",
    "with the ending .jpeg": lambda uri: f"{_stem(uri)}.jpeg",
    "with the ending .png": lambda uri: f"{_stem(uri)}.png",
    "with the ending .webp": lambda uri: f"{_stem(uri)}.webp",
    "by the last part of their path": lambda uri: PurePosixPath(uri).name,
}
"""What may differ -> a uri in that spelling, the most likely first."""


def stops(missing: int, probed: int, allowed_share: float) -> bool:
    """Whether so many of the sample are missing that the whole job would stop, too.

    >>> stops(200, 200, 0.2), stops(110, 200, 0.2), stops(110, 200, 0.5), stops(10, 200, 0.2), stops(200, 200, 1.0)
    (True, True, False, False, False)
    """
    share = missing / probed
    deviation = (share * (1 - share) / probed) ** 0.5
    return share > MOST_MISSING and share - CERTAIN * deviation > allowed_share


def suggestion(uris: Sequence[str], roots: Sequence[str], root: str, exists: Callable[[str, str], bool]) -> str | None:
    """What brings most of the pictures back, at least half of them: another root, or another spelling below this one.

    Args:
        uris: relative ones, as the notes have them; the first TRIED are looked for.
        roots: other folders to try.
        root: the image root of the run.
        exists: whether a root has a file of this name.
    """
    tried = list(uris)[:TRIED]
    best, most = None, max(1, (len(tried) + 1) // 2) - 1
    for other in roots:
        matched = sum(1 for uri in tried if _stays_below(uri) and exists(other, uri))
        if matched > most:
            best, most = f"with --image-root {other} {matched} of {len(tried)} are there", matched
    for name, spell in SPELLINGS.items():
        matched = sum(1 for uri in tried if (other := spell(uri)) != uri and _stays_below(other) and exists(root, other))
        if matched > most:
            best, most = f"{matched} of {len(tried)} are there {name}", matched
    return best


def other_roots(folder: str) -> list[str]:
    """Folders around an image root on a disk: the ones above it, up to three, and those right in it."""
    above = [str(parent) for parent in islice(PurePosixPath(folder).parents, 3)]
    try:
        with os.scandir(folder) as entries:
            below = sorted(entry.path for entry in islice(entries, LISTED_FILES) if entry.is_dir())
    except OSError:
        below = []
    return above + below[:LISTED_FOLDERS]


def first_files(folder: str) -> list[str]:
    """Some files below a folder on a disk, by their path from there; not all: the walk ends after LISTED_FILES entries."""
    files: list[str] = []
    seen = 0
    for place, folders, names in os.walk(folder):
        visible = [name for name in names if not name.startswith(".")]
        files += [os.path.relpath(os.path.join(place, name), folder) for name in visible[:LISTED_FILES]]
        seen += len(names) + len(folders) + 1
        if seen > LISTED_FILES:
            break
    return [file for file in files if _is_utf8(file)]


def missing_message(
    reasons: Mapping[str, int], probed: int, uris: Sequence[str], root: str, files: Sequence[str] | None, hint: str | None
) -> str:
    """The message where most pictures are missing.

    Args:
        reasons: why pictures of the sample cannot be read -> how many.
        probed: pictures of the sample.
        uris: uris that cannot be read, as the notes have them; they hold no secret.
        root: the image root, without options.
        files: files that the root does have, some; None: it was not listed.
        hint: what would bring them back.
    """
    why = ", ".join(f"{n:,} {reason}" for reason, n in sorted(reasons.items(), key=lambda item: (-item[1], item[0])))
    if OUTSIDE in reasons and not hint:
        hint = "paths and links out of the image root are not followed; to follow them: --set intake.any_uri=true"
    has = f"the image root is {root}" if files is None else f"the image root {root} has {examples(files) or 'no file'}"
    return (
        f"images: {sum(reasons.values()):,} of {probed:,} pictures that were looked for cannot be read ({why}). Notes name "
        f"{examples(uris) if uris else 'no uri'}; {has}; {f'{hint}; ' if hint else ''}"
        "check --image-root (relative uris count from there), blanks, upper and lower case, NFC and NFD names"
    )


def _stays_below(uri: str) -> bool:
    """Whether a relative uri names something below its root: a stranger's note must not ask what lies elsewhere."""
    return not normpath(uri).startswith(("..", "/"))


def _stem(uri: str) -> str:
    folder, slash, name = uri.rpartition("/")
    return f"{folder}{slash}{name.rpartition('.')[0] or name}"


def _is_utf8(text: str) -> bool:
    return not any(0xD800 <= ord(letter) <= 0xDFFF for letter in text)
