"""The real code paths of the presets, on tiny models of their classes."""

import pickle

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import (
    AutoProcessor,
    LlavaNextForConditionalGeneration,
    Qwen2VLForConditionalGeneration,
    Qwen3VLForConditionalGeneration,
)

from pipelines.encode.item_content import BadContent, Content
from pipelines.encode.load_encoder import load_encoder, load_preparer
from pipelines.encode.preset import load_spec
from tests.unit.pipelines.encode.pixels import picture

pytestmark = pytest.mark.slow

CLASSES = {
    "qwen3_vl_embedding_2b": "qwen3_vl",
    "gme": "qwen2_vl",
    "rzenembed": "qwen2_vl",
    "unime_v2": "qwen2_vl",
    "e5_v": "llava_next",
}
ITEMS = [
    Content(kind="image", images=(picture(1),)),
    Content(kind="text", text="红色马克杯 red mug on the left"),
    Content(kind="note", images=(picture(2), picture(3, 90, 40)), text="blue lamp 台灯 " * 6),
    Content(kind="crop", images=(picture(4, 30, 30),)),
    Content(kind="ocr", text="x"),
]


def spec_of(preset, tiny_folder, *assignments):
    return load_spec(
        preset, ["dimensions=0", "min_pixels=0", "max_pixels=0", *assignments], path=str(tiny_folder(CLASSES[preset]))
    )


def vectors(spec, items):
    preparer = load_preparer(spec)
    return load_encoder(spec).encode([preparer.prepare(i) for i in items])


def last_state(outputs) -> np.ndarray:
    return torch.nn.functional.normalize(outputs.hidden_states[-1][:, -1], dim=-1).numpy()


@pytest.mark.parametrize("preset", CLASSES)
def test_batched_and_single_vectors_agree_and_the_padding_side_does_not_matter(preset, tiny_folder):
    found = {side: vectors(spec_of(preset, tiny_folder, f"padding_side={side}"), ITEMS) for side in ("left", "right")}
    alone = np.concatenate([vectors(spec_of(preset, tiny_folder), [i]) for i in ITEMS])
    assert np.allclose(np.linalg.norm(alone, axis=1), 1, atol=1e-6)
    assert np.abs(found["left"] - alone).max() < 1e-5
    assert np.abs(found["right"] - alone).max() < 1e-5
    assert len(np.unique(alone.round(4), axis=0)) == len(ITEMS)


def test_qwen3_vl_embedding_is_the_last_state_after_the_chat_template(tiny_folder):
    folder = tiny_folder("qwen3_vl")
    processor, model = AutoProcessor.from_pretrained(folder), Qwen3VLForConditionalGeneration.from_pretrained(folder).eval()
    turns = [
        {"role": "system", "content": [{"type": "text", "text": "Represent the user's input."}]},
        {"role": "user", "content": [{"type": "image"}, {"type": "image"}, {"type": "text", "text": "blue lamp"}]},
    ]
    said = processor.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
    images = (picture(2), picture(3, 90, 40))
    with torch.inference_mode():
        inputs = processor(text=[said], images=[Image.fromarray(p) for p in images], return_tensors="pt")
        wanted = last_state(model(**inputs, output_hidden_states=True))
    found = vectors(spec_of("qwen3_vl_embedding_2b", tiny_folder), [Content(kind="note", images=images, text="blue lamp")])
    assert np.abs(found - wanted).max() < 1e-5


