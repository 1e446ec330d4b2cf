"""Two-tower models: open_clip, Chinese-CLIP, BLIP; and timm's pictures alone."""

import numpy as np
import open_clip
import pytest
import timm
import torch
from PIL import Image
from safetensors.torch import save_file
from transformers import AutoImageProcessor, AutoTokenizer, BlipForImageTextRetrieval, ChineseCLIPModel

from pipelines.encode.item_content import BadContent, Content
from pipelines.encode.load_encoder import load_encoder, load_preparer
from pipelines.encode.preset import EncoderSpec, load_spec
from schemas.errors import SettingsError
from tests.unit.pipelines.encode.pixels import picture

pytestmark = pytest.mark.slow

IMAGE = Content(kind="image", images=(picture(1),))
TEXT = Content(kind="text", text="red mug 红色马克杯")
NOTE = Content(kind="note", images=(picture(2), picture(3)), text="blue lamp")
CLASSES = {"clip": "clip", "siglip": "siglip", "chinese_clip": "chinese_clip", "blip": "blip"}


def loaded(preset, tiny_folder, *assignments):
    spec = load_spec(preset, ["dimensions=0", *assignments], path=str(tiny_folder(CLASSES[preset])))
    return load_preparer(spec), load_encoder(spec)


def vectors(pair, *items):
    return pair[1].encode([pair[0].prepare(i) for i in items])


@pytest.mark.parametrize("preset", CLASSES)
def test_batched_and_single_vectors_agree(preset, tiny_folder):
    pair = loaded(preset, tiny_folder)
    items = [IMAGE, TEXT, NOTE, Content(kind="ocr", text="x"), Content(kind="note", text="a longer text " * 3), IMAGE]
    alone = np.concatenate([vectors(pair, i) for i in items])
    assert np.abs(vectors(pair, *items) - alone).max() < 1e-5
    assert np.allclose(np.linalg.norm(alone, axis=1), 1, atol=1e-6)
    assert np.array_equal(alone[0], alone[-1])


@pytest.mark.parametrize("preset", CLASSES)
def test_a_note_is_the_mean_of_its_pictures_and_its_text_in_any_order_of_pictures(preset, tiny_folder):
    pair = loaded(preset, tiny_folder)
    one, two = (vectors(pair, Content(kind="image", images=(p,)))[0] for p in NOTE.images)
    text = vectors(pair, Content(kind="text", text=NOTE.text))[0]
    wanted = (one + two) / 2 + text
    turned = Content(kind="note", images=NOTE.images[::-1], text=NOTE.text)
    for found in vectors(pair, NOTE, turned):
        assert np.allclose(found, wanted / np.linalg.norm(wanted), atol=1e-6)


@pytest.mark.parametrize("preset", ["clip", "siglip"])
def test_clip_and_siglip_see_and_read_as_open_clip_itself_does(preset, tiny_folder):
    name = f"local-dir:{tiny_folder(preset)}"
    model, _, transform = open_clip.create_model_and_transforms(name)
    tokens = open_clip.get_tokenizer(name)([TEXT.text])
    with torch.inference_mode():
        seen = model.eval().encode_image(transform(Image.fromarray(picture(1)))[None], normalize=True).numpy()
        read = model.encode_text(tokens, normalize=True).numpy()
    found = vectors(loaded(preset, tiny_folder), IMAGE, TEXT)
    assert np.abs(found - np.concatenate([seen, read])).max() < 1e-5


def test_the_transform_of_a_named_model_is_its_weights_own_and_needs_no_weights():
    preparer = load_preparer(load_spec("clip"))
    wanted = open_clip.image_transform(
        224, is_train=False, mean=open_clip.OPENAI_DATASET_MEAN, std=open_clip.OPENAI_DATASET_STD
    )
    found = preparer.prepare(Content(kind="image", images=(picture(1, 300, 260),))).arrays["pictures"]
    assert np.allclose(found[0], wanted(Image.fromarray(picture(1, 300, 260))).numpy(), atol=1e-6)


def test_siglip_is_squeezed_to_a_square_as_its_weights_want():
    from pipelines.encode.backends.open_clip import _preprocess

    spec = load_spec("siglip")
    found = _preprocess(spec, spec.model, None)
    assert (found.size, found.resize_mode, found.mean, found.interpolation) == (384, "squash", (0.5, 0.5, 0.5), "bicubic")


