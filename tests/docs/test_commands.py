"""Commands on all pages: each is run by a test or marked; targets, flags, settings and error messages exist."""

import ast
import importlib
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from schemas.settings import load_settings
from scripts.tutorial.page import PAGE, read
from tests.support.doc_pages import HOW_TO, PAGES, blocks_of

ROOT = Path(__file__).resolve().parents[2]
STEPS = read(PAGE.read_text(encoding="utf8"))
BLOCKS = [block for page in PAGES for block in blocks_of(page)]
TROUBLESHOOT = (HOW_TO / "troubleshoot.md").read_text(encoding="utf8")


def words(command):
    """The commands of a shell text, as words; comments and programs in other languages are left out."""
    if "<<" in command:
        return []
    joined = re.sub(r"^#.*$|\\\n", "", command, flags=re.MULTILINE)
    lines = [part for line in joined.splitlines() for part in re.split(r"&&|;", line)]
    return [w for line in lines if (w := shlex.split(line)) and not line.lstrip().startswith(("root=", "source", "ensure_"))]


RUN_BY_TESTS = {"README.md", "docs/tutorial.md"} | {str(page.relative_to(ROOT)) for page in HOW_TO.glob("*.md")}
"""test_readme.py, test_tutorial.py, test_how_to.py and the tests of single how-tos run what is not marked on these pages."""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_command_is_run_or_marked_with_the_reason(page):
    unmarked = [f"{block.page}:{block.line}" for block in blocks_of(page) if block.reason is None]
    assert unmarked == [] or str(page.relative_to(ROOT)) in RUN_BY_TESTS
    assert page.read_text(encoding="utf8").count("<!-- not run here") == len(blocks_of(page)) - len(unmarked)


def test_on_the_tutorial_all_commands_of_steps_are_run():
    in_steps = {block.command for step in STEPS for block in step.blocks}
    assert {block.command for block in blocks_of(PAGE) if block.reason is None} == in_steps


@pytest.mark.parametrize("step", [s for s in STEPS if s.target], ids=lambda s: s.target)
def test_a_target_of_the_makefile_runs_the_commands_of_the_page(step):
    printed = subprocess.run(
        ["make", "-n", "--no-print-directory", step.target], cwd=ROOT, capture_output=True, text=True, check=True
    )  # make test runs this below a make
    assert words(printed.stdout) == [w for block in step.blocks for w in words(block.command)]


def test_the_targets_of_the_chain_are_all_in_the_page():
    targets = {"sample", "negatives", "judge", "shards", "train", "report", "audit"}
    assert {step.target for step in STEPS} - {None} == targets
    assert [step.number for step in STEPS] == list(range(1, len(STEPS) + 1))


def jobs_of(text):
    """The options given to each of our commands in a text: (what it is, words)."""
    for line in words(text):
        at = next((k for k, word in enumerate(line) if re.fullmatch(r"jobs/\w+\.py", word) or word == "uninote_train"), None)
        if at is not None:
            yield (
                (line[at], line[at + 1 :]) if line[at] != "uninote_train" else (f"uninote_train {line[at + 1]}", line[at + 2 :])
            )


def flags_of(file):
    """Flag -> whether it takes a value, and the class of the settings, of a command's source."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf8"))
    assigned = [
        (ast.unparse(getattr(n, "targets", [None])[0] or n.target), n.value)
        for n in tree.body
        if isinstance(n, ast.Assign | ast.AnnAssign)
    ]
    tables = {name: ast.literal_eval(value) for name, value in assigned if name in {"FLAGS", "EVALUATE_FLAGS", "SWITCHES"}}
    return tables, tree


def kind_of(job):
    """The settings' class and the flags of a command."""
    if job.startswith("uninote_train"):
        name = {"sft": "TrainSft", "rl": "TrainRl", "evaluate": "Evaluate"}[job.split()[1]]
        module = "uninote_train.evaluation.command" if name == "Evaluate" else "uninote_train.settings"
        tables, _ = flags_of("uninote_train/__main__.py")
        return getattr(importlib.import_module(module), name), tables["EVALUATE_FLAGS" if name == "Evaluate" else "FLAGS"], {}
    tables, tree = flags_of(job)
    [call] = [n for n in ast.walk(tree) if isinstance(n, ast.Call) and getattr(n.func, "id", "") == "run_job"]
    name = call.args[0].id
    [module] = [n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) if name in {a.name for a in n.names}]
    return getattr(importlib.import_module(module), name), tables["FLAGS"], tables.get("SWITCHES", {})


USED = sorted({(job, tuple(options)) for block in BLOCKS for job, options in jobs_of(block.command)})


@pytest.mark.parametrize(("job", "options"), USED, ids=lambda v: v if isinstance(v, str) else " ".join(v))
def test_flags_and_settings_exist(job, options):
    kind, flags, switches = kind_of(job)
    valued, bare = {flag for flag, *_ in flags.values()} | {"--config", "--set"}, {flag for flag, *_ in switches.values()}
    rest, assignments = list(options), []
    while rest:
        word = rest.pop(0)
        assert word in valued | bare
        if word in valued:
            value = rest.pop(0)
            assignments += [value] if word == "--set" else []
    load_settings(kind, None, assignments, {})  # an unknown key or an impossible value raises


def test_every_job_is_on_a_page():
    assert {job for job, _ in USED} >= {f"jobs/{p.name}" for p in (ROOT / "jobs").glob("*.py")}


def literals():
    """Every text of the code, `…` where a value is put in, and the shell scripts as they are."""
    for folder in ("schemas", "pipelines", "uninote_train", "small_encoder"):
        for file in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf8"))):
                if isinstance(node, ast.JoinedStr):
                    yield "".join(part.value if isinstance(part, ast.Constant) else "…" for part in node.values)
                elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield node.value
    for file in ("spark-submit.sh", "scripts/environment.sh"):
        yield (ROOT / file).read_text(encoding="utf8")


TROUBLES = re.findall(r"^\| `([^`]+)`(?: with `[^`]+`)?(?: \(in `quarantine`\))? \|", TROUBLESHOOT, re.MULTILINE)


def pieces(line):
    return [piece for piece in re.split(r"\s*…\s*", line) if piece]


@pytest.fixture(scope="module")
def messages():
    return [*literals()]


@pytest.mark.parametrize("line", TROUBLES)
def test_the_code_has_each_error_of_the_table(messages, line):
    pattern = re.compile(".*".join(map(re.escape, pieces(line))), re.DOTALL)
    assert max(map(len, pieces(line))) >= 10
    assert any(pattern.search(text) for text in messages)


def test_the_table_is_read_whole():
    rows = [line for line in TROUBLESHOOT.splitlines() if line.startswith("| `")]
    assert len(rows) == len(TROUBLES) > 20


@pytest.mark.parametrize(
    ("command", "line"),
    [
        ("jobs/report_pairs.py --workspace nothing", "no dataset '…' has been published"),
        ("jobs/report_pairs.py --set filter.min_likes=0", "unknown …; known keys are …"),
        ("jobs/audit_workspace.py --workspace s3://me:secret@bucket/mined", "contains a password, a key or a signature"),
        ("jobs/audit_workspace.py --workspace nowhere://mined", "no file system for '…://' (…); install"),
    ],
)
def test_some_of_them_as_a_user_meets_them(tmp_path, command, line):
    job, *options = command.split()
    done = subprocess.run([sys.executable, ROOT / job, *options], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert re.search(".*".join(map(re.escape, pieces(line))), done.stderr)
    assert any(trouble.startswith(line[:25]) for trouble in TROUBLES)
