"""docs/reference/cli.md: usage, flags and exit codes of every command, read from the sources of their entry points."""

import ast
from collections.abc import Iterable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
HEAD = """# Command lines

<!-- Made by `make docs` from the code. Do not edit. -->

Every command also takes `--config FILE.toml`, `--set section.key=value` (repeatable) and `--help`. Flags are shorthands for
settings: [settings/](settings/README.md).

## Exit codes

| code | meaning |
|---|---|
| 0 | done |
| 2 | a mistake that you can fix: one line on stderr names it |
| 1 | a bug (traceback), a store that does not answer (one line), or a rule that `jobs/audit_workspace.py` found broken |
| 130, 143 | interrupted by Ctrl-C, or by SIGTERM; the same command goes on where it was |
"""


def cli_page(jobs: Iterable[str]) -> str:
    """The page's text."""
    parts = [HEAD, *(_command(f"jobs/{job}.py", ROOT / "jobs" / f"{job}.py", ("FLAGS", "SWITCHES")) for job in jobs)]
    parts.append(_command("python -m uninote_train", ROOT / "uninote_train" / "__main__.py", ("FLAGS", "EVALUATE_FLAGS")))
    return "\n".join(parts)


def _command(name: str, file: Path, tables: tuple[str, ...]) -> str:
    tree = ast.parse(file.read_text(encoding="utf8"))
    flags: dict[str, tuple[str, ...]] = {}
    for table in tables:
        flags |= _literal(tree, table)
    rows = [f"| `{flag}` | `{key}` | {text.replace('|', chr(92) + '|')} |" for key, (flag, text, *_) in flags.items()]
    table = "\n".join(["| flag | setting | |", "|---|---|---|", *rows, ""])
    return f"## {name}\n\n```text\n{(ast.get_docstring(tree) or '').strip()}\n```\n\n{table}"


def _literal(tree: ast.Module, name: str) -> dict[str, Any]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == name:
            value: dict[str, Any] = ast.literal_eval(node.value)
            return value
    return {}
