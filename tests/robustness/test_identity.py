"""The same files by another path, and the same pictures in another place, make nothing again."""

import os
import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.flows.mine_pairs.flow import mine
from pipelines.flows.mine_pairs.inputs import open_inputs
from pipelines.flows.mine_pairs.settings import Input, MinePairs
from pipelines.workspace.spark_stages import Stages
from pipelines.workspace.workspace import Workspace

pytestmark = pytest.mark.nightly


def stages_of(printed):
    lines = [line.partition(" ")[2] for line in printed.splitlines()]
    return {line.split(":")[0]: "unchanged, skipped" in line for line in lines if ": working" in line or ": unchanged" in line}


def mined_again(spark, workspace, input_, capsys):
    """Whether each stage was skipped."""
    settings = MinePairs(workspace=str(workspace), input=input_)
    capsys.readouterr()
    mine(Stages(spark, Workspace(settings.workspace)), open_inputs(spark, settings.input), settings)
    return stages_of(capsys.readouterr().err)


@pytest.fixture
def copy(mined, tmp_path):
    shutil.copytree(mined[0], tmp_path / "w")
    return tmp_path / "w"


def test_a_relative_a_winding_and_a_linked_path_make_nothing_again(spark, corpus, copy, tmp_path, capsys):
    (tmp_path / "link").symlink_to(corpus)
    relative = os.path.relpath(corpus, os.getcwd())
    for folder in (relative, f"./{relative}/../{corpus.name}/", f"file://{corpus}", str(tmp_path / "link")):
        given = Input(notes=f"{folder}/notes.parquet", clicks=f"{folder}/clicks.parquet")
        skipped = mined_again(spark, copy, given, capsys)
        assert len(skipped) == 12 and all(skipped.values()), folder
    rooted = Input(notes=str(corpus / "notes.parquet"), clicks=str(corpus / "clicks.parquet"), image_root=f"{corpus}/./")
    assert all(mined_again(spark, copy, rooted, capsys).values())


def test_pictures_in_another_place_are_found_there_and_nothing_after_them_is_made_again(spark, corpus, copy, tmp_path, capsys):
    """The notes name them by absolute paths, too: their rows are others, and say the same."""
    moved = tmp_path / "elsewhere"
    shutil.copytree(corpus, moved, copy_function=shutil.copy2)
    notes = pq.read_table(moved / "notes.parquet")
    rows = [
        [image | {"uri": str(moved / image["uri"]) if image["uri"] else image["uri"]} for image in images or []]
        for images in notes.column("images").to_pylist()
    ]
    at = notes.schema.get_field_index("images")
    pq.write_table(
        notes.set_column(at, notes.schema.field(at), pa.array(rows, notes.schema.field(at).type)), moved / "notes.parquet"
    )
    given = Input(notes=str(moved / "notes.parquet"), clicks=str(moved / "clicks.parquet"))
    workspace = Workspace(str(copy))
    before = workspace.published("mined/pictures").fingerprint
    skipped = mined_again(spark, copy, given, capsys)
    assert {name for name, done in skipped.items() if not done} <= {"notes", "mined/pictures", "quarantine"}
    assert not skipped["notes"] and not skipped["mined/pictures"]
    assert workspace.published("mined/pictures").fingerprint == before
    uris = [u for f in workspace.files("images") for u in pq.read_table(f).column("uri").to_pylist()]
    assert uris and all(uri.startswith(str(moved)) for uri in uris)
