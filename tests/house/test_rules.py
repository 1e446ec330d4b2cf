"""The house rules that a reader counts on."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted(
    p
    for folder in ("schemas", "pipelines", "small_encoder", "uninote_train", "jobs", "scripts", "benchmarks")
    for p in (ROOT / folder).rglob("*.py")
)
MAX_LINES, MAX_FUNCTION = 300, 70


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_file_and_a_function_fit_what_a_reader_can_hold(path):
    text = path.read_text(encoding="utf8")
    assert len(text.splitlines()) <= MAX_LINES
    long = [
        n.name for n in ast.walk(ast.parse(text)) if isinstance(n, ast.FunctionDef) and n.end_lineno - n.lineno > MAX_FUNCTION
    ]
    assert long == []


def test_generated_pages_say_what_the_code_says():
    done = subprocess.run(
        [sys.executable, "-m", "scripts.generate_docs", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_steps_meet_in_tables_and_do_not_import_each_other():
    """A step's folder imports only the shared ground: workspace, items, schemas."""
    steps = {"images", "text", "clicks", "graph", "within_note", "sample", "annotate", "encode", "negatives"}
    steps |= {"shards", "audit", "imports", "judge", "report"}
    crossings = []
    for path in SOURCES:
        parts = path.relative_to(ROOT).parts
        if parts[0] != "pipelines" or parts[1] not in steps:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf8"))):
            module = node.module if isinstance(node, ast.ImportFrom) else None
            if module and module.startswith("pipelines.") and module.split(".")[1] in steps - {parts[1]}:
                crossings.append(f"{path.name} imports {module}")
    assert crossings == []
