import json
import shutil

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from schemas.errors import DataError, SchemaError
from schemas.shards import RL, SFT
from testkit.training_shards import picture, sft_shards
from uninote_train.data.shard_reader import open_shards


def test_rows_and_pictures_are_those_that_were_written(sft, tmp_path):
    shards = open_shards(str(sft), "train", SFT, str(tmp_path))
    assert shards.counts == (4, 8, 12)
    assert shards.row(1, 2)["pair_id"] == "pair-0006"
    import cv2

    expected = cv2.imdecode(np.frombuffer(picture(6, 0), np.uint8), cv2.IMREAD_COLOR)[:, :, ::-1]
    assert np.array_equal(shards.picture(1, "n6-0"), expected)


def test_a_folder_of_shards_may_be_named_itself_or_by_uri(sft, tmp_path):
    local = open_shards(str(sft / "train"), "train", SFT, str(tmp_path))
    remote = open_shards(f"memory://{_uploaded(sft)}", "train", SFT, str(tmp_path / "cache"))
    assert local.counts == remote.counts
    assert local.row(0, 1) == remote.row(0, 1)
    assert np.array_equal(local.picture(0, "n0-0"), remote.picture(0, "n0-0"))


def test_a_published_run_is_read_and_none_beside_it(sft, tmp_path):
    """As jobs/build_shards.py leaves a split: an older run lies beside the one that _current.json names."""
    train = tmp_path / "sft/train"
    for run, names in (("old", ["00000"]), ("new", ["00000", "00002"])):
        for name in names:
            for ending in (".parquet", ".pictures.arrow"):
                (train / "runs" / run).mkdir(parents=True, exist_ok=True)
                shutil.copy(sft / "train" / f"{name}{ending}", train / "runs" / run / f"{name}{ending}")
    files = [{"path": f"runs/new/{name}.parquet"} for name in ("00000", "00002")]
    (train / "_current.json").write_text(json.dumps({"files": files}))
    shards = open_shards(str(tmp_path / "sft"), "train", SFT, str(tmp_path))
    assert shards.counts == (4, 12)
    assert shards.row(1, 0)["pair_id"] == "pair-0012"
    assert shards.picture(1, "n0-0").shape[2] == 3


def test_says_what_is_missing_or_of_another_kind(sft, tmp_path):
    with pytest.raises(
        DataError, match=r"no shards: expected _current\.json of jobs/build_shards\.py, or 00000\.parquet and .* in validation/"
    ):
        open_shards(str(sft), "validation", SFT, str(tmp_path))
    with pytest.raises(SchemaError, match="table 'rl': missing column 'list_id'"):
        open_shards(str(sft), "train", RL, str(tmp_path))
    copy = tmp_path / "copy"
    shutil.copytree(sft, copy)
    (copy / "train/00001.pictures.arrow").unlink()
    with pytest.raises(
        DataError, match=r"no 00001\.pictures\.arrow beside its rows \(1 such files are missing\); copy the whole folder"
    ):
        open_shards(str(copy), "train", SFT, str(tmp_path))
    (copy / "train/00001.parquet").write_bytes(b"PAR1 and nothing")
    shutil.copy(copy / "train/00000.pictures.arrow", copy / "train/00001.pictures.arrow")
    with pytest.raises(DataError, match=r"00001\.parquet: not a readable Parquet file"):
        open_shards(str(copy), "train", SFT, str(tmp_path))


def test_names_the_picture_that_is_missing_or_damaged(tmp_path):
    folder = sft_shards(tmp_path / "sft", rows=4, shards=1)
    shards = open_shards(str(folder), "train", SFT, str(tmp_path))
    with pytest.raises(DataError, match=r"00000\.pictures\.arrow: no picture n99-0"):
        shards.picture(0, "n99-0")
    damaged = sft_shards(tmp_path / "damaged", rows=4, shards=1)
    stored = pa.ipc.open_file(pa.BufferReader((damaged / "train/00000.pictures.arrow").read_bytes())).read_all()
    stored = stored.set_column(1, stored.schema.field(1), pa.array([b"no jpeg"] * len(stored), pa.binary()))
    with pa.OSFile(str(damaged / "train/00000.pictures.arrow"), "wb") as file, pa.ipc.new_file(file, stored.schema) as writer:
        writer.write_table(stored)
    with pytest.raises(DataError, match="picture n0-0 is 7 bytes that are not a picture"):
        open_shards(str(damaged), "train", SFT, str(tmp_path)).picture(0, "n0-0")


def test_no_rows_is_an_error_that_says_where(tmp_path):
    folder = sft_shards(tmp_path / "sft", rows=4, shards=1)
    pq.write_table(SFT.columns.empty_table(), folder / "train/00000.parquet")
    with pytest.raises(DataError, match="1 shards without a row"):
        open_shards(str(folder), "train", SFT, str(tmp_path))


def _uploaded(folder):
    import fsspec

    system = fsspec.filesystem("memory")
    system.put(str(folder), "/bucket/sft", recursive=True)
    return "/bucket/sft"
