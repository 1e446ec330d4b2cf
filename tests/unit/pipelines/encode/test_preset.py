import pytest

from pipelines.encode.preset import ByKind, load_spec, vector_settings
from schemas.errors import SettingsError


def test_a_crop_is_asked_as_an_image_and_an_ocr_text_as_a_text():
    asked = ByKind(image="i", text="t", note="n")
    assert [asked.of(k) for k in ("image", "crop", "text", "ocr", "note")] == ["i", "i", "t", "t", "n"]
    assert ByKind(image="i", crop="", ocr="o").of("crop") == ""
    assert ByKind(image="i", crop="", ocr="o").of("ocr") == "o"


def test_names_the_presets_when_there_is_no_such_one():
    with pytest.raises(SettingsError, match=r"encoder.name 'clop': no file .*clop.toml; presets are \[.*'clip'.*'small'"):
        load_spec("clop")


def test_a_file_of_ones_own_and_assignments_over_it(tmp_path):
    (tmp_path / "mine.toml").write_text('backend = "timm"\nmodel = "resnet18"\n')
    spec = load_spec(str(tmp_path / "mine.toml"), ["dimensions=64"], path="/weights")
    assert (spec.backend, spec.model, spec.dimensions, spec.path) == ("timm", "resnet18", 64, "/weights")


def test_a_typo_in_a_preset_is_told_with_the_known_keys(tmp_path):
    (tmp_path / "mine.toml").write_text('backend = "timm"\nmodl = "resnet18"\n')
    with pytest.raises(SettingsError, match=r"unknown \['modl'\]; known keys are .*'model'"):
        load_spec(str(tmp_path / "mine.toml"))


def test_a_name_or_a_place_does_not_count_as_a_setting_of_vectors():
    one, other = load_spec("gme"), load_spec("gme", ['model="x"', 'revision="y"', "padding_side=left"], path="/z")
    assert vector_settings(one) == vector_settings(other)
    assert vector_settings(one) != vector_settings(load_spec("gme", ["max_length=9"]))
