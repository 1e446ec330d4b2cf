"""What the README tells a newcomer to run, run."""

import re
import subprocess

from tests.e2e.workspaces import ROOT, environment

README = (ROOT / "README.md").read_text(encoding="utf8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def run(command, folder):
    return subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True, timeout=400, check=False)


def test_the_first_command_and_the_query_print_what_the_readme_says(tmp_path):
    first = BLOCKS[0][1].splitlines()[0]
    mined = run(["bash", "-c", first.replace("./spark-submit.sh jobs", f"{ROOT}/spark-submit.sh {ROOT}/jobs")], tmp_path)
    assert mined.returncode == 0, mined.stdout[-3000:]
    at = next(k for k, (language, _) in enumerate(BLOCKS) if language == "python")
    shown = run([str(ROOT / ".venv/bin/python"), "-c", BLOCKS[at][1]], tmp_path)
    assert shown.stdout.strip() == BLOCKS[at + 1][1].strip()


def test_the_tree_names_the_folders_that_are_there():
    [tree] = [text for _, text in BLOCKS if text.startswith("schemas/")]
    named = {line.split()[0].rstrip("/") for line in tree.splitlines()}
    steps = {p.name for p in (ROOT / "pipelines").iterdir() if p.is_dir() and p.name != "__pycache__"}
    tops = {
        p.name
        for p in ROOT.iterdir()
        if p.is_dir() and not p.name.startswith((".", "_")) and p.name not in {"out", "scripts", "requirements"}
    }
    assert steps | tops | {"pipelines"} == named | ({"conf"} & tops)


def test_the_pages_that_it_points_to_are_there():
    for page in re.findall(r"\]\(([^)]+)\)", README):
        assert (ROOT / page).exists(), page
