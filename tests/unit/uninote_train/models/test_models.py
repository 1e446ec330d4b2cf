"""Models of real classes: what they embed does not depend on company, and what they save is what the pipeline reads."""

import json
import pickle

import numpy as np
import pytest
import torch

from schemas.errors import DataError, SettingsError
from testkit.training_shards import item, words
from uninote_train.models.load_model import load_model
from uninote_train.models.protocol import trainable
from uninote_train.models.qwen_processor import matches_processor, patches_to_floats
from uninote_train.models.settings import Lora, ModelChoice
from uninote_train.models.vlm_prompts import Prompts

pytestmark = pytest.mark.slow

PICTURES = {
    f"n{n}-{k}": np.random.default_rng(10 * n + k).integers(0, 255, (40 + 30 * n, 90, 3), np.uint8)
    for n in range(3)
    for k in range(2)
}
ITEMS = [
    item("image", 0, (0,)),
    item("text", 1, (), words(1)),
    item("note", 2, (0, 1), words(2)),
    item("crop", 1, (1,), region=(0.1, 0.2, 0.7, 0.9)),
    item("ocr", 0, (), "cup 红"),
    item("note", 0, (1,)),
]


def choice(models, kind):
    names = {"vlm": "qwen3_vl", "open_clip": "clip"}
    return ModelChoice(kind=kind, path=str(models(names[kind])), lora=Lora(rank=4))


@pytest.mark.parametrize("kind", ["vlm", "open_clip"])
@torch.no_grad()
def test_an_items_vector_is_its_own_in_any_batch_or_piece(models, kind):
    model = load_model(choice(models, kind)).eval()
    batch = model.preparer.prepare(ITEMS, PICTURES)
    together = model(batch)
    assert together.shape == (6, model.dimensions)
    torch.testing.assert_close(together.norm(dim=1), torch.ones(6))
    alone = torch.cat([model(model.preparer.prepare([i], PICTURES)) for i in ITEMS])
    torch.testing.assert_close(alone, together, atol=1e-5, rtol=0)
    for size in (1, 4, 9):
        torch.testing.assert_close(torch.cat([model(p) for p in model.split(batch, size)]), together, atol=1e-5, rtol=0)
    assert (together @ together.T - torch.eye(6)).abs().max() < 1


@pytest.mark.parametrize("kind", ["vlm", "open_clip"])
def test_a_preparer_travels_to_a_worker(models, kind):
    preparer = load_model(choice(models, kind)).preparer
    again = pickle.loads(pickle.dumps(preparer))
    one, two = (p.prepare(ITEMS, PICTURES).tensors for p in (preparer, again))
    assert all(torch.equal(one[k], two[k]) for k in one)


@pytest.mark.parametrize("kind", ["vlm", "open_clip"])
def test_what_was_saved_is_loaded_and_has_no_pickles(models, kind, tmp_path):
    model = load_model(choice(models, kind))
    with torch.no_grad():
        for p in trainable(model).values():
            p += 0.05 * torch.randn_like(p)
        expected = model.eval()(model.preparer.prepare(ITEMS, PICTURES))
        model.save(tmp_path)
        again = load_model(ModelChoice(kind=kind, path=str(tmp_path))).eval()
        torch.testing.assert_close(again(again.preparer.prepare(ITEMS, PICTURES)), expected, atol=1e-5, rtol=0)
    assert trainable(again).keys() == trainable(model).keys()
    assert not [f for f in tmp_path.rglob("*") if f.suffix in (".bin", ".pt", ".pkl")]


@pytest.mark.parametrize("kind", ["vlm", "open_clip"])
def test_the_pipeline_encodes_with_the_saved_model_as_the_trainer_does(models, kind, tmp_path):
    """The trained model goes back into mining: same prompts, same vectors."""
    from pipelines.encode.item_content import Content, cut
    from pipelines.encode.load_encoder import load_encoder, load_preparer
    from pipelines.encode.preset import EncoderSpec, load_spec

    model = load_model(choice(models, kind))
    with torch.no_grad():
        for p in trainable(model).values():
            p += 0.05 * torch.randn_like(p)
    model.save(tmp_path)
    with torch.no_grad():
        expected = model.eval()(model.preparer.prepare(ITEMS, PICTURES)).numpy()
    merged = tmp_path / "merged"
    spec = (
        load_spec(str(merged / "encoder.toml"), path=str(merged))
        if kind == "vlm"
        else EncoderSpec(backend="open_clip", path=str(tmp_path))
    )
    preparer, encoder = load_preparer(spec), load_encoder(spec)
    for row, item_row in zip(expected, ITEMS, strict=True):
        images = tuple(PICTURES[i] for i in item_row["image_ids"])
        if item_row["kind"] == "crop":
            images = tuple(cut(p, list(item_row["region"].values())) for p in images)
        vectors = encoder.encode([preparer.prepare(Content(kind=item_row["kind"], images=images, text=item_row["text"]))])
        np.testing.assert_allclose(vectors[0], row, atol=1e-4)


