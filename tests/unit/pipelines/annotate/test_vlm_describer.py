"""The real transformers classes on a tiny random Qwen3-VL."""

import shutil

import numpy as np
import pytest

from pipelines.annotate.load_describer import load_describer
from pipelines.annotate.picture_pixels import as_jpeg
from pipelines.annotate.protocol import NotePicture
from pipelines.annotate.settings import Describe
from schemas.errors import SettingsError
from tests.unit.pipelines.annotate.tiny_vlm import save_tiny_vlm

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("vlm") / "tiny"
    save_tiny_vlm(folder)
    return folder


def loaded(folder, **changed):
    settings = {"name": "transformers", "model": str(folder), "max_new_tokens": 10, "batch_size": 3} | changed
    return load_describer(Describe(**settings))


@pytest.fixture(scope="module")
def describe(folder):
    return loaded(folder)


def pictures():
    chance = np.random.default_rng(0)
    sizes = ((100, 200), (480, 360), (64, 64), (300, 300))
    return [NotePicture(content=as_jpeg(np.full((h, w, 3), chance.integers(0, 255, 3), np.uint8))) for h, w in sizes]


def test_a_description_depends_on_the_picture_and_is_deterministic(describe):
    texts = [answer.text for answer in describe(pictures())]
    assert all(texts)
    assert len(set(texts)) > 1
    assert [answer.text for answer in describe(pictures())] == texts


def test_alone_and_in_a_batch_the_description_is_the_same(describe):
    assert [describe([one])[0] for one in pictures()] == describe(pictures())


def test_neither_prompt_nor_special_pieces_are_in_the_answer(describe):
    for answer in describe(pictures()):
        assert "<|" not in answer.text and "assistant" not in answer.text and "Describe" not in answer.text


def test_a_bad_picture_fails_only_its_own_row(describe):
    first, second, *_ = pictures()
    answers = describe([first, NotePicture(content=b"no picture"), NotePicture(), second])
    assert [a.reason for a in answers] == [None, "not a picture", "empty file", None]
    assert [answers[0], answers[3]] == describe([first, second])


def test_the_pictures_of_a_failed_batch_are_retried_one_by_one(folder):
    describe = loaded(folder)
    expected = [answer.text for answer in describe(pictures()[:3])]
    generate = describe._model.generate

    def small(**inputs):  # as with memory for two pictures, and none for the second's size
        shapes = inputs["image_grid_thw"].tolist()
        if len(shapes) > 1 or shapes == second:
            raise RuntimeError("out of memory")
        return generate(**inputs)

    grids = []
    describe._model.generate = lambda **inputs: grids.append(inputs["image_grid_thw"].tolist()) or generate(**inputs)
    describe(pictures()[1:2])
    second = grids[0]
    describe._model.generate = small
    answers = describe(pictures()[:3])
    assert [a.text for a in answers] == [expected[0], None, expected[2]]
    assert (answers[1].reason, answers[1].detail) == ("model failed", "RuntimeError: out of memory")


def test_the_model_name_follows_from_weights_and_prompt(folder, describe, tmp_path):
    copy, other = tmp_path / "tiny", tmp_path / "other" / "tiny"
    shutil.copytree(folder, copy)
    save_tiny_vlm(other, seed=1)
    assert loaded(copy).model == describe.model
    assert len({describe.model, loaded(other).model, loaded(folder, prompt="Was ist das?").model}) == 3
    assert describe.model.startswith("tiny#")


def test_a_missing_model_is_an_error_with_what_to_do(tmp_path):
    with pytest.raises(SettingsError, match=r"describe\.model '.*nowhere' cannot be loaded.*set a folder, or a hub id"):
        loaded(tmp_path / "nowhere")
    with pytest.raises(SettingsError, match=r"describe\.model is empty"):
        load_describer(Describe(name="transformers"))


@pytest.mark.parametrize("package", ["torch", "transformers"])
def test_a_missing_package_is_named_at_the_start(monkeypatch, folder, package):
    from pipelines.annotate import vlm_describer

    find_spec = vlm_describer.find_spec
    monkeypatch.setattr(vlm_describer, "find_spec", lambda name: None if name == package else find_spec(name))
    with pytest.raises(SettingsError, match=rf"'{package}' is not installed; pip install"):
        loaded(folder)
