"""The fingerprint of a step's code: when it changes, the step runs again."""

import hashlib
from importlib.abc import Traversable
from importlib.resources import files


def code_fingerprint(*names: str) -> str:
    """16 hex digits over the Python source of these packages and modules, also from within a zip of --py-files."""
    digest = hashlib.sha256()
    for name in names:
        for source in _sources(_place(name)):
            digest.update(source.name.encode() + b"\0" + source.read_bytes())
    return digest.hexdigest()[:16]


def _place(name: str) -> Traversable:
    """The folder of a package, or the file of a module."""
    top, *parts = name.split(".")
    place: Traversable = files(top)
    for part in parts:
        folder = place / part
        place = folder if folder.is_dir() else place / f"{part}.py"
    return place


def _sources(place: Traversable) -> list[Traversable]:
    if not place.is_dir():
        return [place]
    found = []
    for entry in sorted(place.iterdir(), key=lambda e: e.name):
        if entry.name.endswith(".py"):
            found.append(entry)
        elif entry.is_dir() and entry.name != "__pycache__":
            found += _sources(entry)
    return found