def test_only_the_adapters_of_the_language_model_are_trained(models):
    names = trainable(load_model(choice(models, "vlm")))
    assert names
    assert all("lora" in n and "language_model" in n for n in names)
    whole = trainable(load_model(ModelChoice(kind="vlm", path=str(models("qwen3_vl")), lora=Lora(rank=0))))
    assert whole
    assert all("language_model" in n and "lora" not in n for n in whole)


def test_each_kind_is_asked_with_its_own_prompt_and_marks_in_a_text_are_no_pictures(models):
    prompts = Prompts(ocr="Read this.")
    model = load_model(ModelChoice(kind="vlm", path=str(models("qwen3_vl")), prompts=prompts))
    decode = model.preparer.processor.tokenizer.decode
    batch = model.preparer.prepare([item("ocr", 0, (), "a <|image_pad|> b"), item("note", 1, (0,), "words")], PICTURES)
    first, second = (decode(ids) for ids in batch.tensors["input_ids"])
    assert "Read this." in first
    assert first.count("<|image_pad|>") == 0
    assert prompts.note in second
    assert second.index("<|image_pad|>") < second.index("words")


def test_a_long_text_is_cut_at_its_end_and_pictures_stay(models):
    model = load_model(ModelChoice(kind="vlm", path=str(models("qwen3_vl")), max_length=120))
    long = item("note", 2, (0, 1), "red mug " * 300)
    tensors = model.preparer.prepare([long, item("text", 1, (), "short")], PICTURES).tensors
    assert tensors["attention_mask"].sum(1).max() <= 120
    assert len(tensors["image_grid_thw"]) == 2


def test_says_what_is_wrong_with_a_path(tmp_path, models):
    with pytest.raises(SettingsError, match=r"model\.path is not set"):
        load_model(ModelChoice(kind="vlm"))
    with pytest.raises(SettingsError, match="no processor"):
        load_model(ModelChoice(kind="vlm", path=str(tmp_path)))
    with pytest.raises(SettingsError, match="open_clip could not load it"):
        load_model(ModelChoice(kind="open_clip", path="no-such-model"))
    with pytest.raises(SettingsError, match=r"model\.lora"):
        load_model(ModelChoice(kind="vlm", path=str(models("qwen3_vl")), lora=Lora(targets="nothing")))
    (tmp_path / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": "/gone"}))
    with pytest.raises(SettingsError, match="the adapters are for /gone, which does not exist"):
        load_model(ModelChoice(kind="vlm", path=str(tmp_path)))


def test_names_an_item_that_shows_nothing(models):
    model = load_model(choice(models, "open_clip"))
    with pytest.raises(DataError, match="item [0-9a-f]{32}: a text without a picture or text"):
        model.preparer.prepare([item("text", 0, (), "  ")], {})


@pytest.mark.parametrize("name", ["qwen3_vl", "qwen2_vl"])
def test_the_direct_way_gives_what_the_processor_gives(models, name):
    """Pictures that several items show are cut into patches once; a text of any length; nothing but texts."""
    preparer = load_model(ModelChoice(kind="vlm", path=str(models(name)), lora=Lora(rank=0))).preparer
    assert preparer._direct
    repeated = [*ITEMS, item("note", 0, (0, 1), words(0)), item("image", 0, (0,)), item("text", 3, (), "long " * 50)]
    for items in (repeated, [ITEMS[1], ITEMS[4]]):
        direct = preparer.prepare(items, PICTURES).tensors
        preparer._direct = False
        plain = preparer.prepare(items, PICTURES).tensors
        preparer._direct = True
        if "pixel_values" in direct:
            assert direct["pixel_values"].dtype == torch.uint8
            assert direct["pixel_values"].nbytes * 8 == plain["pixel_values"].nbytes
            direct = {**direct, "pixel_values": patches_to_floats(preparer.processor.image_processor, direct["pixel_values"])}
        assert direct.keys() == plain.keys()
        assert all(torch.equal(direct[k], plain[k]) for k in plain)


def test_a_processor_that_answers_otherwise_is_asked_itself(models):
    preparer = load_model(choice(models, "vlm")).preparer
    prompt = preparer._around("", 2, False)[0]
    assert matches_processor(preparer.processor, prompt)
    preparer.processor.image_processor.merge_size = 1  # more tokens a picture than the model's own count
    preparer.processor.image_token = "<|video_pad|>"
    assert not matches_processor(preparer.processor, prompt)
