"""A whole mining run on notes as JSONL, pictures in a table, and a balance."""

import json
import re

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.flows.mine_pairs.flow import mine
from pipelines.flows.mine_pairs.inputs import open_inputs
from pipelines.flows.mine_pairs.settings import Input, MinePairs
from pipelines.flows.mine_pairs.summary import summary
from pipelines.mining.intake.stratified_balance import Balance
from pipelines.workspace.spark_stages import Stages
from pipelines.workspace.workspace import Workspace

pytestmark = pytest.mark.nightly


def test_pictures_from_a_table_and_a_balance_that_takes_away(spark, corpus, tmp_path):
    """JSONL notes, the bytes of their pictures in a Parquet table, no clicks."""
    notes = [
        row for row in pq.read_table(corpus / "notes.parquet").to_pylist() if row["note_id"] and (row["like_count"] or 0) >= 0
    ]
    lines = [
        json.dumps({k: row[k] for k in ("note_id", "title", "body", "topic", "images", "like_count")}, ensure_ascii=False)
        for row in notes
    ]
    (tmp_path / "notes.jsonl").write_text("\n".join(lines), encoding="utf8")
    files = {
        i["image_id"]: corpus / i["uri"] for row in notes for i in row["images"] if i["uri"] and (corpus / i["uri"]).exists()
    }
    contents = [{"image_id": image_id, "content": file.read_bytes()} for image_id, file in files.items()]
    pq.write_table(pa.Table.from_pylist(contents), tmp_path / "images.parquet")
    settings = MinePairs(
        workspace=str(tmp_path / "w"),
        input=Input(notes=str(tmp_path / "notes.jsonl"), images=str(tmp_path / "images.parquet"), image_root="/nowhere"),
        balance=Balance(min_notes=0, keep_share=0.5),
    )
    stages = Stages(spark, Workspace(settings.workspace))
    mine(stages, open_inputs(spark, settings.input), settings)
    kept, images = (stages.workspace.published(name).counts for name in ("notes", "images"))
    assert kept.dropped["over the quota of its stratum"] == pytest.approx(kept.rows_out, abs=1)
    assert images.rows_out > 50
    assert images.rows_in == images.rows_out + sum(images.dropped.values())
    printed = summary(stages, None)
    assert "Balance: the largest of" in printed
    assert re.search(r"co_click +0 +0 +-", printed)
