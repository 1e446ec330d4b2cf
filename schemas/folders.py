"""A local folder that a program is to write to: looked at before the work, not after it."""

import os
import tempfile
from pathlib import Path

from schemas.errors import SettingsError


def make_folder(folder: Path, flag: str) -> Path:
    """Make a folder with its parents where it is missing, and see that a file can be written in it.

    Args:
        folder: on this machine.
        flag: what named it, for the message.

    Raises:
        SettingsError: it is a file, lies below one, or may not be written to.
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
    """Look whether a path can name a folder at all; nothing is made.

    Raises:
        SettingsError: it or one of the folders that it lies in is a file, or it is no path.
    """
    try:
        found = next((place for place in (folder, *folder.parents) if os.path.lexists(place)), None)
        is_folder = found is None or found.is_dir()
    except (OSError, ValueError) as error:
        raise _unwritable(folder, flag, error) from None
    if not is_folder:
        what = "a link that leads nowhere" if found and found.is_symlink() and not found.exists() else "a file"
        raise SettingsError(f"{flag} {folder}: {found} is {what}, expected a folder; name another")


def refuse_uri(path: str, flag: str) -> Path:
    """The path that a setting names.

    Raises:
        SettingsError: it is empty, or a URI of another machine.
    """
    if not path.strip() or "://" in path:
        raise SettingsError(f"{flag} '{path}': expected a folder on this machine")
    return Path(path)


def _unwritable(folder: Path, flag: str, error: Exception) -> SettingsError:
    why = getattr(error, "strerror", None) or str(error)
    return SettingsError(f"{flag} {str(folder)!r}: cannot be written ({why}); name a folder that this user may write to")
