"""docs/how-to/qilin.md on files of Qilin's layout: planted copies, passages and clicks are found, and the audit passes."""

import shutil
import subprocess

import duckdb
import pytest

from scripts.plain_environment import plain_environment
from scripts.tutorial.run import lay_out
from tests.support.doc_pages import HOW_TO, blocks_of
from tests.support.qilin_layout import MONDAY, NAN, note, write_notes, write_pictures, write_sessions

QUOTE = "Soak the chickpeas for twelve hours, boil them until they are soft, and keep a cup of the water for the paste."
FETCHED = (0, 1)
"""Parts of the pictures that are on the disk; notes whose number is 2 modulo 3 have none."""


def run(command, folder):
    environment = plain_environment() | {"SPARK_LOCAL_IP": "127.0.0.1"}
    return subprocess.run(
        ["bash", "-ec", command], cwd=folder, env=environment, capture_output=True, text=True, timeout=400, check=False
    )


@pytest.fixture(scope="module")
def imported(tmp_path_factory):
    folder = tmp_path_factory.mktemp("qilin")
    rows = [note(k) for k in range(1, 31)]
    rows[4] = note(5, body=f"What my aunt does: {QUOTE}")
    rows[7] = note(8, body=f"{QUOTE} Serve with bread.")
    rows[8] = note(9, likes=NAN)
    write_notes(folder / "Qilin", rows)
    write_pictures(folder / "Qilin", rows, FETCHED)
    shutil.copy(folder / "Qilin" / rows[2]["image_path"][0], folder / "Qilin" / rows[5]["image_path"][1])
    sessions = [(u, u, [], [(1, 1.0, MONDAY + u), (2, 0.0, MONDAY + u), (3, 1.0, MONDAY + u + 50)]) for u in range(4)]
    write_sessions(folder / "Qilin", "search_train", sessions)
    write_sessions(folder / "Qilin", "recommendation_train", [(9, 9, [4], [(4, 1.0, MONDAY)])])
    lay_out(folder)
    [block] = blocks_of(HOW_TO / "qilin.md")
    done = run(block.command, folder)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return folder


def test_what_was_imported_is_mined_and_audited(imported):
    workspace = imported / "mined"
    with duckdb.connect(str(workspace / "workspace.duckdb"), read_only=True) as connection:
        ask = lambda query: connection.execute(query).fetchall()  # noqa: E731
        assert ask("select count(*) from notes") == [(29,)]
        assert ask("select reason, like_count from dropped_notes") == [("fewer than 101 likes", 0)]
        assert ask("select verdict, reason from why_dropped('9')") == [("dropped", "fewer than 101 likes")]
        assert ask("select count(*) from quarantine") == [(0,)]
        assert ask("select distinct cast(note_id as int) % 3 from images order by 1") == [(0,), (1,)]
        tied = "select distinct least(query.note_id, target.note_id), greatest(query.note_id, target.note_id) from positives"
        assert ask(f"{tied} where granularity = 'near_duplicate_image'") == [("3", "6")]
        assert ask(f"{tied} where granularity = 'partial_text'") == [("5", "8")]
        clicked = "select query.note_id, target.note_id, evidence.users from positives where granularity = 'co_click'"
        placed = ask("select count(distinct split) from components where note_id in ('1', '3')")
        assert ask(clicked) == ([("1", "3", 4)] if placed == [(1,)] else [])
        assert ask("from leaks()") == []
    audit = run(".venv/bin/python jobs/audit_workspace.py --workspace mined", imported)
    assert audit.returncode == 0, audit.stdout
