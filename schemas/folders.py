"""Checks on local output folders, made before the work starts rather than when it ends."""

import os
import tempfile
from pathlib import Path

from schemas.errors import SettingsError


def make_folder(folder: Path, flag: str) -> Path:
    """Create a folder with its parents if it is missing, and check that a file can be written in it.

    Args:
        folder: on this machine.
        flag: the flag or setting that names it, for the message.

    Raises:
        SettingsError: it is a file, is below a file, or is not writable.
    """
    refuse_file(folder, flag)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except (OSError, ValueError) as error:
        raise _unwritable(folder, flag, error) from None
    return folder


def refuse_file(folder: Path, flag: str) -> None:
    """Check that a path can name a folder; nothing is created.

    Raises:
        SettingsError: the path or one of its parents is a file, or it is not a valid path.
    """
    try:
        existing = next((path for path in (folder, *folder.parents) if os.path.lexists(path)), None)
        is_folder = existing is None or existing.is_dir()
    except (OSError, ValueError) as error:
        raise _unwritable(folder, flag, error) from None
    if not is_folder:
        what = "a broken link" if existing and existing.is_symlink() and not existing.exists() else "a file"
        raise SettingsError(f"{flag} {folder}: {existing} is {what}, expected a folder; choose another")


def refuse_uri(path: str, flag: str) -> Path:
    """Return the local path that a setting names.

    Raises:
        SettingsError: it is empty, or a URI.
    """
    if not path.strip() or "://" in path:
        raise SettingsError(f"{flag} '{path}': expected a folder on this machine")
    return Path(path)


def _unwritable(folder: Path, flag: str, error: Exception) -> SettingsError:
    why = getattr(error, "strerror", None) or str(error)
    return SettingsError(f"{flag} {str(folder)!r}: cannot be written ({why}); choose a folder that this user may write to")
