"""docs/how-to/add-a-granularity.md and add-a-column.md, applied to a copy of the tree: the job mines the pairs and the column."""

import subprocess

import duckdb
import pytest

from scripts.plain_environment import plain_environment
from tests.support.page_edits import apply_page, copy_of_the_tree
from tests.support.workspaces import ROOT

HOW_TO = ROOT / "docs" / "how-to"
GRANULARITY, COLUMN = HOW_TO / "add-a-granularity.md", HOW_TO / "add-a-column.md"


def run(tree, command):
    done = subprocess.run(
        command, cwd=tree, env=plain_environment(), capture_output=True, text=True, timeout=500, check=False, shell=True
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    folder = copy_of_the_tree(tmp_path_factory.mktemp("copy") / "uninote-pairs")
    assert len(apply_page(GRANULARITY, folder)) <= 3
    assert len(apply_page(COLUMN, folder)) <= 2
    return folder


@pytest.fixture(scope="module")
def mined_by_the_copy(tree):
    summary = run(tree, "./spark-submit.sh --master local[2] jobs/mine_pairs.py --set sample.notes=80 --workspace w")
    with duckdb.connect(str(tree / "w/workspace.duckdb"), read_only=True) as connection:
        yield summary, lambda query: connection.execute(query).fetchall()


def test_pairs_of_the_new_granularity_are_in_positives(mined_by_the_copy):
    summary, ask = mined_by_the_copy
    assert "same_author" in summary
    pairs = ask("select query.note_id, target.note_id from positives where granularity = 'same_author' order by 1")
    of_kept_notes = """
        with ordered as (
            select note_id, lead(note_id) over (partition by author_id order by published_at, note_id) as following
            from notes where author_id is not null
        )
        select note_id, following from ordered
        join components l using (note_id) join components r on r.note_id = following
        where l.split = r.split order by 1
    """
    assert pairs == ask(of_kept_notes) != []
    assert ask("from leaks()") == []


def test_the_new_column_is_in_the_table_and_its_view(mined_by_the_copy):
    _, ask = mined_by_the_copy
    assert ask("select count(*) from notes where text_chars <> length(coalesce(title, '') || coalesce(body, ''))") == [(0,)]
    assert ask("select comment from duckdb_columns() where table_name = 'notes' and column_name = 'text_chars'") == [
        ("characters of title and body",)
    ]


def test_generated_pages_and_import_rules_follow(tree):
    run(tree, ".venv/bin/python -m scripts.generate_docs")
    assert "| text_chars | int32 | characters of title and body |" in (tree / "docs/reference/tables.md").read_text(
        encoding="utf8"
    )
    run(tree, "PYTHONPATH=. .venv/bin/lint-imports --no-cache")


@pytest.mark.parametrize("page", [GRANULARITY, COLUMN], ids=lambda page: page.stem)
def test_a_page_has_at_most_300_words(page):
    assert len(page.read_text(encoding="utf8").split()) <= 300
