"""One run over notes, pictures and clicks that are wrong in every way: it ends, and every row is out, dropped or refused."""

import pytest

from pipelines.flows.mine_pairs.flow import mine
from pipelines.flows.mine_pairs.inputs import open_inputs
from pipelines.flows.mine_pairs.settings import Input, MinePairs
from pipelines.media.decode import BadPicture, Decoding, decode
from pipelines.mining.clicks.co_click_step import CoClick
from pipelines.mining.intake.validate_notes import Filter, Intake
from pipelines.workspace.spark_stages import Stages
from pipelines.workspace.workspace import Workspace
from testkit.hostile_input import KILOBYTE, readable, truncated, write
from tests.e2e.test_audit import audit
from tests.support.workspaces import rows_of


@pytest.fixture(scope="module")
def hostile(spark, tmp_path_factory):
    """How many rows went in, and the workspace."""
    folder = tmp_path_factory.mktemp("hostile")
    rows = write(folder / "input")
    settings = MinePairs(
        workspace=str(folder / "w"),
        input=Input(notes=str(folder / "input/notes.parquet"), clicks=str(folder / "input/clicks.parquet")),
        filter=Filter(min_likes=1),
        intake=Intake(max_refused_share=1),
        co_click=CoClick(max_notes_per_user=10_000),
    )
    mine(Stages(spark, Workspace(settings.workspace)), open_inputs(spark, settings.input), settings)
    return rows, folder / "w"


def test_every_row_is_out_dropped_or_refused(hostile):
    rows, workspace = hostile
    for name in ("notes", "images"):
        counts = Workspace(str(workspace)).published(name).counts
        assert counts.rows_in == counts.rows_out + sum(counts.dropped.values())
    assert Workspace(str(workspace)).published("notes").counts.rows_in == rows["notes"]
    assert Workspace(str(workspace)).published("mined/co_click").report["clicks_read"] == rows["clicks"]
    done = audit(workspace)
    assert done.returncode == 0, done.stdout
    assert "passed       every click read is rejected" in done.stdout


def test_what_is_refused_is_what_is_wrong(hostile):
    quarantine = rows_of(hostile[1])["quarantine"]
    reasons = {reason: sum(f"'{reason}'" in row for row in quarantine) for reason in REFUSED}
    assert reasons == REFUSED
    known = sum(REFUSED.values())
    assert len(quarantine) == known + sum("'truncated'" in row for row in quarantine)
    assert 50 < sum("'truncated'" in row for row in quarantine) <= len(truncated())


REFUSED = {
    "text too long": 1,
    "note_id twice, same row": 1,
    "note_id twice, rows differ": 2,
    "no note_id": 2,
    "negative like_count": 1,
    "a picture without image_id": 1,
    "empty file": 1,
    "not a picture": 5,
    "too large": 1,
    "no plain file": 2,
    "missing file": 2,
    "outside the image root": 4,
    "unreadable file": 4,
    "no user_id": 1,
    "no clicked_at, or not a time": 2,  # one is of the year 1, which is no plausible time
}


def test_hostile_texts_find_each_other_all_the_same(hostile):
    pairs = rows_of(hostile[1])["mined/partial_text"]
    for name in ("half a character", "lone surrogate", "nul", "right to left", "heap of marks", "large", "sql and html"):
        assert any(f"text {name} first" in pair and f"text {name} second" in pair for pair in pairs), name


@pytest.mark.parametrize("name", readable())
def test_an_odd_picture_is_read(name):
    assert decode(readable()[name], Decoding()).rgb.size


def test_a_picture_cut_at_any_kilobyte_is_refused_or_shows_what_is_there():
    cuts = truncated()
    assert len(cuts) > 50 and min(len(content) for content in cuts.values()) == KILOBYTE
    for name, content in cuts.items():
        try:
            decode(content, Decoding())
        except BadPicture as bad:
            assert bad.reason in ("truncated", "not a picture"), name
