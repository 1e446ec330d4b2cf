"""Old names of settings work for a release, each with a message."""

import pytest

from pipelines.flows.mine_hard_negatives.settings import MineHardNegatives
from pipelines.negatives.counterfactuals import CounterfactualSettings
from pipelines.negatives.filters.settings import Guard
from schemas.settings import load_settings

VALUES = {
    "guard.max_standing": 0.25,
    "guard.max_look": 12,
    "guard.poor_features": 7,
    "guard.min_lying": 0.5,
    "guard.min_shared_grams": 3,
    "guard.familiar_notes": 9,
    "guard.spread": 5,
    "rule.max_standing": 0.125,
}


def test_every_renamed_setting_is_tried():
    renamed = {f"{name}.{old}" for name, kind in (("guard", Guard), ("rule", CounterfactualSettings)) for old in kind.RENAMED}
    assert renamed == set(VALUES)


@pytest.mark.parametrize(("old", "value"), VALUES.items())
def test_an_old_name_sets_the_new_one(old, value, capsys):
    settings = load_settings(MineHardNegatives, None, [f"{old}={value}"], {})
    section, key = old.split(".")
    new = getattr(settings, section).RENAMED[key]
    assert getattr(getattr(settings, section), new) == value
    assert capsys.readouterr().err == f"settings [{section}]: {key} is now {new}; the old name works in this release\n"
