"""What the trainer saves of a vision-language model is loaded by sentence-transformers with the trained vectors."""

import numpy as np
import pytest
import torch
from PIL import Image

from uninote_train.models.load_model import load_model
from uninote_train.models.protocol import trainable
from uninote_train.models.settings import ModelChoice

pytestmark = pytest.mark.slow
PIXELS = np.random.default_rng(0).integers(0, 255, (60, 90, 3), dtype=np.uint8)
LARGE = np.random.default_rng(1).integers(0, 255, (700, 1100, 3), dtype=np.uint8)  # more pixels than the model's limit
WORDS = "red mug on a table"


def item(kind, images=(), text=None):
    return {"item_id": kind, "kind": kind, "note_id": "n", "image_ids": list(images), "region": None, "text": text}


ITEMS = [item("text", text=WORDS), item("ocr", text=WORDS), item("image", ["a"]), item("note", ["a"], WORDS)]
ITEMS += [item("image", ["large"]), item("note", ["large", "a"], WORDS)]
INPUTS = [
    (WORDS, None),
    (WORDS, "ocr"),
    (Image.fromarray(PIXELS), "image"),
    ({"image": Image.fromarray(PIXELS), "text": WORDS}, "note"),
    (Image.fromarray(LARGE), "image"),
    ({"image": [Image.fromarray(LARGE), Image.fromarray(PIXELS)], "text": WORDS}, "note"),
]


@pytest.mark.parametrize("place", ["merged", "."], ids=["merged", "adapters"])
def test_its_vectors_are_the_trainers(models, tmp_path, place):
    from sentence_transformers import SentenceTransformer

    model = load_model(ModelChoice(kind="vlm", path=str(models("qwen3_vl"))))
    with torch.no_grad():
        for p in trainable(model).values():
            p += 0.05 * torch.randn_like(p)
        expected = model.eval()(model.preparer.prepare(ITEMS, {"a": PIXELS, "large": LARGE})).numpy()
    model.save(tmp_path)
    theirs = SentenceTransformer(str(tmp_path / place), device="cpu")
    for (content, prompt), row in zip(INPUTS, expected, strict=True):
        vector = theirs.encode([content], prompt_name=prompt)[0]
        np.testing.assert_allclose(vector, row, atol=1e-5)
    assert np.abs(theirs.encode([WORDS], prompt="")[0] - expected[0]).max() > 1e-3  # the prompt counts
    shorter = SentenceTransformer(str(tmp_path / place), device="cpu", truncate_dim=8).encode(
        [WORDS], normalize_embeddings=True
    )[0]
    np.testing.assert_allclose(shorter, expected[0][:8] / np.linalg.norm(expected[0][:8]), atol=1e-5)


@pytest.mark.parametrize("kind", ["open_clip", "small"])
def test_a_model_that_it_cannot_read_is_refused_and_not_pooled_somehow(models, tmp_path, kind):
    from sentence_transformers import SentenceTransformer

    path = str(models("clip")) if kind == "open_clip" else None
    load_model(ModelChoice(kind=kind, path=path)).save(tmp_path)
    with pytest.raises((ValueError, OSError)):
        SentenceTransformer(str(tmp_path), device="cpu")