def test_blip_agrees_with_its_own_similarity(tiny_folder):
    folder = tiny_folder("blip")
    model = BlipForImageTextRetrieval.from_pretrained(folder).eval()
    pixels = AutoImageProcessor.from_pretrained(folder)(images=[Image.fromarray(picture(1))], return_tensors="pt")[
        "pixel_values"
    ]
    ids = AutoTokenizer.from_pretrained(folder)(TEXT.text, return_tensors="pt", truncation=True, max_length=35)
    with torch.inference_mode():
        wanted = model(
            input_ids=ids["input_ids"], pixel_values=pixels, attention_mask=ids["attention_mask"], use_itm_head=False
        )[0].item()
    image, text = vectors(loaded("blip", tiny_folder), IMAGE, TEXT)
    assert abs(float(image @ text) - wanted) < 1e-5


def test_chinese_clip_agrees_with_its_own_similarity(tiny_folder):
    folder = tiny_folder("chinese_clip")
    model = ChineseCLIPModel.from_pretrained(folder).eval()
    pixels = AutoImageProcessor.from_pretrained(folder)(images=[Image.fromarray(picture(1))], return_tensors="pt")[
        "pixel_values"
    ]
    ids = AutoTokenizer.from_pretrained(folder)(TEXT.text, return_tensors="pt")
    with torch.inference_mode():
        outputs = model(input_ids=ids["input_ids"], attention_mask=ids["attention_mask"], pixel_values=pixels)
    wanted = outputs.logits_per_image.item() / model.logit_scale.exp().item()
    image, text = vectors(loaded("chinese_clip", tiny_folder), IMAGE, TEXT)
    assert abs(float(image @ text) - wanted) < 1e-5


@pytest.mark.parametrize("preset", CLASSES)
def test_an_empty_item_is_refused(preset, tiny_folder):
    with pytest.raises(BadContent, match="nothing to encode: note without a picture or a text"):
        loaded(preset, tiny_folder)[0].prepare(Content(kind="note", text="  "))


def test_a_folder_that_is_not_open_clips_says_what_is_wanted(tmp_path):
    with pytest.raises(SettingsError, match=r"no readable open_clip_config.json.*expected open_clip's files"):
        load_preparer(load_spec("clip", path=str(tmp_path)))
    with pytest.raises(SettingsError, match=r"config file missing.*set encoder.path=DIR"):
        load_encoder(load_spec("clip", path=str(tmp_path)))
    with pytest.raises(SettingsError, match=r"open_clip .* has no such model"):
        load_preparer(EncoderSpec(backend="open_clip", model="ViT-X"))


@pytest.fixture(scope="module")
def timm_file(tmp_path_factory):
    torch.manual_seed(0)
    model = timm.create_model("tf_efficientnet_lite0", num_classes=10)
    file = tmp_path_factory.mktemp("timm") / "weights.safetensors"
    save_file(model.state_dict(), file)
    return file, model


def test_timm_gives_the_features_before_the_classifier(timm_file):
    file, model = timm_file
    spec = load_spec("efficientnet", path=str(file))
    pair = load_preparer(spec), load_encoder(spec)
    pixels = torch.from_numpy(pair[0].prepare(IMAGE).arrays["pictures"])
    with torch.inference_mode():
        wanted = torch.nn.functional.normalize(
            model.eval().forward_head(model.forward_features(pixels), pre_logits=True), dim=-1
        )
    found = vectors(pair, IMAGE, NOTE)
    assert found.shape == (2, 1280)
    assert np.abs(found[0] - wanted.numpy()).max() < 1e-5
    with pytest.raises(BadContent, match="text without a picture, for an encoder of pictures"):
        pair[0].prepare(TEXT)


def test_timm_takes_weights_of_another_librarys_names_when_every_shape_fits(timm_file, tmp_path):
    file, model = timm_file
    torch.save({f"_{n}.{k}": v for n, (k, v) in enumerate(model.state_dict().items())}, tmp_path / "w.pth")
    same, other = (load_encoder(load_spec("efficientnet", path=str(p))) for p in (file, tmp_path / "w.pth"))
    assert same.fingerprint == other.fingerprint


def test_timm_says_what_it_lacks(tmp_path):
    with pytest.raises(SettingsError, match=r"timm .* has no such model; similar: \[.*'tf_effi"):
        load_preparer(EncoderSpec(backend="timm", model="tf_efficientnet_lite9"))
    save_file({"x": torch.ones(1)}, tmp_path / "w.safetensors")
    with pytest.raises(SettingsError, match="no weights .*weights missing"):
        load_encoder(load_spec("efficientnet", path=str(tmp_path / "w.safetensors")))
