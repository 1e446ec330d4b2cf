"""A path is enough to name a model, and a vision-language model gets what it needs on one GPU without a setting."""

import pytest

from uninote_train.models.load_model import load_model
from uninote_train.models.settings import ModelChoice, kind_of
from uninote_train.run.loop import RunSettings, mini_batch_of


def test_the_kind_is_that_of_the_path(tmp_path):
    assert kind_of(ModelChoice()) == "small"
    assert kind_of(ModelChoice(path="Qwen/Qwen3-VL-2B-Instruct")) == "vlm"
    assert kind_of(ModelChoice(path="ViT-B-32:laion2b_s34b_b79k")) == "open_clip"
    for name, kind in (("open_clip_config.json", "open_clip"), ("weights.safetensors", "small"), ("config.json", "vlm")):
        folder = tmp_path / kind
        folder.mkdir()
        (folder / name).touch()
        assert kind_of(ModelChoice(path=str(folder))) == kind
    assert kind_of(ModelChoice(path=str(tmp_path / "small/weights.safetensors"))) == "small"
    assert kind_of(ModelChoice(kind="vlm", path=str(tmp_path / "small"))) == "vlm"


@pytest.mark.slow
def test_a_vlm_takes_eight_items_at_a_time_recomputes_and_has_pictures_of_512_tokens(models):
    path = str(models("qwen3_vl"))
    model = load_model(ModelChoice(path=path))
    assert mini_batch_of(RunSettings(), model) == 8
    assert mini_batch_of(RunSettings(mini_batch=0), model) == 0
    assert recomputes(model) and not recomputes(load_model(ModelChoice(path=path, gradient_checkpointing=False)))
    assert model.preparer._most_pixels(1 << 24) == 512 * 32 * 32
    assert model.preparer.processor.image_processor.size["longest_edge"] == 16_384  # the tiny model's own, which is lower
    assert mini_batch_of(RunSettings(), load_model(ModelChoice())) == 0


def recomputes(model):
    return any(getattr(module, "gradient_checkpointing", False) for module in model.modules())
