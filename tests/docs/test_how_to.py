"""The commands of docs/how-to, run in order on the tutorial's workspace; a page that brings its own data gets 60 notes."""

import csv
import gzip
import re
import shutil
import subprocess

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from scripts.plain_environment import plain_environment
from scripts.tutorial.page import PAGE, read
from scripts.tutorial.run import lay_out
from tests.support.chain import copied
from tests.support.doc_pages import HOW_TO, blocks_of
from tests.support.workspaces import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.ray]

OWN_TESTS = {"qilin", "add-a-granularity", "add-a-column", "add-an-encoder", "add-a-judge", "add-an-ocr"}
"""Pages whose commands tests of their own run."""
IN_THE_TUTORIAL = {block.command for step in read(PAGE.read_text(encoding="utf8")) for block in step.blocks}
TO_RUN = {
    page.stem: commands
    for page in sorted(HOW_TO.glob("*.md"))
    if page.stem not in OWN_TESTS
    and (commands := [b for b in blocks_of(page) if b.reason is None and b.command not in IN_THE_TUTORIAL])
}


def run_page(name, folder):
    for block in TO_RUN[name]:
        done = subprocess.run(
            ["bash", "-ec", block.command],
            cwd=folder,
            env=plain_environment() | {"SPARK_LOCAL_IP": "127.0.0.1"},
            capture_output=True,
            text=True,
            timeout=500,
            check=False,
        )
        assert done.returncode == 0, f"{block.page}:{block.line}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"


@pytest.fixture
def folder(tutorial, tmp_path):
    """The repository's files, linked, and a copy of the tutorial's workspace."""
    lay_out(tmp_path)
    copied(tutorial.folder / "out", tmp_path / "out")
    return tmp_path


@pytest.mark.parametrize("name", sorted(set(TO_RUN) - {"own-data", "label-and-calibrate"}))
def test_the_commands_of_a_page_run(name, folder):
    run_page(name, folder)


def test_pages_with_commands():
    assert set(TO_RUN) >= {"own-data", "label-and-calibrate", "pick-an-encoder", "pick-a-judge", "object-stores", "ray-cluster"}


def test_labels_calibrate_the_judge(folder):
    with duckdb.connect(str(folder / "out/workspace.duckdb"), read_only=True) as connection:
        rows = connection.execute("""
            select query_id, candidate_id, grade = 3 from judgements where grade in (0, 3)
            qualify row_number() over (partition by grade order by query_id, candidate_id) <= 150
        """).fetchall()
    with (folder / "labels.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("query_id", "candidate_id", "relevant"), *((q, c, str(r).lower()) for q, c, r in rows)])
    run_page("label-and-calibrate", folder)
    with duckdb.connect(str(folder / "out/workspace.duckdb"), read_only=True) as connection:
        assert connection.execute("select count(calibrated) > 1000 from judgements").fetchone() == (True,)


@pytest.fixture
def others_tables(tmp_path):
    """The files that the mapping of own-data.md reads: 60 sample notes under other names."""
    from pipelines.sources.sample_corpus.build import Sample, make_sample

    make_sample(tmp_path / "sample", Sample(notes=60))
    lay_out(tmp_path)
    shutil.copytree(tmp_path / "sample" / "images", tmp_path / "pictures" / "images")
    notes = [note for note in pq.read_table(tmp_path / "sample/notes.parquet").to_pylist() if note["note_id"]]
    posts = [
        {
            "post_id": note["note_id"],
            "headline": note["title"],
            "content": note["body"],
            "category": {"name": note["topic"]},
            "note_card": {"interact_info": {"liked_count": note["like_count"]}},
            "photos": [image["uri"] for image in note["images"]],
            "created": int(note["published_at"].timestamp()),
            "has_video": False,
        }
        for note in notes
    ]
    (tmp_path / "posts").mkdir()
    pq.write_table(pa.Table.from_pylist(posts), tmp_path / "posts" / "0.parquet")
    clicks = pq.read_table(tmp_path / "sample/clicks.parquet").to_pylist()
    with gzip.open(tmp_path / "log.csv.gz", "wt", newline="") as file:
        csv.writer(file).writerow(["uid", "post", "ts"])
        csv.writer(file).writerows([(c["user_id"], c["note_id"], c["clicked_at"]) for c in clicks])
    [mapping] = re.findall(
        r"^```toml\n(.*?)^```$", (HOW_TO / "own-data.md").read_text(encoding="utf8"), re.MULTILINE | re.DOTALL
    )
    (tmp_path / "mapping.toml").write_text(mapping, encoding="utf8")
    return tmp_path


def test_own_tables_are_imported_mined_and_shown(others_tables):
    run_page("own-data", others_tables)
    with duckdb.connect(str(others_tables / "mined/workspace.duckdb"), read_only=True) as connection:
        ask = lambda query: connection.execute(query).fetchall()  # noqa: E731
        assert ask("select count(*) > 40, count(distinct topic) > 1, max(like_count) > 101 from notes") == [(True, True, True)]
        assert ask("select count(*) from images")[0][0] > 60
        found = {name for (name,) in ask("select distinct granularity from positives")}
        assert found >= {"near_duplicate_image", "co_click", "within_note"}
    assert (others_tables / "mined/report.html").stat().st_size > 100_000


def test_the_repository_is_not_written_to():
    assert not any((ROOT / name).exists() for name in ("mined", "imported", "posts", "items", "vectors"))
