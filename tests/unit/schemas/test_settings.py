"""Settings are strict, and say what they know."""

from dataclasses import dataclass, field
from typing import Annotated

import pytest
from pydantic import Field

from schemas.errors import SettingsError
from schemas.settings import load_settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    min_users: Annotated[int, Field(ge=1)] = 2
    share: float = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    workspace: str = "out"
    co_click: Section = field(default_factory=Section)


def test_flags_beat_the_file_and_the_file_beats_the_defaults(tmp_path):
    file = tmp_path / "a.toml"
    file.write_text('workspace = "from_file"\n[co_click]\nmin_users = 3\nshare = 0.25\n')
    job = load_settings(Job, file, ["co_click.min_users=4"], {"workspace": "from_flag"})
    assert job == Job(workspace="from_flag", co_click=Section(min_users=4, share=0.25))


def test_a_value_that_is_not_toml_is_plain_text():
    assert load_settings(Job, None, ["workspace=s3://bucket/a b"], {}).workspace == "s3://bucket/a b"


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("co_click.min_user=1", "settings [co_click]: unknown ['min_user']; known keys are ['min_users', 'share']"),
        ("clicks.min_users=1", "settings: unknown ['clicks']; known keys are ['co_click', 'workspace']"),
        ("co_click.min_users=0", "settings: co_click.min_users = 0: Input should be greater than or equal to 1"),
        ("co_click.min_users", "--set co_click.min_users: wanted section.key=value"),
        ("workspace.x.y=1", None),
    ],
)
def test_names_the_fault_and_what_is_known(assignment, message):
    with pytest.raises(SettingsError) as raised:
        load_settings(Job, None, [assignment], {})
    assert message is None or str(raised.value) == message


def test_names_every_fault_at_once(tmp_path):
    file = tmp_path / "bad.toml"
    file.write_text("[co_click]\nmin_users = 'many'\nshare = 'most'\n")
    with pytest.raises(SettingsError, match=r"(?s)co_click\.min_users.*co_click\.share"):
        load_settings(Job, file, [], {})


def test_a_missing_or_broken_file_is_named(tmp_path):
    with pytest.raises(SettingsError, match=r"nowhere\.toml: no such settings file"):
        load_settings(Job, tmp_path / "nowhere.toml", [], {})
    (tmp_path / "broken.toml").write_text("a = ")
    with pytest.raises(SettingsError, match=r"broken\.toml: not a readable TOML file"):
        load_settings(Job, tmp_path / "broken.toml", [], {})
