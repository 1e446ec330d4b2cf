"""Settings: defaults < a TOML file < --set and flags, into frozen dataclasses. Strict: a typo stops the job."""

import dataclasses
import math
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_type_hints

from pydantic import AfterValidator, Field, TypeAdapter, ValidationError

from schemas.errors import SettingsError

S = TypeVar("S")
Tree = dict[str, Any]
LARGEST_INTEGER = 2**63 - 1
"""Largest integer of Spark, Arrow and DuckDB: 64 bits, signed."""
NO_PLACE = re.compile(r"\s*([A-Za-z][A-Za-z0-9+.-]+:/{0,2}\s*)?")
"""Matches blank text, or a scheme with nothing after it."""


def _place(text: str) -> str:
    """Reject values that are not paths: an empty one becomes the root of the disk when a name is appended.

    Raises:
        ValueError: it is blank, holds a NUL, or is not UTF-8.
    """
    if NO_PLACE.fullmatch(text):
        raise ValueError("expected a path or URI, got nothing; leave the setting out to have its default")
    if "\0" in text or any(0xD800 <= ord(c) <= 0xDFFF for c in text):  # Python spells bytes that are no UTF-8 as surrogates
        raise ValueError("expected a path or URI in UTF-8 without NUL")
    return text


Place = Annotated[str, AfterValidator(_place)]
"""A path or URI of a setting."""
Seed = Annotated[int, Field(ge=0, le=2**32 - 1)]
"""Seeds that every generator accepts: numpy's have 32 bits."""


def load_settings(kind: type[S], file: Path | None, assignments: Sequence[str], flags: Mapping[str, str | bool | None]) -> S:
    """Load the settings of a job.

    Args:
        kind: a frozen dataclass; its sections are dataclasses in turn.
        file: a TOML file, or None.
        assignments: `section.key=value` strings; a value is parsed as TOML, else taken as plain text.
        flags: dotted key to value; None if the flag is absent.

    Raises:
        SettingsError: lists every unknown key (and the valid ones), or every value of a wrong type.
    """
    tree = _read(file) if file else {}
    for assignment in assignments:
        key, equals, text = assignment.partition("=")
        if not equals:
            raise SettingsError(f"--set {assignment}: expected section.key=value")
        _put(tree, key.strip(), _parsed_value(text), f"--set {assignment}")
    for key, value in flags.items():
        if value is not None:
            _put(tree, key, value, f"flag for {key}")
    where = str(file) if file else "settings"
    tree = _with_new_names(kind, tree, where)
    faults = list(_unknown_keys(kind, tree, where))
    if faults:
        raise SettingsError("; ".join(faults))
    try:
        settings = _reader(kind).validate_python(tree)  # type: ignore[arg-type]  # a class is hashable
    except ValidationError as error:
        raise SettingsError("; ".join(_described(fault, where) for fault in error.errors())) from None
    if faults := list(_invalid_numbers(as_tree(settings), "")):
        raise SettingsError("; ".join(f"{where}: {fault}" for fault in faults))
    return settings


def as_tree(settings: Any) -> Any:  # noqa: ANN401
    """Convert settings to plain values, for a run's manifest; plain values are returned unchanged."""
    return dataclasses.asdict(settings) if dataclasses.is_dataclass(settings) else settings  # type: ignore[arg-type]


@cache
def _reader(kind: Any) -> TypeAdapter[Any]:  # noqa: ANN401
    return TypeAdapter(kind)


def _read(file: Path) -> Tree:
    try:
        return tomllib.loads(file.read_text(encoding="utf8"))
    except FileNotFoundError:
        raise SettingsError(f"{file}: no such settings file") from None
    except (
        ValueError,
        RecursionError,
        OSError,
    ) as error:  # a TOMLDecodeError is a ValueError, and so is a number of 5,000 digits
        raise SettingsError(f"{file}: not a readable TOML file: {error}") from None


def _parsed_value(text: str) -> Any:  # noqa: ANN401
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except (ValueError, RecursionError):
        return text


def _invalid_numbers(value: Any, key: str) -> Iterator[str]:  # noqa: ANN401
    """Find non-finite numbers and integers beyond 64 bits, which no setting means and no engine can hold."""
    if isinstance(value, float) and not math.isfinite(value):
        yield f"{key} = {value}: expected a finite number"
    elif isinstance(value, int) and abs(value) > LARGEST_INTEGER:
        yield f"{key}: expected an integer of 64 bits, got one of {value.bit_length()}"
    elif isinstance(value, Mapping):
        for name, part in value.items():
            yield from _invalid_numbers(part, f"{key}.{name}" if key else str(name))
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _invalid_numbers(part, key)


def _put(tree: Tree, dotted: str, value: Any, where: str) -> None:  # noqa: ANN401
    *sections, key = dotted.split(".")
    for section in sections:
        tree = tree.setdefault(section, {})
        if not isinstance(tree, dict):
            raise SettingsError(f"{where}: '{section}' is a value, not a section")
    tree[key] = value


def _with_new_names(kind: Any, tree: Tree, where: str) -> Tree:  # noqa: ANN401
    """Replace old key names: a settings class lists its renamed keys in RENAMED, old to new.

    Raises:
        SettingsError: a key appears under both names.
    """
    tree = dict(tree)
    for old, new in getattr(kind, "RENAMED", {}).items():
        if old not in tree:
            continue
        if new in tree:
            raise SettingsError(f"{where}: {old} is now {new}; got both, keep {new}")
        sys.stderr.write(f"{where}: {old} is now {new}; the old name works in this release\n")
        tree[new] = tree.pop(old)
    for key, hint in get_type_hints(kind).items():
        if dataclasses.is_dataclass(hint) and isinstance(tree.get(key), dict):
            tree[key] = _with_new_names(hint, tree[key], f"{where} [{key}]")
    return tree


def _unknown_keys(kind: Any, tree: Tree, where: str) -> Iterator[str]:  # noqa: ANN401
    names, hints = {field.name for field in dataclasses.fields(kind)}, get_type_hints(kind)
    unknown = sorted(set(tree) - names)
    if unknown:
        yield f"{where}: unknown {unknown}; known keys are {sorted(names)}"
    for key in sorted(set(tree) & names):
        if dataclasses.is_dataclass(hints[key]) and isinstance(tree[key], dict):
            yield from _unknown_keys(hints[key], tree[key], f"{where} [{key}]")


def _described(fault: Mapping[str, Any], where: str) -> str:
    key = ".".join(str(part) for part in fault["loc"])
    return f"{where}: {key} = {fault['input']!r}: {fault['msg']}"