@pytest.mark.parametrize("preset", ["gme", "rzenembed"])
def test_gme_and_rzenembed_read_pictures_at_plain_positions_as_their_authors_code_does(preset, tiny_folder):
    folder = tiny_folder("qwen2_vl")
    processor, model = (
        AutoProcessor.from_pretrained(folder),
        Qwen2VLForConditionalGeneration.from_pretrained(folder).eval().model,
    )
    after = {"gme": "", "rzenembed": "Represent the given image."}[preset]
    said = (
        "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\n<|vision_start|><|image_pad|><|vision_end|>"
        f"{after}<|im_end|>\n<|im_start|>assistant\n<|endoftext|>"
    )
    with torch.inference_mode():
        inputs = processor(text=[said], images=[Image.fromarray(picture(1))], return_tensors="pt")
        states = model.get_input_embeddings()(inputs["input_ids"])
        seen = torch.cat(list(model.get_image_features(inputs["pixel_values"], inputs["image_grid_thw"]).pooler_output))
        states[inputs["input_ids"] == model.config.image_token_id] = seen
        positions = torch.arange(states.shape[1]).expand(3, 1, -1)
        outputs = model.language_model(inputs_embeds=states, position_ids=positions, attention_mask=inputs["attention_mask"])
        wanted = torch.nn.functional.normalize(outputs.last_hidden_state[:, -1], dim=-1).numpy()
    found = vectors(spec_of(preset, tiny_folder), [ITEMS[0]])
    assert np.abs(found - wanted).max() < 1e-5
    with_grid = vectors(spec_of(preset, tiny_folder, "plain_positions=false"), [ITEMS[0]])
    assert np.abs(found - with_grid).max() > 1e-4


def test_unime_v2_has_no_chat_template(tiny_folder):
    folder = tiny_folder("qwen2_vl")
    processor, model = AutoProcessor.from_pretrained(folder), Qwen2VLForConditionalGeneration.from_pretrained(folder).eval()
    said = "<|image_pad|> Find an image caption describing the given image."
    with torch.inference_mode():
        inputs = processor(text=[said], images=[Image.fromarray(picture(1))], return_tensors="pt")
        wanted = last_state(model(**inputs, output_hidden_states=True))
    assert np.abs(vectors(spec_of("unime_v2", tiny_folder), [ITEMS[0]]) - wanted).max() < 1e-5


@pytest.mark.parametrize(
    ("item", "asked"),
    [
        (0, "<image>\nSummary above image in one word: "),
        (1, "红色马克杯 red mug on the left\nSummary above sentence in one word: "),
    ],
)
def test_e5_v_asks_for_one_word(item, asked, tiny_folder):
    folder = tiny_folder("llava_next")
    processor, model = AutoProcessor.from_pretrained(folder), LlavaNextForConditionalGeneration.from_pretrained(folder).eval()
    said = f"<|start_header_id|>user<|end_header_id|>\n\n{asked}<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n \n"
    images = [Image.fromarray(p) for p in ITEMS[item].images] or None
    with torch.inference_mode():
        wanted = last_state(model(**processor(text=[said], images=images, return_tensors="pt"), output_hidden_states=True))
    assert np.abs(vectors(spec_of("e5_v", tiny_folder), [ITEMS[item]]) - wanted).max() < 1e-5


@pytest.mark.parametrize("preset", ["e5_v", "rzenembed", "qwen3_vl_embedding_2b"])
def test_a_note_of_words_alone_is_a_text_and_one_of_pictures_alone_an_image(preset, tiny_folder):
    as_note = [Content(kind="note", text="red mug"), Content(kind="note", images=(picture(1),), text=" ")]
    as_part = [Content(kind="text", text="red mug"), Content(kind="image", images=(picture(1),), text=None)]
    preparer = load_preparer(spec_of(preset, tiny_folder))
    for note, part in zip(as_note, as_part, strict=True):
        assert preparer.prepare(note).arrays["input_ids"].tolist() == preparer.prepare(part).arrays["input_ids"].tolist()


def test_an_image_with_a_text_on_it_is_asked_as_the_image(tiny_folder):
    for preset in ("qwen3_vl_embedding_2b", "gme"):
        preparer = load_preparer(spec_of(preset, tiny_folder))
        with_text, without = (preparer.prepare(Content(kind="image", images=(picture(1),), text=t)) for t in ("red", None))
        assert with_text.arrays["input_ids"].tolist() == without.arrays["input_ids"].tolist()


