"""Rules for all files: lengths, generated pages, words."""

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
def test_files_and_functions_are_short(path):
    text = path.read_text(encoding="utf8")
    assert len(text.splitlines()) <= MAX_LINES
    long = [
        n.name for n in ast.walk(ast.parse(text)) if isinstance(n, ast.FunctionDef) and n.end_lineno - n.lineno > MAX_FUNCTION
    ]
    assert long == []


@pytest.mark.slow
def test_generated_pages_are_current():
    done = subprocess.run(
        [sys.executable, "-m", "scripts.generate_docs", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
