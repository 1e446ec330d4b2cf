"""Stages without Spark publish what those with Spark do: whole runs, skipped when nothing changed, no row lost."""

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.workspace import arrow_io
from pipelines.workspace.arrow_stages import ArrowOutput, ArrowStages
from pipelines.workspace.workspace import Workspace
from schemas.datasets import COMPONENTS
from schemas.errors import DataError, SchemaError
from tests.support.workspaces import republish


def components(*notes):
    rows = [{"note_id": note, "component_id": "c", "size": 1, "content_group": "c", "split": "train"} for note in notes]
    return pa.Table.from_pylist(rows, COMPONENTS.columns)


def run(folder, parts, inputs=None, **output):
    stages = ArrowStages(Workspace(str(folder)))
    ran = stages.run(
        [COMPONENTS],
        lambda _: [ArrowOutput(parts=parts, **output)],
        inputs=inputs or {"in": "1"},
        settings={"knob": 1},
        code=("pipelines.mining.components",),
    )
    return stages, ran


def test_publishes_its_rows_with_their_counts_and_a_view(tmp_path):
    stages, ran = run(tmp_path, [components("a"), components("b")], dropped={"capped": 2, "none": 0}, rows_in=4)
    manifest = stages.workspace.published("components")
    assert ran
    assert (manifest.counts.rows_in, manifest.counts.rows_out, manifest.counts.dropped) == (4, 2, {"capped": 2})
    assert stages.read(COMPONENTS).equals(components("a", "b"))
    with duckdb.connect(str(tmp_path / "workspace.duckdb"), read_only=True) as connection:
        assert connection.sql("select note_id from components").fetchall() == [("a",), ("b",)]


def test_skips_what_has_not_changed_and_makes_what_has(tmp_path):
    run(tmp_path, [components("a")])
    assert not run(tmp_path, [components("b")])[1]
    stages, ran = run(tmp_path, [components("b")], inputs={"in": "2"})
    assert ran and stages.read(COMPONENTS).equals(components("b"))


def test_publishes_no_rows_as_a_table(tmp_path):
    stages, _ = run(tmp_path, [])
    assert stages.read(COMPONENTS).equals(components())
    assert stages.fingerprints(COMPONENTS)["components"] != "none"


@pytest.mark.parametrize("parts", [["b", "a"], ["a", "a"]])
def test_refuses_rows_out_of_order_and_keys_that_stand_twice(tmp_path, parts):
    with pytest.raises(RuntimeError, match="comes after"):
        run(tmp_path, [components(note) for note in parts])
    assert Workspace(str(tmp_path)).manifest("components") is None


def test_says_when_rows_were_lost(tmp_path):
    with pytest.raises(RuntimeError, match="3 rows in, 1 out"):
        run(tmp_path, [components("a")], rows_in=3)


def test_refuses_other_columns(tmp_path):
    with pytest.raises(SchemaError, match="missing column 'split'"):
        run(tmp_path, [components("a").drop_columns(["split"])])


def test_a_table_of_another_version_is_named_with_its_missing_column(tmp_path):
    stages, _ = run(tmp_path, [components("a")])
    republish(tmp_path, "components", components("a").drop_columns(["content_group"]))
    with pytest.raises(
        DataError, match=r"parquet: no column 'content_group'; another version .* run the job that makes it again"
    ):
        stages.read(COMPONENTS)


def test_many_rows_are_several_files_whatever_the_parts(tmp_path, monkeypatch):
    monkeypatch.setattr(arrow_io, "ROWS_PER_FILE", 3)
    rows = components(*"abcdefgh")
    for name, step in (("ones", 1), ("all", 8)):
        (tmp_path / name / "components").mkdir(parents=True)
        run = Workspace(f"{tmp_path}/{name}").new_run("components", "r")
        files = arrow_io.write_parts([rows.slice(k, step) for k in range(0, 8, step)], COMPONENTS, run)
        assert [file.rows for file in files] == [3, 3, 2]
        assert pa.concat_tables([pq.read_table(tmp_path / name / "components" / file.path) for file in files]).equals(rows)


def test_a_damaged_file_is_named(tmp_path):
    (tmp_path / "x.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(DataError, match=r"x\.parquet: damaged; delete"):
        arrow_io.read_file(str(tmp_path / "x.parquet"))
