"""A kill at any instant, any reader of a folder: one run, whole, and the next job puts the folder right."""

import os
import shutil
import signal
import sys
from dataclasses import replace
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from pipelines.workspace import arrow_io
from pipelines.workspace.arrow_stages import ArrowOutput, ArrowStages
from pipelines.workspace.duckdb.views import write_views
from pipelines.workspace.run_folder import folder_of
from pipelines.workspace.stage_plan import Plan, counted, manifest
from pipelines.workspace.workspace import Workspace
from schemas.datasets import COMPONENTS

SHORTFALLS = replace(COMPONENTS, name="mined/other")


def components(count, start=0):
    rows = [
        {"note_id": f"{n:05}", "component_id": "c", "size": 1, "content_group": "c", "split": "train"}
        for n in range(start, start + count)
    ]
    return pa.Table.from_pylist(rows, COMPONENTS.columns)


def written(workspace, count, table=COMPONENTS, run_id=None):
    """A finished run that is not published yet."""
    plan = Plan(run_id or f"{count:016x}", {}, {}, "c0de")
    files = arrow_io.write_parts([components(count)], table, workspace.new_run(table.name, plan.run_id))
    return manifest(table, plan, files, counted(table, None, count, {}), seconds=1.0, packages=(), report={})


def read_as_folder(folder):
    """How many rows each reader of folders finds."""
    path = str(folder)
    return {
        "pandas": len(pd.read_parquet(path)),
        "pyarrow": ds.dataset(path).count_rows(),
        "pyarrow.parquet": pq.read_table(path).num_rows,
        "duckdb": duckdb.sql(f"select count(*) from '{path}/*.parquet'").fetchall()[0][0],
        "duckdb **": duckdb.sql(f"select count(*) from '{path}/**/*.parquet'").fetchall()[0][0],
    }


