"""workspace.duckdb has a view of every dataset, published or not, on any file system, and macros that answer questions."""

import shutil
import subprocess
import sys

import duckdb
import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import fs

from pipelines.workspace.duckdb.connect import connect, local_views, register_filesystem
from pipelines.workspace.duckdb.datasets import IN_ORDER, VIEWS
from pipelines.workspace.duckdb.macros import MACROS
from pipelines.workspace.duckdb.views import write_views
from pipelines.workspace.workspace import Workspace
from schemas.errors import DataError
from tests.support.small_workspace import SHARED, pairs, picture, small_workspace, whole

pytestmark = pytest.mark.slow

COUNT = "select count(*) from positives"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    workspace = small_workspace(tmp_path_factory.mktemp("w") / "out")
    write_views(workspace)
    return workspace


@pytest.fixture
def sql(workspace):
    with duckdb.connect(f"{workspace.folder.uri}/workspace.duckdb", read_only=True) as connection:
        yield lambda query, *values: connection.execute(query, list(values)).fetchall()


def test_every_dataset_has_a_view_with_its_rows_and_sentences(sql, workspace):
    counts = {table.name: sql(f"select count(*) from {table.name}")[0][0] for table in VIEWS}
    published = {name: run.counts.rows_out for name in IN_ORDER if (run := workspace.manifest(name))}
    assert {name: n for name, n in counts.items() if name in published} == {n: published[n] for n in counts if n in published}
    assert counts["sft"] == published["sft/train"] + published["sft/validation"] + published["sft/test"]
    comments = sql("select table_name, column_name, comment from duckdb_columns() where schema_name = 'main' and not internal")
    assert [(t, c) for t, c, comment in comments if not comment] == []
    comment_of = {(t, c): comment for t, c, comment in comments}
    for table in VIEWS:
        assert all(comment_of[table.name, c.name] == c.metadata[b"about"].decode() for c in table.columns)
    assert sql(
        "select count(*) from duckdb_functions() where comment like '%' and function_name in (select unnest(?))", MACROS
    ) == [(5,)]


def test_a_row_of_a_shard_says_its_split(sql):
    assert sql("select split, count(*) from sft group by all order by all") == [("train", 2), ("validation", 1)]
    assert sql("select split, relevant from rl where list_id = 'd'") == [("validation", 1)]


def test_datasets_that_are_not_there_are_empty_views_and_the_macros_work(tmp_path):
    workspace = small_workspace(tmp_path / "w")
    for dataset in ("judgements", "hard_negatives", "counterfactuals", "shortfalls", "sft", "rl", "dropped_notes"):
        (workspace.folder / dataset).delete()
    write_views(workspace)
    with duckdb.connect(str(tmp_path / "w" / "workspace.duckdb"), read_only=True) as connection:
        for dataset in ("judgements", "sft"):
            assert connection.execute(f"from {dataset}").fetchall() == []
        assert connection.execute(
            "select typeof(positive.item.image_ids) from (select any_value(positive) as positive from sft)"
        ).fetchall() == [("VARCHAR[]",)]
        comment = connection.execute("select comment from duckdb_views() where view_name = 'judgements'").fetchall()[0][0]
        assert comment.startswith("not published yet: made by jobs/judge_relevance.py")
        first = connection.execute("select min(pair_id) from positives").fetchall()[0][0]
        assert len(connection.execute("from explain_pair(?)", [first]).fetchall()) > 10
        assert connection.execute("from leaks()").fetchall() == []
        assert len(connection.execute("from funnel()").fetchall()) > 10
        assert connection.execute("from why_dropped('f')").fetchall()[0][0] == "unknown"


def test_an_empty_workspace_has_views_too(tmp_path):
    write_views(Workspace(str(tmp_path)))
    with duckdb.connect(str(tmp_path / "workspace.duckdb"), read_only=True) as connection:
        assert connection.execute(COUNT).fetchall() == [(0,)]
        assert connection.execute("from funnel()").fetchall() == []
    with pytest.raises(DataError, match="no dataset has been published; run jobs/mine_pairs.py first"):
        local_views(Workspace(str(tmp_path)), tmp_path / "views.duckdb")


@pytest.mark.parametrize("name", ["moved", "with 'quotes' \"and\" [1]* 笔记", "deep/er"])
def test_a_workspace_that_was_moved_or_copied_opens_from_any_folder(tmp_path, monkeypatch, name):
    small_workspace(tmp_path / "first")
    write_views(Workspace(str(tmp_path / "first")))
    (tmp_path / name).parent.mkdir(exist_ok=True)
    shutil.move(tmp_path / "first", tmp_path / name)
    rows = f'{sys.executable} -c "import duckdb, sys; print(duckdb.connect(sys.argv[1]).sql(\'{COUNT}\').fetchall())" "$@"'
    for folder, path in ((tmp_path / name, "workspace.duckdb"), ("/", tmp_path / name / "workspace.duckdb")):
        done = subprocess.run(["bash", "-c", rows, "-", str(path)], cwd=folder, capture_output=True, text=True, check=False)
        assert done.stdout.strip() == "[(10,)]", done.stderr


def test_a_copy_is_read_and_not_what_it_was_copied_from(tmp_path):
    workspace = small_workspace(tmp_path / "first")
    write_views(workspace)
    shutil.copytree(tmp_path / "first", tmp_path / "copy")
    run = workspace.published("positives")
    file = tmp_path / "first" / "positives" / run.files[0].path
    pq.write_table(pq.read_table(file).slice(0, 1), file)
    with duckdb.connect(str(tmp_path / "copy" / "workspace.duckdb")) as connection:
        assert connection.execute(COUNT).fetchall() == [(10,)]


