"""The whole command on shards with a real network: a page, plots, another encoder's vectors beside it."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from schemas.errors import DataError
from schemas.evaluation import VECTORS
from testkit.training_shards import sft_shards
from uninote_train.evaluation.bootstrap import Bootstrap
from uninote_train.evaluation.command import Evaluate, evaluate
from uninote_train.evaluation.external_vectors import read_vectors

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[4]
FEW = Bootstrap(resamples=50)


@pytest.fixture(scope="module")
def shards(tmp_path_factory):
    return sft_shards(tmp_path_factory.mktemp("shards"), rows=36, split="test")


@pytest.fixture(scope="module")
def done(shards, tmp_path_factory):
    out = tmp_path_factory.mktemp("evaluated")
    evaluate(Evaluate(shards=str(shards), out=str(out), name="shipped", bootstrap=FEW))
    return out


def metrics_of(out, name):
    return json.loads((out / name / "metrics.json").read_text())


def test_every_task_dimension_mode_and_probe_is_in_the_numbers(done):
    numbers = metrics_of(done, "shipped")
    assert set(numbers["at"]) == {"16", "32", "64", "128", "256"}
    tasks = numbers["at"]["256"]["tasks"]
    assert set(tasks) == {"image_to_note", "text_to_note", "note_to_note"}
    for task in tasks.values():
        value, low, high = task["recall@10"]
        assert 0 <= low <= value <= high <= 1
        assert task["recall@1"][0] <= task["recall@5"][0] <= task["recall@10"][0]
    assert set(numbers["modes"]) == {"both", "text", "image"}
    assert numbers["rule"]["image_to_note"]["pairs"] > 0
    assert {p.name for p in done.glob("recall_by_*")} == {
        f"recall_by_{w}.{e}" for w in ("task", "dimension") for e in ("svg", "png")
    }
    assert "| image_to_note |" in (done / "results.md").read_text()


def test_the_same_answers_come_from_the_models_vectors_and_from_a_folder_of_them(shards, done, tmp_path, capsys):
    from uninote_train.evaluation.encode_items import Encoding, encode
    from uninote_train.evaluation.split_pictures import PictureFiles
    from uninote_train.models.load_model import load_model
    from uninote_train.models.settings import ModelChoice

    items = tmp_path / "items"
    evaluate(Evaluate(shards=str(shards), write_items=str(items)))
    assert "next: python jobs/encode_items.py" in capsys.readouterr().out
    rows = [i for f in sorted(items.glob("*.parquet")) for i in pq.read_table(f).column("item").to_pylist()]
    encoded = encode(load_model(ModelChoice()), rows, PictureFiles(sorted(items.glob("*.pictures.arrow"))), Encoding(batch=7))
    vectors = tmp_path / "vectors"
    vectors.mkdir()
    table = {"item_id": list(encoded.items), "vector": [3 * v for v in encoded.vectors], "reason": [None] * len(rows)}
    pq.write_table(pa.table(table, schema=VECTORS), vectors / "0.parquet")
    evaluate(Evaluate(shards=str(shards), out=str(done), name="again", vectors=str(vectors), bootstrap=FEW))
    assert metrics_of(done, "again")["at"]["256"] == metrics_of(done, "shipped")["at"]["256"]
    page = (done / "results.md").read_text()
    assert "| again |" in page and "| shipped |" in page


def test_an_encoder_that_reads_no_pictures_is_not_credited_with_them(shards, tmp_path):
    items = tmp_path / "items"
    evaluate(Evaluate(shards=str(shards), write_items=str(items)))
    rows = [i for f in sorted(items.glob("*.parquet")) for i in pq.read_table(f).column("item").to_pylist()]
    (tmp_path / "v").mkdir()
    vectors = [np.ones(4, np.float32) if i["text"] else None for i in rows]
    pq.write_table(
        pa.table({"item_id": [i["item_id"] for i in rows], "vector": pa.array(vectors, pa.list_(pa.float32()))}),
        tmp_path / "v" / "0.parquet",
    )
    evaluate(Evaluate(shards=str(shards), out=str(tmp_path / "out"), name="blind", vectors=str(tmp_path / "v"), bootstrap=FEW))
    numbers = metrics_of(tmp_path / "out", "blind")["at"]["4"]["tasks"]
    task = numbers["image_to_note"]
    assert task["unanswered"]["queries"] == task["queries"] and task["mrr"][0] == 0
    assert numbers["text_to_note"]["recall@1"][0] == 0  # one vector for everything finds nothing
    assert "| image_to_note | 18 / 18 | blind | - |" in (tmp_path / "out" / "results.md").read_text()


def test_vectors_that_lack_an_item_are_refused_with_what_to_do(tmp_path):
    with pytest.raises(DataError, match="no \\*.parquet"):
        read_vectors(tmp_path, ["x"])
    pq.write_table(pa.table({"item_id": ["x"], "vector": [[1.0, 0.0]]}), tmp_path / "0.parquet")
    with pytest.raises(DataError, match="1 of 2 items have no row, for example \\['y'\\].*encode_items"):
        read_vectors(tmp_path, ["x", "y"])


def test_systems_of_other_shards_do_not_share_a_table(done, tmp_path):
    other = sft_shards(tmp_path / "other", rows=20, split="test")
    with pytest.raises(DataError, match="do not belong in one table"):
        evaluate(Evaluate(shards=str(other), out=str(done), name="other", bootstrap=FEW))
    assert not (done / "other").exists()


def test_the_command_line_ends_with_2_and_one_line_where_there_are_no_shards(tmp_path):
    command = [sys.executable, "-m", "uninote_train", "evaluate", "--shards", str(tmp_path), "--out", str(tmp_path / "out")]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 2 and "jobs/build_shards.py" in ended.stderr and len(ended.stderr.splitlines()) == 1
