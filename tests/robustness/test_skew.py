"""One meme in every note, one hot note, one bot, one line of hashtags: what is made grows with the notes, and caps are told."""

import pytest

from pipelines.flows.mine_pairs.flow import mine
from pipelines.flows.mine_pairs.inputs import open_inputs
from pipelines.flows.mine_pairs.settings import Input, Match, MinePairs
from pipelines.mining.clicks.co_click_step import CoClick
from pipelines.mining.components.components_step import Components
from pipelines.mining.images.note_pairs_step import DROPPED_PLACES_OF_ONE_FILE
from pipelines.workspace.spark_stages import Stages
from pipelines.workspace.workspace import Workspace
from testkit.skewed_input import Size, write
from tests.e2e.test_audit import audit

pytestmark = pytest.mark.nightly

SIZE = Size(notes=600, files=120, clicks=12_000)
EACH = SIZE.notes // SIZE.files
"""Notes that show one file."""


@pytest.fixture(scope="module")
def skewed(spark, tmp_path_factory):
    """A workspace with smaller caps than notes, so that all of them act."""
    folder = tmp_path_factory.mktemp("skewed")
    write(folder / "in", SIZE, skewed=True)
    settings = MinePairs(
        workspace=str(folder / "w"),
        input=Input(notes=str(folder / "in/notes.parquet"), clicks=str(folder / "in/clicks.parquet")),
        match=Match(max_pictures_per_key=20, max_candidates=8, max_shown=4),
        co_click=CoClick(swing_users_per_note=50),
        components=Components(max_component_notes=100, max_component_share=0.0, train=0.4, validation=0.3, test=0.3),
    )
    mine(Stages(spark, Workspace(settings.workspace)), open_inputs(spark, settings.input), settings)
    return Workspace(settings.workspace)


def counts(workspace, name):
    found = workspace.published(name).counts
    return found.rows_out, found.dropped


def test_a_meme_makes_candidates_by_its_files_and_not_by_their_square(skewed):
    pairs, dropped = counts(skewed, "mined/picture_pairs")
    assert SIZE.files - 1 <= pairs <= 8 * SIZE.files < SIZE.files * (SIZE.files - 1) // 2
    assert dropped["hot image keys: their pictures are chained instead of all paired"] > 100
    assert dropped["image candidates beyond max_candidates of both pictures"] > 0


def test_and_pairs_of_notes_by_the_cap_of_notes_that_show_one_file(skewed):
    pairs, dropped = counts(skewed, "mined/near_duplicate_image")
    files, _ = counts(skewed, "mined/picture_pairs")
    star, square = EACH - 1, EACH * (EACH - 1) // 2
    assert dropped[DROPPED_PLACES_OF_ONE_FILE] == SIZE.files * (square - star)
    assert pairs <= SIZE.files * star + files * (4 + 4 - 1)


def test_the_memes_component_is_cut_and_no_split_shares_the_meme_with_another(skewed):
    """The audit, below, finds a picture in two splits."""
    notes, dropped = counts(skewed, "components")
    assert notes == SIZE.notes
    assert dropped["components above 100 notes, cut"] == 1
    assert skewed.published("positives").report["largest_component"] <= 100


def test_a_line_of_hashtags_ties_nobody(skewed):
    pairs, dropped = counts(skewed, "mined/partial_text")
    assert pairs == 0
    assert dropped["fingerprint in more than max_document_frequency notes"] >= SIZE.notes


def test_a_bot_is_left_out_and_a_hot_note_keeps_its_best_pairs(skewed):
    pairs, dropped = counts(skewed, "mined/co_click")
    assert dropped["users with more than 200 notes"] == 1
    assert dropped["clicks of users with more than 200 notes"] > SIZE.clicks // 5
    assert dropped["swing: users after the first 50 of a note"] > 500
    assert pairs <= 10 * SIZE.notes


def test_nothing_went_uncounted(skewed):
    done = audit(skewed.folder.uri)
    assert done.returncode == 0, done.stdout
