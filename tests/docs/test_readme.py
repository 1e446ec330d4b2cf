"""What README.md tells a newcomer to run, run; the tree in architecture.md."""

import re
import subprocess
from pathlib import PurePath

import duckdb
import pytest

from scripts.plain_environment import plain_environment
from scripts.tutorial.page import PAGE, read
from tests.support.doc_pages import blocks_of
from tests.support.workspaces import ROOT

README = (ROOT / "README.md").read_text(encoding="utf8")
ARCHITECTURE = (ROOT / "docs/explanation/architecture.md").read_text(encoding="utf8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def run(command, folder):
    return subprocess.run(
        command, cwd=folder, env=plain_environment(), capture_output=True, text=True, timeout=400, check=False
    )


def test_the_first_command_is_the_tutorials_first_and_the_second_a_target():
    [block] = [block for block in blocks_of(ROOT / "README.md") if block.reason is None]
    first, second = block.command.splitlines()
    assert first == read(PAGE.read_text(encoding="utf8"))[0].blocks[0].command
    assert run(["make", "-n", second.removeprefix("make ")], ROOT).returncode == 0


@pytest.mark.slow
@pytest.mark.ray
def test_the_first_command_and_the_query_print_what_the_readme_says(tutorial):
    assert tutorial.runs[0].code == 0
    # Other jobs read the pictures from wherever they run.
    with duckdb.connect(str(tutorial.mined / "out/workspace.duckdb"), read_only=True) as connection:
        assert connection.execute("select count(*) from images where uri not like '/%'").fetchone() == (0,)
    at = next(k for k, (language, _) in enumerate(BLOCKS) if language == "python")
    printed = run([str(ROOT / ".venv/bin/python"), "-c", BLOCKS[at][1]], tutorial.mined)
    rows, expected = (table(text) for text in (printed.stdout, BLOCKS[at + 1][1]))
    assert [row[:1] for row in rows] == [row[:1] for row in expected], printed.stderr
    for (*_, pairs, score), (*_, expected_pairs, expected_score) in zip(rows[2:], expected[2:], strict=True):
        # Another processor rounds the last bits of a correlation otherwise, and a pair at a threshold comes or goes.
        assert int(pairs) == pytest.approx(int(expected_pairs), rel=0.03, abs=2)
        assert float(score) == pytest.approx(float(expected_score), abs=0.02)


def table(text):
    """The cells of what DuckDB prints: two lines of head, then the rows."""
    return [[cell.strip() for cell in line.strip("│").split("│")] for line in text.splitlines() if line.startswith("│")]


def test_the_tree_names_the_folders_that_are_there():
    [tree] = [text for text in re.findall(r"^```\n(.*?)^```$", ARCHITECTURE, re.MULTILINE | re.DOTALL) if "schemas/ " in text]
    named = {line.split()[0].rstrip("/") for line in tree.splitlines()}
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    folders = [PurePath(name).parts[:-1] for name in listed]
    steps = {parts[1] for parts in folders if len(parts) > 1 and parts[0] == "pipelines"}
    tops = {parts[0] for parts in folders if parts and not parts[0].startswith(".")} - {"scripts", "requirements"}
    files = {name for name in named if name.endswith(".py")}
    assert all((ROOT / "pipelines" / name).is_file() for name in files)
    assert steps | tops | {"pipelines"} == named - files


def test_the_readme_has_at_most_650_words():
    assert len(README.split()) <= 650
