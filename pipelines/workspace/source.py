"""The fingerprint of a step's code: when it changes, the step runs again."""

import hashlib
from importlib.abc import Traversable
from importlib.resources import files


def code_fingerprint(*packages: str) -> str:
    """16 hex digits over the Python source of these packages, also from within a zip of --py-files."""
    digest = hashlib.sha256()
    for package in packages:
        for source in _sources(files(package)):
            digest.update(source.name.encode() + b"\0" + source.read_bytes())
    return digest.hexdigest()[:16]


def _sources(folder: Traversable) -> list[Traversable]:
    found = []
    for entry in sorted(folder.iterdir(), key=lambda e: e.name):
        if entry.name.endswith(".py"):
            found.append(entry)
        elif entry.is_dir() and entry.name != "__pycache__":
            found += _sources(entry)
    return found
