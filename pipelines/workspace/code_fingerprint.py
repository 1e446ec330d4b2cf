"""The fingerprint of a step's code: its module and all that this imports of the project, read as syntax.

Comments, docstrings and line breaks do not count; an import inside a function does. A module that is written tomorrow and
imported by a step counts without being listed anywhere.
"""

import ast
import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import lru_cache
from importlib.abc import Traversable
from importlib.resources import files
from typing import Any, NamedTuple

PROJECT = ("pipelines", "schemas", "small_encoder")
"""Packages whose code counts. That of others does not: its versions stand in the run's manifest."""

OUTSIDE = {
    "schemas.datasets": "declares all tables: those of a stage count in its plan, by their keys and columns",
    "schemas.intermediate": "declares tables, likewise",
    "schemas.errors": "names errors",
    "pipelines.workspace.progress_line": "prints lines of progress",
    "pipelines.workspace.spark_progress": "prints how far Spark is",
    "pipelines.workspace.lock": "locks a workspace",
    "pipelines.workspace.error_messages": "words error messages",
    "pipelines.workspace.filesystem": "opens file systems and writes bytes as they are",
    "pipelines.workspace.code_fingerprint": "makes this very fingerprint: where that changes, it has changed",
    "pipelines.workspace.stage_plan": "decides whether a stage runs, and counts its rows",
    "pipelines.workspace.retry": "asks a store again that did not answer",
    "pipelines.workspace.object_stores": "opens one client for each store",
    "pipelines.workspace.manifest": "records a run that is finished",
    "pipelines.workspace.workspace": "finds the files of a run; which run is read stands in a stage's inputs",
    "pipelines.workspace.spark_stages": "runs steps on Spark tables",
    "pipelines.workspace.arrow_stages": "runs steps on Arrow tables",
    "pipelines.workspace.duckdb": "DuckDB views over what is published",
    "pipelines.engines.ray": "Ray: where a step runs, retries, lost actors",
    "pipelines.negatives.search.search_actors": "likewise: where a search runs",
}
"""Modules and packages that do not change a row, each with the reason; their imports do not count either."""

Step = Callable[..., Any] | str
"""A function of the step's module; or the module's name, where importing it would bring another engine."""


class Source(NamedTuple):
    """The text of a module."""

    text: bytes
    is_package: bool
    """Whether it is a package's __init__.py: relative imports start there."""


class Parsed(NamedTuple):
    """What counts of a module."""

    digest: str
    imports: tuple[str, ...]
    """Absolute names that it may import, of modules or of what stands in them."""


Read = Callable[[str], Source | None]
"""A module by its dotted name; None where there is no such module."""


def code_fingerprint(*steps: Step) -> str:
    """16 hex digits over the code that the rows of these steps follow from, also from within a zip of --py-files.

    Raises:
        ModuleNotFoundError: a name that is no module of the project.

    Cost: about a millisecond for each module, once a process.
    """
    return _fingerprint(tuple(sorted({step if isinstance(step, str) else step.__module__ for step in steps})))


def fingerprint_of(modules: Iterable[tuple[str, Parsed]]) -> str:
    """16 hex digits of modules by their names."""
    spelled = "\n".join(f"{name} {parsed.digest}" for name, parsed in sorted(modules))
    return hashlib.sha256(spelled.encode()).hexdigest()[:16]


def closure(
    starts: Iterable[str],
    parse: Callable[[str], Parsed | None],
    project: Collection[str] = PROJECT,
    outside: Collection[str] = tuple(OUTSIDE),
) -> dict[str, Parsed]:
    """The modules that `starts` and all their imports name, but for those outside.

    Args:
        starts: names of modules.
        parse: what counts of a module, by its name; None where there is none.
        project: packages whose modules count.
        outside: modules, and packages with all that is in them, that do not.

    Raises:
        ModuleNotFoundError: a start is no module of the project.
    """
    found: dict[str, Parsed] = {}
    todo = list(starts)
    for name in todo:
        if name.split(".")[0] not in project or parse(name) is None or _within(name, outside):
            known = f"{', '.join(project)} but for those in OUTSIDE"
            raise ModuleNotFoundError(f"'{name}': no module of {known}; a step is a function of one")
    while todo:
        whole = todo.pop()
        if whole.split(".")[0] not in project or _within(whole, outside):
            continue
        for name in _with_parents(whole):
            parsed = None if name in found else parse(name)
            if parsed is not None:  # else the name of a function or class
                found[name] = parsed
                todo += parsed.imports
    return found


def parsed(name: str, source: Source) -> Parsed:
    """What counts of a module's text."""
    tree = ast.parse(source.text)
    package = name if source.is_package else name.rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            node.body = [line for line in node.body if not _is_docstring(line)]
    imports = sorted({imported for node in ast.walk(tree) for imported in _imported(node, package)})
    return Parsed(hashlib.sha256(ast.dump(tree).encode()).hexdigest(), tuple(imports))


def installed(name: str) -> Source | None:
    """A module as it is installed here: a folder, or a zip on the path."""
    top, *parts = name.split(".")
    place: Traversable = files(top)
    for part in parts[:-1]:
        place = place / part
    folder = place / parts[-1] if parts else place
    for file, is_package in ((folder / "__init__.py", True), (place / f"{parts[-1]}.py" if parts else None, False)):
        if file is not None and file.is_file():
            return Source(file.read_bytes(), is_package)
    return None


@lru_cache(maxsize=1024)
def _installed(name: str) -> Parsed | None:
    source = installed(name)
    return None if source is None else parsed(name, source)


@lru_cache(maxsize=256)
def _fingerprint(starts: tuple[str, ...]) -> str:
    return fingerprint_of(closure(starts, _installed).items())


def _imported(node: ast.AST, package: str) -> Iterator[str]:
    """Names that a piece of syntax may import; a string that spells a module is one that may be loaded by its name."""
    match node:
        case ast.Import(names=names):
            yield from (alias.name for alias in names)
        case ast.ImportFrom(module=module, names=names, level=level):
            parts = package.split(".")
            base = ".".join(([*parts[: len(parts) - level + 1]] if level else []) + ([module] if module else []))
            yield base
            yield from (f"{base}.{alias.name}" for alias in names)
        case ast.Constant(value=str(text)) if "." in text and all(part.isidentifier() for part in text.split(".")):
            yield text


def _is_docstring(line: ast.stmt) -> bool:
    """Whether it is a text that nobody uses: a docstring of a module, class, function or field."""
    return isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant) and isinstance(line.value.value, str)


def _with_parents(name: str) -> list[str]:
    """`a`, `a.b`, `a.b.c` for `a.b.c`: importing a module runs its packages."""
    parts = name.split(".")
    return [".".join(parts[:end]) for end in range(1, len(parts) + 1)]


def _within(name: str, places: Collection[str]) -> bool:
    return any(name == place or name.startswith(f"{place}.") for place in places)
