"""Write docs/reference (tables.md, cli.md, settings/) from schemas/, the settings' dataclasses and the command lines.

python -m scripts.generate_docs           writes every page
python -m scripts.generate_docs --check   exits 1 if a page differs from what the code gives
"""

import ast
import dataclasses
import inspect
import itertools
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_type_hints

from pipelines.flows.annotate_images.settings import AnnotateImages
from pipelines.flows.build_shards.settings import BuildShards
from pipelines.flows.encode_items.settings import EncodeItems
from pipelines.flows.judge_relevance.settings import JudgeRelevance
from pipelines.flows.mine_hard_negatives.settings import MineHardNegatives
from pipelines.flows.mine_pairs.settings import MinePairs
from pipelines.inspect.audit.settings import AuditWorkspace
from pipelines.inspect.report.settings import ReportPairs
from pipelines.sources.importers.column_mapping import ImportTable
from pipelines.sources.importers.settings import ImportQilin
from pipelines.workspace.duckdb.settings import OpenWorkspace
from schemas import datasets, intermediate, shards
from schemas.inputs import CLICKS_IN, IMAGES_IN, LABELS_IN, NOTES_IN
from schemas.item import ITEM
from schemas.table import Table
from scripts.command_pages import cli_page
from scripts.first_settings import FIRST
from uninote_train.evaluation.command import Evaluate
from uninote_train.settings import TrainRl, TrainSft

JOBS: dict[str, type] = {
    "import_qilin": ImportQilin,
    "import_table": ImportTable,
    "mine_pairs": MinePairs,
    "annotate_images": AnnotateImages,
    "mine_hard_negatives": MineHardNegatives,
    "judge_relevance": JudgeRelevance,
    "build_shards": BuildShards,
    "report_pairs": ReportPairs,
    "audit_workspace": AuditWorkspace,
    "open_workspace": OpenWorkspace,
    "encode_items": EncodeItems,
}
TRAINERS: dict[str, type] = {"sft": TrainSft, "rl": TrainRl, "evaluate": Evaluate}
STRUCTS = {"ITEM": ITEM, "EVIDENCE": datasets.EVIDENCE, "CANDIDATE": shards.CANDIDATE}
REFERENCE = Path(__file__).resolve().parent.parent / "docs" / "reference"
NOTICE = "<!-- Made by `make docs` from the code. Do not edit. -->\n"


def tables_page() -> str:
    """Return the text of tables.md."""
    public = [value for value in vars(datasets).values() if isinstance(value, Table) and value.name != "pairs"]
    public += [shards.SFT, shards.RL]
    between = [intermediate.PICTURES, intermediate.PICTURE_PAIRS, intermediate.ANNOTATED]
    parts = ["# Tables\n", NOTICE, _inputs(), "## Output\n"]
    parts.append("Zstd Parquet, sorted by the key. `workspace.duckdb` has a view of each.\n")
    parts += [_table(table) for table in public]
    parts += [_structs(), "## Between the steps\n", "Intermediate datasets of the workspace, without views.\n"]
    parts += [_table(table) for table in between]
    return "\n".join(parts)


def settings_pages() -> dict[str, str]:
    """Return the name of each page below settings/, and its text."""
    commands = {f"jobs/{job}.py": (job, kind) for job, kind in JOBS.items()}
    commands |= {f"python -m uninote_train {name}": (name, kind) for name, kind in TRAINERS.items()}
    pages = {f"{name}.md": _settings_page(command, name, kind) for command, (name, kind) in commands.items()}
    lines = [
        f"- [{command}]({name}.md): {len(keys)} keys" for command, (name, kind) in commands.items() if (keys := _keys(kind))
    ]
    order = "`--set section.key=value` and flags override `--config FILE.toml`; the file overrides the defaults.\n"
    return pages | {"README.md": "\n".join(["# Settings\n", NOTICE, order, *lines, ""])}


def _settings_page(command: str, name: str, kind: type) -> str:
    keys = _keys(kind)
    unknown = [key for key in FIRST[name] if key not in keys]
    if unknown:
        raise KeyError(f"scripts/first_settings.py, {name}: {unknown} are no settings of {command}")
    parts = [f"# Settings of `{command}`\n", NOTICE]
    if len(keys) > len(FIRST[name]):
        parts += ["## Changed first\n", "| key | default | |\n|---|---|---|"]
        parts += [f"| `{key}` | {keys[key][0]} | {keys[key][1]} |" for key in FIRST[name]]
        parts += ["", "## All\n"]
    return "\n".join([*parts, *_sections(kind, "")])


