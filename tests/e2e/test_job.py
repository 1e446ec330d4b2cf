"""What a user meets: a first run, a second one, and messages that say what to do."""

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.workspace.workspace import Workspace
from schemas.granularity import GRANULARITY_NAMES
from tests.support.workspaces import closing_summary, mining_arguments, run_job


def test_the_last_lines_say_what_was_made_and_what_to_do_next(mined):
    _, printed = mined
    assert all(name in printed for name in GRANULARITY_NAMES)
    assert "Against the corpus's truth" in printed
    assert "workspace.duckdb" in printed.strip().splitlines()[-1]


def test_nothing_is_lost(mined):
    workspace = Workspace(str(mined[0]))
    for name in ("notes", "images"):
        counts = workspace.published(name).counts
        assert counts.rows_in == counts.rows_out + sum(counts.dropped.values())
        assert counts.rows_in > counts.rows_out


def test_the_certificate_says_that_no_pair_crosses_a_split(mined):
    report = Workspace(str(mined[0])).published("positives").report
    assert report["pairs_across_splits"] == 0
    assert report["components_across_splits"] == 0
    assert sum(report["share_of_notes"].values()) == pytest.approx(1)


def test_the_views_answer_questions(mined):
    with duckdb.connect(str(mined[0] / "workspace.duckdb"), read_only=True) as connection:
        both_known = connection.sql(
            "select count(*) from positives p left join items q on p.query.item_id = q.item.item_id "
            "left join items t on p.target.item_id = t.item.item_id where q.item is null or t.item is null or q.split <> p.split"
        ).fetchall()
        reasons = connection.sql("select count(*) from quarantine where reason is null").fetchall()
        twice = connection.sql("select count(*) - count(distinct pair_id) from positives").fetchall()
        ends = connection.sql("select min(score), max(score) from positives").fetchall()
    assert both_known == reasons == twice == [(0,)]
    assert 0 <= ends[0][0] <= ends[0][1] <= 1


def test_a_second_run_skips_every_stage(corpus, mined):
    again = run_job(*mining_arguments(corpus, mined[0]))
    assert again.returncode == 0, again.stdout[-3000:]
    assert closing_summary(again) == mined[1]
    stages = [line for line in again.stdout.splitlines() if ": working" in line or ": unchanged" in line]
    assert len(stages) == 12
    assert all("unchanged, skipped" in line for line in stages)


def test_every_fault_of_the_input_is_in_one_line(tmp_path):
    pq.write_table(pa.table({"note_id": [[1]], "like_count": [1]}), tmp_path / "notes.parquet")
    (tmp_path / "clicks.csv").write_text("a,b\n1,2\n")
    done = run_job("--notes", tmp_path / "notes.parquet", "--clicks", tmp_path / "clicks.csv", "--workspace", tmp_path / "w")
    [line] = [line for line in done.stdout.splitlines() if line.startswith("error:")]
    assert done.returncode == 2
    assert "Traceback" not in done.stdout
    for part in ("'note_id' is list<element: int64>, expected text", "missing column 'images'", "missing column 'user_id'"):
        assert part in line


def test_an_unknown_setting_stops_the_job_before_spark_starts(tmp_path):
    done = run_job("--workspace", tmp_path / "w", "--set", "co_click.min_user=3", timeout=60)
    assert done.returncode == 2
    assert "unknown ['min_user']; known keys are" in done.stdout
    assert not (tmp_path / "w").exists()
