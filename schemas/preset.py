"""Presets: files of settings for one model each, chosen by name, with the user's own values over them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from schemas.errors import SettingsError
from schemas.settings import Place, load_settings

S = TypeVar("S")


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which preset a job uses, and what of it is overridden."""

    name: Place
    """A preset's name (a file of conf/ without .toml), or the path of a .toml file of your own."""
    path: Place | None = None
    """A local folder or file with the weights; overrides the preset's."""
    set: tuple[str, ...] = ()
    """`key=value` that overrides the preset's value, such as "longest_side=960"."""


def load_preset(
    kind: type[S], folder: Path, name: str, assignments: Sequence[str] = (), path: str | None = None, *, setting: str
) -> S:
    """Load a preset by its name, or any TOML file by its path.

    Args:
        kind: the preset's dataclass.
        folder: of the presets, NAME.toml each.
        name: a preset's name, or a path that ends in .toml.
        assignments: `key=value` strings that override the file's.
        path: a local folder or file of the weights; overrides the file's `path`.
        setting: the dotted key of `name` among the job's settings, for the error.

    Raises:
        SettingsError: no such preset (the message lists all presets), or an invalid key or value in it.
    """
    file = preset_file(folder, name)
    if not file.exists():
        presets = sorted(p.stem for p in folder.glob("*.toml"))
        raise SettingsError(f"{setting} '{name}': no file {file}; presets are {presets}, or give a path of a .toml file")
    return load_settings(kind, file, assignments, {"path": path})


def preset_file(folder: Path, name: str) -> Path:
    """The file of a preset: `name` itself if it is a path of a .toml file, else NAME.toml in the folder."""
    return Path(name) if name.endswith(".toml") else folder / f"{name}.toml"
