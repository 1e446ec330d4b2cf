"""Settings: defaults < a TOML file < --set and flags, into frozen dataclasses. Strict: a typo stops the job."""

import dataclasses
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from pydantic import TypeAdapter, ValidationError

from schemas.errors import SettingsError

S = TypeVar("S")
Tree = dict[str, Any]


def load_settings(kind: type[S], file: Path | None, assignments: Sequence[str], flags: Mapping[str, str | bool | None]) -> S:
    """The settings of a job.

    Args:
        kind: a frozen dataclass; its sections are dataclasses in turn.
        file: a TOML file, or None.
        assignments: `section.key=value` strings; a value is read as TOML, and as plain text if it is none.
        flags: dotted key to value; None where the flag was not given.

    Raises:
        SettingsError: with every unknown key (and the known ones) and every value of a wrong type.
    """
    tree = _read(file) if file else {}
    for assignment in assignments:
        key, equals, value = assignment.partition("=")
        if not equals:
            raise SettingsError(f"--set {assignment}: wanted section.key=value")
        _put(tree, key.strip(), _value(value), f"--set {assignment}")
    for key, given in flags.items():
        if given is not None:
            _put(tree, key, given, f"flag for {key}")
    where = str(file) if file else "settings"
    faults = list(_unknown_keys(kind, tree, where))
    if faults:
        raise SettingsError("; ".join(faults))
    try:
        return TypeAdapter(kind).validate_python(tree)
    except ValidationError as error:
        raise SettingsError("; ".join(_described(fault, where) for fault in error.errors())) from None


def as_tree(settings: Any) -> Any:  # noqa: ANN401
    """Settings as plain values, for a run's manifest; a plain value is one already."""
    return dataclasses.asdict(settings) if dataclasses.is_dataclass(settings) else settings  # type: ignore[arg-type]


def _read(file: Path) -> Tree:
    try:
        return tomllib.loads(file.read_text(encoding="utf8"))
    except FileNotFoundError:
        raise SettingsError(f"{file}: no such settings file") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise SettingsError(f"{file}: not a readable TOML file: {error}") from None


def _value(text: str) -> Any:  # noqa: ANN401
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _put(tree: Tree, dotted: str, value: Any, where: str) -> None:  # noqa: ANN401
    *sections, key = dotted.split(".")
    for section in sections:
        tree = tree.setdefault(section, {})
        if not isinstance(tree, dict):
            raise SettingsError(f"{where}: '{section}' is a value, not a section")
    tree[key] = value


def _unknown_keys(kind: Any, tree: Tree, where: str) -> Iterator[str]:  # noqa: ANN401
    hints = get_type_hints(kind)
    unknown = sorted(set(tree) - set(hints))
    if unknown:
        yield f"{where}: unknown {unknown}; known keys are {sorted(hints)}"
    for key in sorted(set(tree) & set(hints)):
        if dataclasses.is_dataclass(hints[key]) and isinstance(tree[key], dict):
            yield from _unknown_keys(hints[key], tree[key], f"{where} [{key}]")


def _described(fault: Mapping[str, Any], where: str) -> str:
    key = ".".join(str(part) for part in fault["loc"])
    return f"{where}: {key} = {fault['input']!r}: {fault['msg']}"
