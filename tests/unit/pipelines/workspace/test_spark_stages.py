"""A stage publishes whole runs, skips what has not changed, and loses no row."""

from dataclasses import dataclass, replace

import duckdb
import pyarrow as pa
import pytest
from pyspark.sql import functions as F

from pipelines.workspace.spark_stages import Stages
from pipelines.workspace.stage_output import Output, dropped_counts
from pipelines.workspace.workspace import CURRENT, Workspace
from schemas.datasets import COMPONENTS
from schemas.errors import DataError, SchemaError

OTHER = replace(COMPONENTS, name="mined/other")


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    knob: int = 1


class Maker:
    """A step that counts how often it runs."""

    def __init__(self, spark, rows=5, dropped=0, rows_in=None):
        self.spark, self.rows, self.dropped, self.rows_in, self.calls = spark, rows, dropped, rows_in, 0

    def output(self):
        frame = self.spark.range(self.rows, numPartitions=3).select(
            F.concat(F.lit("n"), 99 - F.col("id")).alias("note_id"),
            F.lit("c").alias("component_id"),
            F.lit(1).cast("long").alias("size"),
            F.lit("c").alias("content_group"),
            F.lit("train").alias("split"),
        )
        return Output(frame, dropped_counts(self.spark, {"capped": self.dropped}), self.rows_in)

    def __call__(self):
        self.calls += 1
        return [self.output()]


def run(spark, folder, maker, tables=(COMPONENTS,), knob=1, inputs=None):
    stages = Stages(spark, Workspace(str(folder)))
    stages.run(
        list(tables),
        maker,
        inputs=inputs or {"in": "1"},
        settings={"s": Section(knob=knob)},
        code=("pipelines.mining.components",),
    )
    return stages


def test_publishes_sorted_rows_with_their_counts_and_a_view(spark, tmp_path):
    stages = run(spark, tmp_path, Maker(spark, rows=5, dropped=2, rows_in=7))
    manifest = stages.workspace.published("components")
    assert (manifest.counts.rows_in, manifest.counts.rows_out, manifest.counts.dropped) == (7, 5, {"capped": 2})
    assert manifest.settings == {"s": {"knob": 1}}
    with duckdb.connect(str(tmp_path / "workspace.duckdb"), read_only=True) as connection:
        assert connection.sql("select note_id from components").fetchall() == [(f"n{k}",) for k in (95, 96, 97, 98, 99)]
        about = connection.sql("select comment from duckdb_columns() where table_name = 'components'").fetchall()
    assert ("the note",) in about


def test_a_row_that_is_neither_out_nor_dropped_is_an_error(spark, tmp_path):
    with pytest.raises(RuntimeError, match="8 rows in, 5 out, dropped {'capped': 2}: rows were lost"):
        run(spark, tmp_path, Maker(spark, rows=5, dropped=2, rows_in=8))
    assert Workspace(str(tmp_path)).manifest("components") is None


def test_runs_again_only_when_something_changed(spark, tmp_path):
    maker = Maker(spark)
    run(spark, tmp_path, maker)
    run(spark, tmp_path, maker)
    assert maker.calls == 1
    run(spark, tmp_path, maker, knob=2)
    run(spark, tmp_path, maker, knob=2, inputs={"in": "2"})
    assert maker.calls == 3


def test_keeps_the_run_before_for_its_readers_and_no_older_one(spark, tmp_path):
    for knob in (1, 2, 3):
        run(spark, tmp_path, Maker(spark), knob=knob)
    assert len(list((tmp_path / "_history" / "components").iterdir())) == 2


def test_the_same_rows_have_the_same_fingerprint_whatever_made_them(spark, tmp_path):
    one = run(spark, tmp_path, Maker(spark)).fingerprints(COMPONENTS)
    assert run(spark, tmp_path, Maker(spark), knob=2).fingerprints(COMPONENTS) == one
    assert run(spark, tmp_path, Maker(spark, rows=6), knob=3).fingerprints(COMPONENTS) != one


def test_killed_between_its_tables_a_stage_makes_the_missing_one(spark, tmp_path):
    def both():
        return [Maker(spark).output(), Maker(spark, rows=3).output()]

    run(spark, tmp_path, both, (COMPONENTS, OTHER))
    first = (tmp_path / "components" / CURRENT).read_bytes()
    (tmp_path / "mined/other" / CURRENT).unlink()
    stages = run(spark, tmp_path, both, (COMPONENTS, OTHER))
    assert stages.read(OTHER).count() == 3
    assert (tmp_path / "components" / CURRENT).read_bytes() == first


def test_half_a_run_is_never_read(spark, tmp_path):
    stages = run(spark, tmp_path, Maker(spark))
    stray = tmp_path / "_history" / "components" / "deadbeef"
    stray.mkdir()
    (stray / "part-0.parquet").write_bytes(b"half a file")
    assert stages.read(COMPONENTS).count() == 5
    run(spark, tmp_path, Maker(spark), knob=2)
    assert not stray.exists()


def test_rows_of_another_shape_are_refused_before_they_are_written(spark, tmp_path):
    def wrong():
        output = Maker(spark).output()
        return [output._replace(rows=output.rows.withColumn("size", F.lit("many")))]

    with pytest.raises(SchemaError, match="table 'components': column 'size' is string, expected int64"):
        run(spark, tmp_path, wrong)


def test_a_damaged_manifest_is_named_with_what_to_do(tmp_path):
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / CURRENT).write_text("{")
    with pytest.raises(
        DataError, match=r"notes/_current\.json: not a manifest .* delete the file and run the job that makes it again"
    ):
        Workspace(str(tmp_path)).manifest("notes")


def test_a_dataset_that_is_not_there_is_named(tmp_path):
    with pytest.raises(DataError, match="no dataset 'notes' has been published"):
        Workspace(str(tmp_path)).files("notes")


def test_reads_back_exactly_the_table(spark, tmp_path):
    frame = run(spark, tmp_path, Maker(spark)).read(COMPONENTS)
    assert frame.toArrow().schema.equals(pa.schema([f.remove_metadata().with_nullable(True) for f in COMPONENTS.columns]))