def test_a_folder_that_a_workspace_is_made_in_may_be_called_anything(tmp_path):
    workspace = small_workspace(tmp_path / "it's [a] *?")
    write_views(workspace)
    with duckdb.connect(f"{workspace.folder.uri}/workspace.duckdb") as connection:
        assert connection.execute(COUNT).fetchall() == [(10,)]


def test_the_variable_beats_all_and_attached_views_read_where_they_were_made(tmp_path):
    workspace = small_workspace(tmp_path / "w")
    write_views(workspace)
    with duckdb.connect() as connection:
        connection.execute(f"attach '{workspace.folder.uri}/workspace.duckdb' as w (read_only)")
        assert connection.execute("select count(*) from w.positives").fetchall() == [(10,)]
        connection.execute("use w")
        assert connection.execute("from leaks()").fetchall() == []
        connection.execute("set variable workspace = '/nowhere'")
        with pytest.raises(duckdb.Error, match="/nowhere/_history/positives"):
            connection.execute(COUNT).fetchall()


def test_a_workspace_on_an_fsspec_uri_opens_through_a_local_file(workspace, tmp_path):
    memory = fsspec.filesystem("memory")
    memory.put(workspace.folder.uri + "/", "/bucket/w/", recursive=True)
    far = Workspace("memory://bucket/w")
    local_views(far, tmp_path / "views.duckdb")
    with connect(far, tmp_path / "views.duckdb") as connection:
        assert connection.execute(COUNT).fetchall() == [(10,)]
        assert connection.execute("select root()").fetchall() == [("memory://bucket/w/",)]
    write_views(far)
    assert memory.exists("/bucket/w/workspace.duckdb")


def test_what_only_pyarrow_can_read_duckdb_reads_through_it(tmp_path):
    """A stand-in for pyarrow's S3: a file system over a folder, under s3://."""
    (tmp_path / "bucket").mkdir()
    pq.write_table(pa.table({"a": [1, 2]}), tmp_path / "bucket" / "t.parquet")
    with duckdb.connect() as connection:
        register_filesystem(connection, fs.SubTreeFileSystem(str(tmp_path), fs.LocalFileSystem()), "s3")
        assert connection.execute("select sum(a) from read_parquet('s3://bucket/t.parquet')").fetchall() == [(3,)]


def test_explain_pair_tells_all_that_is_known(sql):
    pair = next(row for row in pairs()["within_note"] if row["query"] == picture("a"))
    facts = {(part, name): value for part, name, value in sql("from explain_pair(?)", pair["pair_id"])}
    assert facts["pair", "granularity"] == "within_note"
    assert facts["query", "image_ids"] == "a0"
    assert facts["target", "text"] == whole("a")["text"]
    assert facts["component", "notes in it"] == "2"
    assert facts["negative 1", "rule, similarity unknown"].startswith("note of note a: ")
    assert facts["negative 2", "band, similarity 0.5"].startswith("note of note e: e0 Boots")
    assert facts["negatives", "short of 6 of 8"] == "below_band: similarity below the band"
    assert facts["judgement", "the target"] == "score 0.9, calibrated 0.95, grade 3, by overlap"
    assert facts["judgement", whole("e")["item_id"]] == "score 0.1, calibrated 0.02, grade 0, by overlap"
    assert '"knob": 1' in facts["run of mined/within_note", "settings"]
    assert facts["run of positives", "run_id"] == "run1"


def test_explain_pair_lists_the_evidence_that_applies(sql):
    [pair] = pairs()["partial_text"]
    evidence = {name: value for part, name, value in sql("from explain_pair(?)", pair["pair_id"]) if part == "evidence"}
    assert evidence == {k: str(v) for k, v in pair["evidence"].items()}
    assert int(evidence["shared_chars"]) == len(SHARED)
    assert sql("from explain_pair('nobody')") == []


def test_pairs_of_a_note_stand_on_either_side(sql):
    rows = sql("select granularity, side, other_note from pairs_of('b')")
    assert sorted(rows) == [
        ("crop", "query", "a"),
        ("near_duplicate_image", "target", "a"),
        ("partial_text", "target", "a"),
        ("within_note", "query", "b"),
    ]


def test_why_dropped_names_the_rule_that_took_a_note_or_its_picture(sql):
    verdicts = {note: sql(f"select verdict, id, reason from why_dropped('{note}')") for note in "aefgz"}
    assert verdicts["a"] == [("kept", "a", "like_count >= 101")]
    assert verdicts["e"] == [("kept", "e", "like_count >= 101"), ("refused", "e0", "missing file")]
    assert verdicts["f"] == [("dropped", "f", "fewer than 101 likes")]
    assert verdicts["g"] == [("refused", "g", "negative like_count")]
    [(verdict, *_)] = verdicts["z"]
    assert verdict == "unknown"


def test_funnel_tells_what_each_stage_took(sql):
    rows = sql("select what, rows from funnel() where dataset = 'notes'")
    assert rows == [("in", 7), ("dropped: fewer than 101 likes", 1), ("dropped: refused: negative like_count", 1), ("out", 5)]
    guard = sql("select what, rows from funnel() where dataset = 'hard_negatives'")
    assert [n for _, n in guard] == [9, 7, 2, 3]
    places = [place for (place,) in sql("select place from funnel()")]
    assert places == sorted(places)


def test_a_name_is_a_value_and_never_sql(sql):
    assert sql("from pairs_of(?)", "'; drop table runs; --") == []
    assert sql("select count(*) from runs")[0][0] > 20
