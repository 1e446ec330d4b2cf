"""What the README tells a newcomer to run, run."""

import re
import subprocess

import duckdb
import pytest

from scripts.plain_environment import plain_environment
from tests.support.workspaces import ROOT

README = (ROOT / "README.md").read_text(encoding="utf8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def run(command, folder):
    return subprocess.run(
        command, cwd=folder, env=plain_environment(), capture_output=True, text=True, timeout=400, check=False
    )


def test_the_first_command_and_the_query_print_what_the_readme_says(tmp_path):
    first = BLOCKS[0][1].splitlines()[0]
    mined = run(["bash", "-c", first.replace("./spark-submit.sh jobs", f"{ROOT}/spark-submit.sh {ROOT}/jobs")], tmp_path)
    assert mined.returncode == 0, mined.stdout[-3000:]
    # Other jobs read the pictures from wherever they run.
    with duckdb.connect(str(tmp_path / "out/workspace.duckdb"), read_only=True) as connection:
        assert connection.execute("select count(*) from images where uri not like '/%'").fetchone() == (0,)
    at = next(k for k, (language, _) in enumerate(BLOCKS) if language == "python")
    shown = run([str(ROOT / ".venv/bin/python"), "-c", BLOCKS[at][1]], tmp_path)
    here, there = (table(text) for text in (shown.stdout, BLOCKS[at + 1][1]))
    assert [row[:2] for row in here] == [row[:2] for row in there]
    for (*_, pairs, score), (*_, told, told_score) in zip(here[2:], there[2:], strict=True):
        # Another processor rounds the last bits of a correlation otherwise, and a pair at a threshold comes or goes.
        assert int(pairs) == pytest.approx(int(told), rel=0.03, abs=2)
        assert float(score) == pytest.approx(float(told_score), abs=0.02)


def table(text):
    """The cells of what DuckDB prints: two lines of head, then the rows."""
    return [[cell.strip() for cell in line.strip("│").split("│")] for line in text.splitlines() if line.startswith("│")]


def test_the_tree_names_the_folders_that_are_there():
    [tree] = [text for _, text in BLOCKS if text.startswith("schemas/")]
    named = {line.split()[0].rstrip("/") for line in tree.splitlines()}
    steps = {p.name for p in (ROOT / "pipelines").iterdir() if p.is_dir() and p.name != "__pycache__"}
    tops = {
        p.name
        for p in ROOT.iterdir()
        if p.is_dir() and not p.name.startswith((".", "_")) and p.name not in {"out", "scripts", "requirements"}
    }
    files = {name for name in named if name.endswith(".py")}
    assert all((ROOT / "pipelines" / name).is_file() for name in files)
    assert steps | tops | {"pipelines"} == named - files


def test_the_pages_that_it_points_to_are_there():
    for page in re.findall(r"\]\(([^)]+)\)", README):
        assert (ROOT / page).exists(), page