def in_folder(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def at_rest(workspace, dataset, count):
    folder = workspace.local(dataset)
    assert set(read_as_folder(folder).values()) == {count}
    run = workspace.published(dataset)
    assert len(in_folder(folder)) == 1 + len(run.files)
    assert sum(pq.read_metadata(uri).num_rows for uri in workspace.files(dataset)) == count


class Place(Workspace):
    def local(self, dataset):
        return Path(self.folder.uri) / dataset


@pytest.fixture
def workspace(tmp_path):
    return Place(str(tmp_path / "w"))


def test_a_folder_holds_the_current_run_alone_whoever_reads_it(workspace, tmp_path, monkeypatch):
    import datasets

    monkeypatch.setattr(arrow_io, "ROWS_PER_FILE", 3)
    for count in (8, 5, 10):
        workspace.publish(written(workspace, count))
        at_rest(workspace, "components", count)
        for how in (
            {"path": str(workspace.local("components"))},
            {"path": "parquet", "data_dir": str(workspace.local("components"))},
        ):
            loaded = datasets.load_dataset(**how, cache_dir=str(tmp_path / "cache"))
            assert {name: len(rows) for name, rows in loaded.items()} == {"train": count}


def test_unfinished_and_older_runs_lie_outside_the_datasets_folder(workspace):
    workspace.publish(written(workspace, 3))
    written(workspace, 4)
    at_rest(workspace, "components", 3)
    workspace.publish(written(workspace, 5))
    assert len(list((workspace.local("_history") / "components").iterdir())) == 2


def test_a_reader_of_the_run_before_goes_on_reading_it(workspace):
    workspace.publish(written(workspace, 3))
    write_views(workspace)
    files = workspace.files("components")
    with duckdb.connect(f"{workspace.folder.uri}/workspace.duckdb", read_only=True) as connection:
        workspace.publish(written(workspace, 5))
        assert connection.sql("select count(*) from components").fetchall() == [(3,)]
    assert sum(pq.read_metadata(file).num_rows for file in files) == 3


def killed_at(number, work):
    """Do the work in a process that is killed at its so-manieth operation on files; whether it was."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    left = [number]

    def count(event, _):
        if event in ("open", "os.rename", "os.link", "os.symlink", "os.remove", "os.mkdir", "os.rmdir", "shutil.rmtree"):
            left[0] -= 1
            if left[0] < 0:
                os.kill(os.getpid(), signal.SIGKILL)

    try:
        sys.addaudithook(count)
        work()
        os._exit(0)
    except BaseException:
        os._exit(1)


@pytest.mark.parametrize("per_file", [100, 3])
def test_killed_at_any_instant_of_a_publication_a_run_is_whole_and_the_folder_is_put_right(tmp_path, monkeypatch, per_file):
    monkeypatch.setattr(arrow_io, "ROWS_PER_FILE", per_file)
    first = Place(str(tmp_path / "first"))
    first.publish(written(first, 4))
    first.publish(written(first, 8))
    before = first.files("components")
    coming = written(first, 5)
    kills = 0
    place = Place(str(tmp_path / "w"))
    for number in range(500):
        shutil.copytree(first.folder.uri, place.folder.uri)
        if not killed_at(number, lambda: place.publish(coming)):
            break
        kills += 1
        count = sum(pq.read_metadata(file).num_rows for file in place.files("components"))
        assert count in (5, 8)
        assert all(os.path.exists(file.replace("/first/", "/w/")) for file in before), "a reader of the run before"
        if per_file == 100:
            assert set(read_as_folder(place.local("components")).values()) <= {5, 8}
        place.settle("components")
        at_rest(place, "components", count)
        place.publish(coming)
        at_rest(place, "components", 5)
        shutil.rmtree(place.folder.uri)
    assert kills > 10
    at_rest(place, "components", 5)


def run(workspace, count, tables=(COMPONENTS,), stamp="1"):
    made = []

    def make(_):
        made.append(1)
        return [ArrowOutput(parts=[components(count + k)]) for k in range(len(tables))]

    ArrowStages(workspace).run(list(tables), make, inputs={"in": stamp}, settings={}, code=())
    return bool(made)


def test_a_job_that_skips_everything_puts_folder_and_views_right(workspace):
    run(workspace, 3)
    old = (workspace.local("workspace.duckdb")).read_bytes()
    run(workspace, 5, stamp="2")
    workspace.local("workspace.duckdb").write_bytes(old)
    folder = workspace.local("components")
    (folder / "part-00000.training.parquet").unlink()
    shutil.copy(workspace.files("components")[0], folder / "part-00007.training.parquet")
    assert not run(workspace, 5, stamp="2")
    at_rest(workspace, "components", 5)
    with duckdb.connect(str(workspace.local("workspace.duckdb")), read_only=True) as connection:
        assert connection.sql("select count(*) from components").fetchall() == [(5,)]


@pytest.mark.parametrize("left", [None, b"", b"no database"])
def test_views_that_were_never_written_are_written_by_a_job_that_skips_everything(workspace, left):
    run(workspace, 3)
    workspace.local("workspace.duckdb").unlink()
    if left is not None:
        workspace.local("workspace.duckdb").write_bytes(left)
    assert not run(workspace, 3)
    with duckdb.connect(str(workspace.local("workspace.duckdb")), read_only=True) as connection:
        assert connection.sql("select count(*) from components").fetchall() == [(3,)]


@pytest.mark.parametrize("fault", ["manifest", "file", "truncated"])
def test_while_a_dataset_is_made_again_its_sibling_stays_as_it_is(workspace, fault):
    tables = (COMPONENTS, SHORTFALLS)
    run(workspace, 3, tables)
    sibling, files = workspace.published("components"), workspace.files("components")
    written_at = [os.stat(file).st_mtime_ns for file in files]
    [file] = workspace.files("mined/other")
    if fault == "manifest":
        (workspace.local("mined/other") / "_current.json").unlink()
    elif fault == "file":
        os.unlink(file)
    else:
        os.truncate(file, 10)

    def fails(_):
        assert workspace.files("components") == files
        raise RuntimeError("the step fails")

    with pytest.raises(RuntimeError, match="the step fails"):
        ArrowStages(workspace).run(list(tables), fails, inputs={"in": "1"}, settings={}, code=())
    assert workspace.files("components") == files
    assert run(workspace, 3, tables)
    assert workspace.published("components") == sibling
    assert [os.stat(file).st_mtime_ns for file in files] == written_at
    at_rest(workspace, "components", 3)
    at_rest(workspace, "mined/other", 4)


def test_a_damaged_run_is_not_touched_before_its_successor_is_whole(workspace, monkeypatch):
    monkeypatch.setattr(arrow_io, "ROWS_PER_FILE", 2)
    run(workspace, 5)
    first, *others = workspace.files("components")
    os.truncate(first, 10)

    def parts():
        yield components(3)
        assert all(pq.read_metadata(file).num_rows for file in others)
        yield components(2, start=3)

    ArrowStages(workspace).run([COMPONENTS], lambda _: [ArrowOutput(parts=parts())], inputs={"in": "1"}, settings={}, code=())
    at_rest(workspace, "components", 5)


def test_a_power_cut_finds_the_files_and_their_folder_on_the_disk_before_the_manifest_names_them(workspace, monkeypatch):
    coming, done = written(workspace, 3), []
    sync, rename = os.fsync, os.replace

    def synced(descriptor):
        done.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        sync(descriptor)

    def renamed(source, target):
        done.append(f"-> {target}")
        rename(source, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "replace", renamed)
    workspace.publish(coming)
    top = workspace.folder.uri
    swap = done.index(f"-> {top}/components/_current.json")
    [file] = workspace.files("components")
    run = f"{top}/{folder_of(coming)}"
    wanted = [file, run, os.path.dirname(run), f"{top}/_history", top]
    assert all(path in done[:swap] for path in wanted), done
    assert any(path.startswith(f"{top}/components/_current.json.") for path in done[:swap])
    assert f"{top}/components" in done[swap:]


def older(workspace, dataset="components"):
    """Lay a dataset out as the version before this one did, with an older run beside it."""
    run = workspace.published(dataset)
    folder = workspace.local(dataset)
    for name in (run.run_id, "0ld"):
        shutil.copytree(workspace.local(folder_of(run)), folder / "runs" / name)
    for path in folder.glob("*.parquet"):
        path.unlink()
    files = [replace(file, path=f"runs/{run.run_id}/{file.path.rpartition('/')[2]}") for file in run.files]
    (folder / "_current.json").write_bytes(replace(run, files=files).to_json())
    shutil.rmtree(workspace.local("_history"))


def test_a_workspace_of_the_older_layout_is_read_and_laid_out_anew_even_if_nothing_changed(workspace):
    run(workspace, 3)
    older(workspace)
    assert len(workspace.files("components")) == 1
    rows = workspace.published("components").fingerprint
    assert not run(workspace, 3)
    at_rest(workspace, "components", 3)
    assert workspace.published("components").fingerprint == rows


def test_a_publication_over_the_older_layout_leaves_no_older_run_in_the_folder(workspace):
    run(workspace, 3)
    older(workspace)
    assert run(workspace, 5, stamp="2")
    at_rest(workspace, "components", 5)


def test_a_copy_without_links_becomes_links_again(workspace, tmp_path):
    run(workspace, 3)
    shutil.copytree(workspace.folder.uri, tmp_path / "copy")
    copy = Place(str(tmp_path / "copy"))
    assert not run(copy, 3)
    assert os.path.samefile(copy.files("components")[0], copy.local("components") / "part-00000.training.parquet")


def test_a_datasets_folder_may_lie_on_another_disk(workspace, tmp_path):
    elsewhere = Path("/dev/shm") / f"{tmp_path.name}-{os.getpid()}"
    if not elsewhere.parent.is_dir() or os.stat(elsewhere.parent).st_dev == os.stat(tmp_path).st_dev:
        pytest.skip("no other file system")
    elsewhere.mkdir()
    try:
        Path(workspace.folder.uri).mkdir()
        workspace.local("components").symlink_to(elsewhere)
        for count in (3, 5):
            workspace.publish(written(workspace, count))
            assert set(read_as_folder(workspace.local("components")).values()) == {count}
    finally:
        shutil.rmtree(elsewhere)


def test_what_somebody_else_put_into_the_folder_stays(workspace):
    run(workspace, 3)
    (workspace.local("components") / "README.md").write_text("mine")
    run(workspace, 5, stamp="2")
    assert (workspace.local("components") / "README.md").read_text() == "mine"


def test_a_file_system_without_hard_links_gets_symbolic_ones(workspace, monkeypatch):
    def refused(*_, **__):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refused)
    for count in (3, 5):
        workspace.publish(written(workspace, count))
        at_rest(workspace, "components", count)
    shutil.move(workspace.folder.uri, f"{workspace.folder.uri}-moved")
    at_rest(Place(f"{workspace.folder.uri}-moved"), "components", 5)
