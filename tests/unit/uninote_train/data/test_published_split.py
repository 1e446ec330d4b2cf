"""A published split: by its manifest, as a folder, and as a copy of `sft` alone. On a disk and on a store."""

import shutil
from pathlib import Path

import duckdb
import fsspec
import pandas as pd
import pyarrow.parquet as pq
import pytest

from pipelines.workspace.filesystem import checksum
from pipelines.workspace.manifest import Counts, DataFile, Manifest
from pipelines.workspace.workspace import Workspace
from schemas.errors import DataError
from schemas.shards import SFT, shard_files
from testkit.training_shards import sft_shards
from uninote_train.data.shard_reader import open_shards

pytestmark = pytest.mark.slow


def publish(workspace, shards, run_id):
    """The shards of a folder as jobs/build_shards.py publishes them."""
    run = workspace.new_run("sft/train", run_id)
    by_suffix = {".parquet": [], ".pictures.arrow": []}
    for path in sorted((shards / "train").iterdir()):
        run.folder.write(path.name, path.read_bytes())
        size, digest = checksum(str(path))
        rows = pq.read_metadata(path).num_rows if path.suffix == ".parquet" else 1
        by_suffix[path.name[5:]].append(DataFile(path=f"{run.path}/{path.name}", rows=rows, size_bytes=size, sha256=digest))
    rows_out = sum(file.rows for file in by_suffix[".parquet"])
    workspace.publish(
        Manifest(
            dataset="sft/train", run_id=run_id, files=by_suffix[".parquet"], beside=by_suffix[".pictures.arrow"], inputs={}, settings={},
            counts=Counts(rows_in=None, rows_out=rows_out, dropped={}), code="c", seconds=1.0, published_at="2026-01-02T03:04:05",
            versions={},
        )
    )  # fmt: skip


@pytest.fixture
def published(tmp_path):
    """A workspace with a run of 24 rows over one of 9."""
    workspace = Workspace(str(tmp_path / "w"))
    for rows in (9, 24):
        publish(workspace, sft_shards(tmp_path / f"made{rows}", rows=rows, shards=3), f"{rows:016x}")
    return workspace


def pair_ids(shards):
    return [shards.row(n, row)["pair_id"] for n, count in enumerate(shards.counts) for row in range(count)]


def test_the_folder_of_a_split_holds_its_rows_once_for_whoever_reads_it(published, tmp_path):
    import datasets

    folder = f"{published.folder.uri}/sft/train"
    assert len(pd.read_parquet(folder)) == 24
    assert duckdb.sql(f"select count(*) from '{folder}/**/*.parquet'").fetchall() == [(24,)]
    for how in ({"path": folder}, {"path": "parquet", "data_dir": folder}):
        assert len(datasets.load_dataset(**how, cache_dir=str(tmp_path / "cache"))["train"]) == 24


@pytest.mark.parametrize("copied", [False, True])
def test_the_trainer_reads_a_workspace_and_a_copy_of_sft_alone(published, tmp_path, copied):
    folder = Path(published.folder.uri) / "sft"
    if copied:
        folder = Path(shutil.copytree(folder, tmp_path / "elsewhere" / "sft"))
    shards = open_shards(str(folder), "train", SFT, str(tmp_path / "cache"))
    assert pair_ids(shards) == [f"pair-{n:04d}" for n in range(24)]
    assert shards.picture(
        2, shards.row(2, 0)["query"]["image_ids"][0] if shards.row(2, 0)["query"]["image_ids"] else "n12-0"
    ).size
    files = shard_files(folder / "train")
    assert sum(pq.read_metadata(file.rows).num_rows for file in files) == 24
    assert all(file.pictures.exists() for file in files)


def test_the_trainer_reads_a_workspace_on_a_store_and_a_copy_of_sft_there(published, tmp_path):
    store = fsspec.filesystem("memory")
    store.put(f"{published.folder.uri}/", "/split/w/", recursive=True)
    store.put(f"{published.folder.uri}/sft/", "/split/alone/sft/", recursive=True)
    for uri in ("memory://split/w/sft", "memory://split/alone/sft"):
        shards = open_shards(uri, "train", SFT, str(tmp_path / uri.split("/")[-2]))
        assert pair_ids(shards) == [f"pair-{n:04d}" for n in range(24)]


def test_a_split_that_was_published_on_a_store_is_read_there(tmp_path):
    publish(Workspace("memory://published/w"), sft_shards(tmp_path / "made", rows=24, shards=3), "5a")
    assert not [
        name for name in fsspec.filesystem("memory").ls("/published/w/sft/train", detail=False) if name.endswith("parquet")
    ]
    shards = open_shards("memory://published/w/sft", "train", SFT, str(tmp_path / "cache"))
    assert pair_ids(shards) == [f"pair-{n:04d}" for n in range(24)]


def test_half_a_copy_is_refused(published, tmp_path):
    folder = Path(shutil.copytree(f"{published.folder.uri}/sft", tmp_path / "elsewhere" / "sft"))
    (folder / "train" / "part-00001.train.parquet").unlink()
    with pytest.raises(DataError, match=r"names 3 files of rows, but 2 exist; copy or build them again"):
        open_shards(str(folder), "train", SFT, str(tmp_path / "cache"))
    with pytest.raises(DataError, match=r"1 files of its shards are missing"):
        shard_files(folder / "train")
    shutil.rmtree(folder / "train" / ".pictures")
    with pytest.raises(DataError, match=r"copy"):
        open_shards(str(folder), "train", SFT, str(tmp_path / "cache"))