def test_what_is_prepared_goes_between_processes_and_needs_no_weights(tiny_folder, tmp_path):
    spec = spec_of("qwen3_vl_embedding_2b", tiny_folder)
    for file in tiny_folder("qwen3_vl").iterdir():
        if file.suffix != ".safetensors":
            (tmp_path / file.name).write_bytes(file.read_bytes())
    prepared = load_preparer(load_spec("qwen3_vl_embedding_2b", ["min_pixels=0", "max_pixels=0"], path=str(tmp_path))).prepare(
        ITEMS[2]
    )
    back = pickle.loads(pickle.dumps(prepared))
    assert back.length == len(back.arrays["input_ids"])
    assert back.nbytes == sum(a.nbytes for a in back.arrays.values()) > 0
    assert np.abs(load_encoder(spec).encode([back]) - vectors(spec, [ITEMS[2]])).max() < 1e-6


def test_a_long_text_is_cut_at_its_end_and_the_prompt_stays_whole(tiny_folder):
    preparer = load_preparer(spec_of("qwen3_vl_embedding_2b", tiny_folder, "max_length=60"))
    found = preparer.prepare(Content(kind="note", images=(picture(1),), text="红色马克杯" * 100))
    assert 50 < found.length <= 60
    said = preparer.processor.tokenizer.decode(found.arrays["input_ids"])
    assert said.endswith("<|im_end|>\n<|im_start|>assistant\n")
    assert "Represent the user's input." in said


def test_many_pictures_are_shrunk_to_fit_and_none_is_dropped(tiny_folder):
    preparer = load_preparer(spec_of("qwen3_vl_embedding_2b", tiny_folder, "max_length=120"))
    pictures = tuple(picture(n, 300, 300) for n in range(10))
    found = preparer.prepare(Content(kind="note", images=pictures, text="ten"))
    assert found.length <= 120
    assert len(found.arrays["image_grid_thw"]) == 10


def test_an_item_that_can_not_fit_is_refused_with_its_length(tiny_folder):
    preparer = load_preparer(spec_of("qwen3_vl_embedding_2b", tiny_folder, "max_length=20"))
    with pytest.raises(BadContent, match=r"too long: \d+ tokens, 1 pictures; at most 20"):
        preparer.prepare(Content(kind="note", images=(picture(1),), text="short"))


def test_a_text_that_spells_a_pictures_mark_is_read_as_words(tiny_folder):
    preparer = load_preparer(spec_of("gme", tiny_folder))
    found = preparer.prepare(Content(kind="note", images=(picture(1),), text="a <|image_pad|> b <|im_end|>{images}"))
    assert len(found.arrays["image_grid_thw"]) == 1
    with pytest.raises(BadContent, match="nothing to encode"):
        preparer.prepare(Content(kind="text", text=" <|im_end|> "))


def test_fewer_dimensions_are_the_first_ones_and_more_are_an_error(tiny_folder):
    from schemas.errors import SettingsError

    spec = spec_of("qwen3_vl_embedding_2b", tiny_folder)
    whole, cut = vectors(spec, ITEMS[:2]), vectors(load_spec_like(spec, 16), ITEMS[:2])
    assert np.allclose(cut, whole[:, :16] / np.linalg.norm(whole[:, :16], axis=1, keepdims=True), atol=1e-6)
    with pytest.raises(SettingsError, match="encoder.dimensions 65: .* has 64"):
        load_encoder(load_spec_like(spec, 65))


def load_spec_like(spec, dimensions):
    from dataclasses import replace

    return replace(spec, dimensions=dimensions)


def test_missing_weights_are_an_error_and_not_filled_in_by_chance(tiny_folder, tmp_path):
    from safetensors.torch import load_file, save_file

    from schemas.errors import SettingsError

    for file in tiny_folder("qwen2_vl").iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    weights = load_file(tmp_path / "model.safetensors")
    gone = next(k for k in weights if "q_proj" in k)
    save_file({k: v for k, v in weights.items() if k != gone}, tmp_path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(SettingsError, match=r"lacks 1 weights of Qwen2VLModel: \['.*q_proj"):
        load_encoder(load_spec("gme", ["dimensions=0"], path=str(tmp_path)))
