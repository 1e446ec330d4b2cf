import sys
from dataclasses import replace

import pytest

from pipelines.encode.load_encoder import load_encoder, load_preparer
from pipelines.encode.preset import PRESETS, load_spec
from schemas.errors import SettingsError

ALL = sorted(p.stem for p in PRESETS.glob("*.toml"))


@pytest.mark.parametrize("name", ALL)
def test_every_preset_loads_and_says_where_its_facts_are_from_and_what_was_run(name):
    spec = load_spec(name)
    assert spec.checked
    assert {"model"} <= set(spec.source)
    assert spec.dimensions > 0


def test_every_family_that_the_paper_builds_on_or_compares_with_has_a_preset():
    assert {
        "clip",
        "siglip",
        "siglip2",
        "blip",
        "chinese_clip",
        "e5_v",
        "gme",
        "rzenembed",
        "nv_embed",
        "unime_v2",
        "small",
        "efficientnet",
    } <= set(ALL)
    assert {"qwen3_vl_embedding_2b", "qwen3_vl_embedding_8b"} <= set(ALL)


@pytest.mark.parametrize("name", sorted(set(ALL) - {"small", "clip", "siglip", "siglip2", "efficientnet"}))
def test_without_a_network_a_hub_model_says_where_it_looked_and_what_to_run(name):
    spec = load_spec(name)
    with pytest.raises(
        SettingsError,
        match=rf"encoder.model '{spec.model}': not in the hub's cache \(.+\).*hf download {spec.model}.*encoder.path",
    ):
        load_encoder(spec)
    with pytest.raises(SettingsError, match="encoder.path"):
        load_preparer(spec)


@pytest.mark.parametrize("name", ["siglip2", "efficientnet"])
def test_without_a_network_open_clip_and_timm_say_what_to_do(name):
    with pytest.raises(SettingsError, match="encoder.path"):
        load_encoder(load_spec(name))


def test_a_path_that_is_not_there_is_named():
    with pytest.raises(
        SettingsError, match="encoder.path /nowhere: no such folder; expected the downloaded files of Alibaba-NLP/gme"
    ):
        load_encoder(load_spec("gme", path="/nowhere"))


def test_a_missing_package_is_told_with_the_file_that_installs_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "timm", None)
    monkeypatch.delitem(sys.modules, "pipelines.encode.backends.timm", raising=False)
    with pytest.raises(
        SettingsError,
        match=r"encoder backend 'timm' needs a package that is not installed: .*timm.*pip install -r requirements/models.txt",
    ):
        load_preparer(load_spec("efficientnet"))


def test_a_gpu_that_is_not_there_is_told():
    with pytest.raises(SettingsError, match=r"device=cuda: torch .* sees no GPU here \(.*\); set device=cpu"):
        load_encoder(load_spec("small"), "cuda")


def test_a_backend_that_is_not_there_is_named_with_those_that_are():
    spec = replace(load_spec("small"), backend="smal")
    known = "'dual', 'nv_embed', 'open_clip', 'small', 'text', 'timm', 'vlm'"
    with pytest.raises(SettingsError, match=rf"encoder.backend 'smal': no such module .*; expected one of \[{known}\]"):
        load_preparer(spec)