def _keys(kind: type, section: str = "") -> dict[str, tuple[str, str]]:
    """Map each dotted key to its default and description."""
    hints, about = get_type_hints(kind), _field_docs(kind)
    keys: dict[str, tuple[str, str]] = {}
    for f in dataclasses.fields(kind):
        if dataclasses.is_dataclass(hints[f.name]):
            keys |= _keys(hints[f.name], f"{section}{f.name}.")
        else:
            keys[f"{section}{f.name}"] = (f"`{_default(f)}`", about.get(f.name, ""))
    return keys


def _inputs() -> str:
    parts = ["## Input\n", "Other columns are ignored.\n"]
    for name, columns in (
        ("notes", NOTES_IN),
        ("images (optional)", IMAGES_IN),
        ("clicks", CLICKS_IN),
        ("labels (optional)", LABELS_IN),
    ):
        parts += [f"### {name}\n", "| column | type | required | |", "|---|---|---|---|"]
        parts += [f"| {c.name} | {c.type} | {'no' if c.nullable else 'yes'} | {_about(c)} |" for c in columns]
        parts.append("")
    return "\n".join(parts)


def _table(table: Table) -> str:
    head = f"### {table.name}\n\nOne row: {table.grain}. Key: {', '.join(table.key)}. Made by {table.made_by}.\n"
    rows = [f"| {c.name} | {_kind(c.type)} | {_about(c)} |" for c in table.columns]
    return "\n".join([head, "| column | type | |", "|---|---|---|", *rows, ""])


def _structs() -> str:
    lines = [f"- **{name}**: `{kind}`" for name, kind in STRUCTS.items()]
    return "\n".join(["### Structs\n", *lines, ""])


def _kind(kind: Any) -> str:  # noqa: ANN401
    for name, struct in STRUCTS.items():
        if kind == struct or getattr(kind, "value_type", None) == struct:
            return name if kind == struct else f"list<{name}>"
    return str(kind)


def _about(column: Any) -> str:  # noqa: ANN401
    return column.metadata[b"about"].decode().replace("|", "\\|")


def _sections(kind: type, section: str) -> Iterator[str]:
    """Yield a table for a dataclass, then one for each dataclass in it."""
    hints, about = get_type_hints(kind), _field_docs(kind)
    plain = [f for f in dataclasses.fields(kind) if not dataclasses.is_dataclass(hints[f.name])]
    title = f"### [{section}]\n\n" if section else ""
    if plain:
        yield f"{title}{inspect.getdoc(kind)}\n\n| key | default | |\n|---|---|---|"
        for f in plain:
            yield f"| {f.name} | `{_default(f)}` | {about.get(f.name, '')} |"
        yield from _old_names(kind)
        yield ""
    for f in dataclasses.fields(kind):
        if dataclasses.is_dataclass(hints[f.name]):
            yield from _sections(hints[f.name], f"{section}.{f.name}" if section else f.name)


def _old_names(kind: type) -> Iterator[str]:
    renamed = getattr(kind, "RENAMED", {})
    if renamed:
        yield "\nOld names, read for one release: " + ", ".join(f"`{old}` (now `{new}`)" for old, new in renamed.items()) + "."


def _default(f: dataclasses.Field[Any]) -> str:
    value = f.default_factory() if f.default_factory is not dataclasses.MISSING else f.default
    return repr(value)


def _field_docs(kind: type) -> dict[str, str]:
    """Collect the string below each field of a dataclass, including inherited fields."""
    docs: dict[str, str] = {}
    for parent in reversed(kind.__mro__):
        docs |= _own_docs(parent) if dataclasses.is_dataclass(parent) else {}
    return docs


def _own_docs(kind: type) -> dict[str, str]:
    [definition] = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    body = definition.body if isinstance(definition, ast.ClassDef) else []
    docs = {}
    for field, below in itertools.pairwise(body):
        text = below.value.value if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant) else None
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(text, str):
            docs[field.target.id] = " ".join(text.split()).replace("|", "\\|")
    return docs


def main() -> None:
    """Write or check all pages."""
    texts = {"tables.md": tables_page(), "cli.md": cli_page([*JOBS])}
    texts |= {f"settings/{name}": text for name, text in settings_pages().items()}
    stale = [
        n for n, text in texts.items() if not (REFERENCE / n).exists() or (REFERENCE / n).read_text(encoding="utf8") != text
    ]
    if "--check" in sys.argv[1:]:
        sys.exit(f"stale in docs/reference: {stale}; run `make docs`" if stale else 0)
    for name, text in texts.items():
        (REFERENCE / name).parent.mkdir(parents=True, exist_ok=True)
        (REFERENCE / name).write_text(text, encoding="utf8")


if __name__ == "__main__":
    main()
