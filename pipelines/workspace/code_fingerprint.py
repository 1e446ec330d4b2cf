"""Fingerprint of a step's code: its module and all project modules that it imports, read as syntax trees.

Comments, docstrings and line breaks do not count; an import inside a function does. A new module counts as soon as a step
imports it, without being listed anywhere.
"""

import ast
import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import lru_cache
from importlib.abc import Traversable
from importlib.resources import files
from typing import Any, NamedTuple

PROJECT = ("pipelines", "schemas", "small_encoder")
"""Packages whose code counts. Versions of other packages are stored in the run's manifest."""

OUTSIDE = {
    "schemas.datasets": "declares all tables: the plan of a stage includes keys and columns of its own",
    "schemas.intermediate": "declares tables, see above",
    "schemas.errors": "declares error classes",
    "pipelines.workspace.progress_line": "prints lines of progress",
    "pipelines.workspace.spark_progress": "prints the progress of Spark",
    "pipelines.workspace.lock": "locks a workspace",
    "pipelines.workspace.error_messages": "formats error messages",
    "pipelines.workspace.filesystem": "opens file systems and writes bytes unchanged",
    "pipelines.workspace.code_fingerprint": "computes this fingerprint: a change that matters changes the result",
    "pipelines.workspace.stage_plan": "decides whether a stage runs, and counts its rows",
    "pipelines.workspace.retry": "repeats requests to a store",
    "pipelines.workspace.object_stores": "opens one client per store",
    "pipelines.workspace.manifest": "records a finished run",
    "pipelines.workspace.workspace": "locates the files of a run; which run is read is part of a stage's inputs",
    "pipelines.workspace.spark_stages": "runs steps on Spark tables",
    "pipelines.workspace.arrow_stages": "runs steps on Arrow tables",
    "pipelines.workspace.duckdb": "DuckDB views of published datasets",
    "pipelines.engines.ray": "Ray: placement, retries, lost actors",
    "pipelines.negatives.search.search_actors": "Ray: placement of the search",
}
"""Modules and packages that do not affect rows, each with the reason; their imports do not count either."""

Step = Callable[..., Any] | str
"""A function of the step's module, or the module's name if importing it would load another engine."""


class Source(NamedTuple):
    """Source text of a module."""

    text: bytes
    is_package: bool
    """Whether it is a package's __init__.py, from which relative imports start."""


class ModuleCode(NamedTuple):
    """Digest and imports of a module: the parts that count."""

    digest: str
    imports: tuple[str, ...]
    """Absolute names that it may import: modules, or members of modules."""


Read = Callable[[str], Source | None]
"""Looks up a module by its dotted name; returns None if there is no such module."""


def code_fingerprint(*steps: Step) -> str:
    """Hash the code that determines the rows of these steps, to 16 hex digits; also works within a zip of --py-files.

    Raises:
        ModuleNotFoundError: a name is not a module of the project.

    Cost: about a millisecond per module, once per process.
    """
    return _fingerprint(tuple(sorted({step if isinstance(step, str) else step.__module__ for step in steps})))


def fingerprint_of(modules: Iterable[tuple[str, ModuleCode]]) -> str:
    """Hash modules by name and digest, to 16 hex digits."""
    serialized = "\n".join(f"{name} {parsed.digest}" for name, parsed in sorted(modules))
    return hashlib.sha256(serialized.encode()).hexdigest()[:16]


def closure(
    starts: Iterable[str],
    parse: Callable[[str], ModuleCode | None],
    project: Collection[str] = PROJECT,
    outside: Collection[str] = tuple(OUTSIDE),
) -> dict[str, ModuleCode]:
    """Collect `starts` and all modules that they import, directly or not, except those outside.

    Args:
        starts: names of modules.
        parse: looks up a module's code by name; None if there is no such module.
        project: packages whose modules count.
        outside: modules and packages that do not count.

    Raises:
        ModuleNotFoundError: a start is not a module of the project.
    """
    modules: dict[str, ModuleCode] = {}
    todo = list(starts)
    for name in todo:
        if name.split(".")[0] not in project or parse(name) is None or _within(name, outside):
            allowed = f"{', '.join(project)} except those in OUTSIDE"
            raise ModuleNotFoundError(f"'{name}': not a module of {allowed}; expected a function of one, or its name")
    while todo:
        whole = todo.pop()
        if whole.split(".")[0] not in project or _within(whole, outside):
            continue
        for name in _with_parents(whole):
            code = None if name in modules else parse(name)
            if code is not None:  # None: the name of a function or class
                modules[name] = code
                todo += code.imports
    return modules


def parsed(name: str, source: Source) -> ModuleCode:
    """Parse a module's source into its digest and imports."""
    tree = ast.parse(source.text)
    package = name if source.is_package else name.rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            node.body = [line for line in node.body if not _is_docstring(line)]
    imports = sorted({imported for node in ast.walk(tree) for imported in _imported(node, package)})
    return ModuleCode(hashlib.sha256(ast.dump(tree).encode()).hexdigest(), tuple(imports))


def installed(name: str) -> Source | None:
    """Read a module as it is installed here, from a folder or a zip on the path."""
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
def _installed(name: str) -> ModuleCode | None:
    source = installed(name)
    return None if source is None else parsed(name, source)


@lru_cache(maxsize=256)
def _fingerprint(starts: tuple[str, ...]) -> str:
    return fingerprint_of(closure(starts, _installed).items())


def _imported(node: ast.AST, package: str) -> Iterator[str]:
    """List names that a syntax node may import; a string in the form of a module name counts, as it may be loaded by name."""
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
    """Whether a statement is only a string: a docstring of a module, class, function or field."""
    return isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant) and isinstance(line.value.value, str)


def _with_parents(name: str) -> list[str]:
    """Return `a`, `a.b`, `a.b.c` for `a.b.c`: importing a module runs its packages."""
    parts = name.split(".")
    return [".".join(parts[:end]) for end in range(1, len(parts) + 1)]


def _within(name: str, places: Collection[str]) -> bool:
    return any(name == place or name.startswith(f"{place}.") for place in places)
