"""Items of an evaluation through the job: the shipped encoder says what the trainer's same network says."""

import shutil

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.encode.settings import EncoderChoice
from pipelines.flows.encode_items import flow
from pipelines.flows.encode_items.flow import encode_items
from pipelines.flows.encode_items.settings import EncodeItems
from schemas.errors import DataError
from testkit.training_shards import sft_shards
from uninote_train.evaluation import external_vectors
from uninote_train.evaluation.command import Evaluate, evaluate
from uninote_train.evaluation.encode_items import Encoding, encode
from uninote_train.evaluation.split_pictures import PictureFiles
from uninote_train.models.load_model import load_model
from uninote_train.models.settings import ModelChoice

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def items(tmp_path_factory):
    folder = tmp_path_factory.mktemp("encode")
    sft_shards(folder / "sft", rows=16, split="test")
    before, external_vectors.FILE_ITEMS = external_vectors.FILE_ITEMS, 30
    evaluate(Evaluate(shards=str(folder / "sft"), write_items=str(folder / "items")))
    external_vectors.FILE_ITEMS = before
    return folder / "items"


def rows_of(items):
    return [i for f in sorted(items.glob("*.parquet")) for i in pq.read_table(f).column("item").to_pylist()]


def test_vectors_are_those_of_the_trainers_model(items, tmp_path):
    said = encode_items(EncodeItems(items=str(items), out=str(tmp_path / "v")))
    rows = rows_of(items)
    assert f"{len(rows)} vectors of small" in said
    assert len(list((tmp_path / "v").glob("*.parquet"))) == len(list(items.glob("*.parquet"))) > 1
    found = external_vectors.read_vectors(tmp_path / "v", [i["item_id"] for i in rows])
    wanted = encode(load_model(ModelChoice()), rows, PictureFiles(sorted(items.glob("*.pictures.arrow"))), Encoding())
    order = {name: n for n, name in enumerate(wanted.items)}
    close = [(v * wanted.vectors[order[n]]).sum() for n, v in zip(found.items, found.vectors, strict=True)]
    assert min(close) > 0.999  # two decoders of JPEG


def test_what_is_there_is_not_made_again_and_another_encoder_is_refused(items, tmp_path):
    settings = EncodeItems(items=str(items), out=str(tmp_path / "v"))
    encode_items(settings)
    files = sorted((tmp_path / "v").glob("*.parquet"))
    kept, gone = files[0].stat().st_mtime_ns, files[1].read_bytes()
    files[1].unlink()
    encode_items(settings)
    assert files[0].stat().st_mtime_ns == kept and files[1].read_bytes() == gone
    other = EncodeItems(items=str(items), out=str(tmp_path / "v"), encoder=EncoderChoice(set=("dimensions=64",)))
    with pytest.raises(DataError, match="another encoder"):
        encode_items(other)


def test_vectors_of_other_items_or_of_other_code_are_made_again(items, tmp_path, monkeypatch):
    """The names of the files are the same each time."""
    mine, out = tmp_path / "items", tmp_path / "v"
    shutil.copytree(items, mine)
    settings = EncodeItems(items=str(mine), out=str(out))

    def times():
        encode_items(settings)
        return {file.name: file.stat().st_mtime_ns for file in out.glob("*.parquet")}

    before = times()
    first, other = sorted(mine.glob("*.parquet"))[:2]
    rows = pq.read_table(first)
    pq.write_table(rows.slice(1), first)
    after = times()
    assert after[first.name] != before[first.name] and after[other.name] == before[other.name]
    monkeypatch.setattr(flow, "code_fingerprint", lambda *_: "another")
    assert all(times()[name] != time for name, time in after.items())


def test_items_that_failed_by_the_hour_are_asked_again_and_the_others_stay(items, tmp_path):
    settings = EncodeItems(items=str(items), out=str(tmp_path / "v"))
    encode_items(settings)
    file = sorted((tmp_path / "v").glob("*.parquet"))[0]
    rows = pq.read_table(file)
    failed, kept = rows.to_pylist(), rows.to_pylist()
    failed[3] |= {"vector": None, "reason": "model failed"}
    failed[5] |= {"vector": None, "reason": "not a picture"}
    kept[5] = failed[5]
    pq.write_table(pa.Table.from_pylist(failed, rows.schema), file)
    assert "1 items without one: not a picture" in encode_items(settings)
    for found, row in zip(pq.read_table(file).to_pylist(), kept, strict=True):
        assert (found["item_id"], found["reason"]) == (row["item_id"], row["reason"])
        np.testing.assert_allclose(found["vector"] or [], row["vector"] or [], atol=1e-6)


def test_a_picture_that_cannot_be_read_costs_its_items_alone(items, tmp_path):
    from schemas.shards import PICTURES

    for file in items.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    file = sorted(tmp_path.glob("*.pictures.arrow"))[0]
    table = pa.ipc.open_file(pa.memory_map(str(file))).read_all()
    broken = table.column("image_id")[0].as_py()
    contents = [b"no picture", *table.column("content").to_pylist()[1:]]
    with pa.OSFile(str(file) + "~", "wb") as out, pa.ipc.new_file(out, PICTURES) as writer:
        writer.write_table(pa.table([table.column("image_id"), pa.array(contents, pa.binary())], schema=PICTURES))
    file.with_name(file.name + "~").replace(file)
    said = encode_items(EncodeItems(items=str(tmp_path), out=str(tmp_path / "v")))
    first = pq.read_table(tmp_path / "v" / "00000.parquet").to_pylist()
    rows = pq.read_table(tmp_path / "00000.parquet").column("item").to_pylist()
    for row, item in zip(first, rows, strict=True):
        assert (row["vector"] is None) == (broken in item["image_ids"])
    assert "items without one: not a picture" in said
    assert np.isfinite([row["vector"] for row in first if row["vector"]]).all()
