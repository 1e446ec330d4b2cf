"""What is mined does not depend on how the rows lie: one partition, eight or 37, in any order."""

import hashlib
import json

import pyarrow.parquet as pq
import pytest
from pyspark.sql import functions as F

from pipelines.engines.spark_session import IF_SMALL
from pipelines.flows.mine_pairs.flow import mine
from pipelines.flows.mine_pairs.inputs import open_inputs
from pipelines.flows.mine_pairs.settings import Input, MinePairs
from pipelines.sources.sample_corpus.build import Sample, make_sample
from pipelines.workspace.spark_stages import Stages
from pipelines.workspace.workspace import Workspace
from schemas.datasets import COMPONENTS, DROPPED_NOTES, IMAGES, ITEMS, NOTES, POSITIVES, QUARANTINE
from schemas.intermediate import MINED, PICTURE_PAIRS, PICTURES

pytestmark = [pytest.mark.nightly, pytest.mark.slow]
TABLES = [NOTES, DROPPED_NOTES, PICTURES, IMAGES, QUARANTINE, PICTURE_PAIRS, *MINED.values(), COMPONENTS, POSITIVES, ITEMS]
PARTITIONS = (1, 8, 37)


def scattered(rows, partitions):
    """The same rows in another order, over so many partitions."""
    dice = F.xxhash64(F.lit(partitions), F.to_json(F.struct(*[c for c, kind in rows.dtypes if kind != "binary"])))
    return rows.withColumn("_dice", dice).repartition(partitions, "_dice").sortWithinPartitions("_dice").drop("_dice")


class ScatteredStages(Stages):
    """Stages whose every table is read in another order."""

    partitions = 1

    def read(self, table):
        return scattered(super().read(table), self.partitions)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """The sample, with pictures that only some of their notes give a uri, and one shared by many of them."""
    folder = tmp_path_factory.mktemp("corpus")
    make_sample(folder, Sample(notes=60))
    table = pq.read_table(folder / "notes.parquet")
    rows = table.to_pylist()
    shown = [dict(row["images"][0]) for row in rows if row["images"] and row["images"][0]["uri"]]
    for k, row in enumerate(rows):
        row["images"] = [*(row["images"] or []), shown[k % 5] | ({} if k % 2 else {"uri": None})]
    pq.write_table(table.from_pylist(rows, table.schema), folder / "notes.parquet")
    return folder


def mined(spark, corpus, workspace, partitions):
    """All rows of all tables, by the table, as sorted digests; and what was dropped."""
    spark.conf.set("spark.sql.shuffle.partitions", str(partitions))
    ScatteredStages.partitions = partitions
    stages = ScatteredStages(spark, Workspace(str(workspace)))
    settings = MinePairs(
        workspace=str(workspace), input=Input(notes=str(corpus / "notes.parquet"), clicks=str(corpus / "clicks.parquet"))
    )
    inputs = open_inputs(spark, settings.input)
    for name, rows in inputs.tables.items():
        inputs.tables[name] = scattered(rows, partitions)
    mine(stages, inputs, settings)
    plain = Stages(spark, stages.workspace)
    found = {table.name: sorted(_told(row) for row in plain.read(table).toArrow().to_pylist()) for table in TABLES}
    return found, {table.name: stages.workspace.published(table.name).counts for table in TABLES}


def _told(row):
    return json.dumps(
        row, sort_keys=True, default=lambda value: hashlib.sha256(value).hexdigest() if isinstance(value, bytes) else str(value)
    )


@pytest.fixture
def kept(spark):
    """Plans that are made fast, as for any small input; 37 partitions are tasks enough."""
    names = ("spark.sql.shuffle.partitions", *IF_SMALL)
    before = {name: spark.conf.get(name) for name in names}
    for name, value in IF_SMALL.items():
        spark.conf.set(name, value)
    yield
    for name, value in before.items():
        spark.conf.set(name, value)


@pytest.mark.usefixtures("kept")
def test_every_table_has_the_same_rows_and_counts_on_1_8_and_37_partitions_of_shuffled_input(spark, corpus, tmp_path):
    first, counts = mined(spark, corpus, tmp_path / "1", 1)
    assert all(
        first[table.name] for table in (NOTES, PICTURES, PICTURE_PAIRS, POSITIVES, ITEMS, MINED["co_click"], MINED["crop"])
    )
    for partitions in PARTITIONS[1:]:
        rows, dropped = mined(spark, corpus, tmp_path / str(partitions), partitions)
        differ = {name: (set(first[name]) ^ set(rows[name])) or "as many times" for name in first if first[name] != rows[name]}
        assert not differ, {name: list(some)[:4] for name, some in differ.items()}
        assert dropped == counts
