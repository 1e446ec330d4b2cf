"""Which limit the negatives have: set, fitted, of the encoder's preset, or the positive's own score; and a task without any."""

import json
from dataclasses import asdict, replace
from types import SimpleNamespace

import pyarrow as pa
import pytest

from pipelines.encode.preset import load_spec
from pipelines.flows.mine_hard_negatives.negatives_stage import refuse_empty_tasks
from pipelines.flows.mine_hard_negatives.settings import BandLabels, MineHardNegatives
from pipelines.flows.mine_hard_negatives.stored_calibration import guard_with_band
from pipelines.negatives.calibration.fit_band import FittedBand
from pipelines.negatives.filters.score_margins import Margin, MarginSettings
from pipelines.negatives.filters.settings import Guard
from pipelines.negatives.search.rank_window import RankWindow
from pipelines.workspace.filesystem import Folder
from schemas.errors import DataError, SettingsError

FITTED = FittedBand(
    fingerprint="m", target=0.01, confidence=0.95, labels=999, false_negatives=1, tau_min=0.2, tau_max=0.4, in_band=500,
    false_in_band=0, upper=0.006, full=0.9, relative=None, absolute=None,
)  # fmt: skip
BELOW_POSITIVE = "ranks 6 to 50 below the positive (nv-percpos-0.95), among 20,000 items a task at most"


@pytest.fixture
def limits(tmp_path):
    """A function of settings, the encoder's band and its fingerprint: the margin, and what the summary says of it."""
    folder = Folder(str(tmp_path))

    def limits_of(settings=None, own=None, model="m", stored=None):
        if stored:
            folder.write("calibration.json", json.dumps(asdict(stored)).encode())
        guard, line = guard_with_band(folder, settings or MineHardNegatives(), SimpleNamespace(model=model), own)
        return guard.margin.margin(), line

    return limits_of


def test_by_default_the_positive_is_the_limit(limits):
    assert limits() == (Margin(relative=0.05, strict=True), BELOW_POSITIVE)


def test_an_encoder_may_have_a_band_of_its_own(limits):
    margin, line = limits(own=load_spec("qwen3_vl_embedding_8b").band)
    assert (margin, line) == (Margin(floor=0.5, ceiling=0.7), "band 0.5 to 0.7, of the encoder's preset")
    assert not margin.below_positive
    assert load_spec("small").band is None


def test_a_fitted_band_is_used_for_the_encoder_that_it_was_fitted_for(limits):
    assert limits(own=(0.5, 0.7), stored=FITTED)[0] == Margin(floor=0.2, ceiling=0.4)
    assert limits(own=(0.5, 0.7), model="another")[0] == Margin(floor=0.5, ceiling=0.7)
    assert limits(MineHardNegatives(labels=BandLabels(use_stored=False)))[1] == BELOW_POSITIVE


def test_a_margin_that_is_set_wins(limits):
    guard = replace(Guard(), margin=MarginSettings(preset="uninote-band"))
    margin, line = limits(MineHardNegatives(guard=guard), own=(0.1, 0.2), stored=FITTED)
    assert (margin.floor, margin.ceiling, line) == (0.5, 0.7, "band 0.5 to 0.7 (uninote-band), not fitted for this encoder")


def test_a_window_has_a_rank():
    with pytest.raises(SettingsError, match="ranks: first 6 is above last 5; expected first <= last"):
        RankWindow(last=5)


def empty_task(pairs, written=(), encoded=True, margin=None):
    """Refuse pairs of a task, of which `written` have a negative."""
    names = pa.table({name: [f"{name}{n}" for n in range(pairs)] for name in ("query_id", "positive_id")})
    names = names.append_column("task", pa.array(["image_to_text"] * pairs, pa.string()))
    scored = names.append_column("similarity", pa.array([0.5 if encoded else None] * pairs, pa.float32()))
    short = names.append_column("reason", pa.array(["below_band: similarity below the band"] * pairs, pa.string()))
    inputs = SimpleNamespace(
        plan=SimpleNamespace(ranks=None if margin else "ranks"),
        context=SimpleNamespace(guard=Guard(margin=margin or MarginSettings())),
    )
    refuse_empty_tasks(scored, names, names.take(pa.array(written, pa.int64())), short, inputs)


@pytest.mark.parametrize(
    ("margin", "advice"),
    [
        (None, "raise ranks.last, or lower ranks.first"),
        (
            MarginSettings(preset="uninote-band"),
            "the band 0.5 to 0.7 is none of this task's; --set guard.margin.preset=nv-percpos-0.95",
        ),
    ],
)
def test_fifty_pairs_of_a_task_without_a_negative_end_the_job_with_what_to_do(margin, advice):
    empty_task(49, margin=margin)
    empty_task(50, written=[7], margin=margin)
    with pytest.raises(DataError) as error:
        empty_task(50, margin=margin)
    assert str(error.value) == (
        f"hard_negatives: none of 50 pairs of image_to_text has a negative, mostly 'below_band: similarity below the band': {advice}"
    )


def test_a_task_that_the_encoder_cannot_read_has_no_negatives():
    empty_task(50, encoded=False)
