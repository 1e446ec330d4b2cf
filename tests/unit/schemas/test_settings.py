"""Settings are strict, and say what they know."""

import json
from dataclasses import dataclass, field
from typing import Annotated, ClassVar

import pytest
from pydantic import Field

from schemas.errors import SettingsError
from schemas.settings import Place, Seed, load_settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    RENAMED: ClassVar[dict[str, str]] = {"least_users": "min_users"}
    min_users: Annotated[int, Field(ge=1)] = 2
    share: float = 0.5
    dims: tuple[int, ...] = (1,)
    notes: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    workspace: Place = "out"
    seed: Seed = 0
    co_click: Section = field(default_factory=Section)


def test_flags_beat_the_file_and_the_file_beats_the_defaults(tmp_path):
    file = tmp_path / "a.toml"
    file.write_text('workspace = "from_file"\n[co_click]\nmin_users = 3\nshare = 0.25\n')
    job = load_settings(Job, file, ["co_click.min_users=4"], {"workspace": "from_flag"})
    assert job == Job(workspace="from_flag", co_click=Section(min_users=4, share=0.25))


def test_an_old_name_works_and_says_the_new_one(capsys):
    assert load_settings(Job, None, ["co_click.least_users=4"], {}).co_click.min_users == 4
    line = "settings [co_click]: least_users is now min_users; the old name works in this release\n"
    assert capsys.readouterr().err == line


def test_both_names_of_one_key_are_refused():
    with pytest.raises(SettingsError, match="least_users is now min_users; got both, keep min_users"):
        load_settings(Job, None, ["co_click.least_users=4", "co_click.min_users=4"], {})


def test_a_value_that_is_not_toml_is_plain_text():
    assert load_settings(Job, None, ["workspace=s3://bucket/a b"], {}).workspace == "s3://bucket/a b"


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        (
            "co_click.min_user=1",
            "settings [co_click]: unknown ['min_user']; known keys are ['dims', 'min_users', 'notes', 'share']",
        ),
        ("clicks.min_users=1", "settings: unknown ['clicks']; known keys are ['co_click', 'seed', 'workspace']"),
        ("co_click.min_users=0", "settings: co_click.min_users = 0: Input should be greater than or equal to 1"),
        ("co_click.min_users", "--set co_click.min_users: expected section.key=value"),
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


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "'nan'", "1e999"])
def test_a_number_that_is_not_finite_is_refused_whatever_the_setting(value):
    with pytest.raises(SettingsError, match=r"co_click\.share = -?(nan|inf): expected a finite number"):
        load_settings(Job, None, [f"co_click.share={value}"], {})


def test_an_integer_that_no_engine_holds_is_refused_in_a_list_as_well():
    for value in (2**63, -(2**64), 10**400):
        with pytest.raises(SettingsError, match=r"co_click\.dims: expected an integer of 64 bits"):
            load_settings(Job, None, [f"co_click.dims=[1, {value}]"], {})


@pytest.mark.parametrize("digits", ["9" * 5000, "[" * 5000])
def test_what_toml_cannot_read_at_all_is_a_fault_of_the_value_and_of_the_file(digits, tmp_path):
    with pytest.raises(SettingsError, match="seed"):
        load_settings(Job, None, [f"seed={digits}"], {})
    (tmp_path / "long.toml").write_text(f"seed = {digits}")
    with pytest.raises(SettingsError, match=r"long\.toml: not a readable TOML file"):
        load_settings(Job, tmp_path / "long.toml", [], {})


@pytest.mark.parametrize("place", ["", " ", "\t\n", "\u3000", "file:", "file://", "s3://", " s3a:// "])
def test_a_path_that_names_nothing_is_refused_by_flag_set_and_file(place, tmp_path):
    with pytest.raises(SettingsError, match="workspace = .*expected a path or URI, got nothing"):
        load_settings(Job, None, [], {"workspace": place})
    with pytest.raises(SettingsError, match=r"co_click\.notes = .*expected a path or URI, got nothing"):
        load_settings(Job, None, [f"co_click.notes={place}"], {})
    (tmp_path / "a.toml").write_text(f"workspace = {json.dumps(place)}")
    with pytest.raises(SettingsError, match="workspace = .*expected a path or URI, got nothing"):
        load_settings(Job, tmp_path / "a.toml", [], {})


@pytest.mark.parametrize("place", ["a\0b", "a\udcffb"])
def test_a_path_that_no_file_can_have_is_refused(place):
    with pytest.raises(SettingsError, match="in UTF-8 without NUL"):
        load_settings(Job, None, [], {"workspace": place})


@pytest.mark.parametrize("place", ["/", ".", "out", " a", "s3://bucket", "file:///", "笔记/a b", "C:/x"])
def test_a_path_that_names_something_is_taken_to_the_letter(place):
    assert load_settings(Job, None, [], {"workspace": place}).workspace == place
