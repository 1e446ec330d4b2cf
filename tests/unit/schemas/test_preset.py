"""A preset is loaded by its name or by a path, and the user's values override it."""

from dataclasses import dataclass

import pytest

from schemas.errors import SettingsError
from schemas.preset import Choice, load_preset, preset_file


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    model: str = ""
    path: str | None = None
    longest_side: int = 100


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "clip.toml").write_text('model = "clip"\nlongest_side = 7\n')
    (tmp_path / "siglip.toml").write_text('model = "siglip"\n')
    return tmp_path


def load(folder, **choice):
    one = Choice(**choice)
    return load_preset(Model, folder, one.name, one.set, one.path, setting="encoder.name")


def test_a_name_is_a_file_of_the_folder_and_a_toml_path_is_itself(folder, tmp_path):
    assert load(folder, name="clip") == Model(model="clip", longest_side=7)
    own = tmp_path / "own" / "mine.toml"
    own.parent.mkdir()
    own.write_text('model = "mine"\n')
    assert load(folder, name=str(own)) == Model(model="mine")
    assert preset_file(folder, "clip") == folder / "clip.toml" and preset_file(folder, str(own)) == own


def test_values_and_the_path_of_the_choice_override_the_file(folder):
    assert load(folder, name="clip", path="/w", set=("longest_side=9",)) == Model(model="clip", path="/w", longest_side=9)


def test_an_unknown_name_is_an_error_with_all_presets(folder):
    with pytest.raises(SettingsError, match=r"encoder.name 'clop': no file .*clop.toml; presets are \['clip', 'siglip'\], or"):
        load(folder, name="clop")


def test_a_typo_in_a_preset_or_in_a_value_is_an_error(folder):
    with pytest.raises(SettingsError, match=r"unknown \['longest'\]"):
        load(folder, name="clip", set=("longest=9",))
