"""The small network behind the trainer's protocol gives the vectors that the encoder of the pipeline gives."""

import dataclasses

import numpy as np
import pytest
import torch

from pipelines.encode.backends.small import SmallEncoder, SmallPreparer
from pipelines.encode.item_content import Content
from pipelines.encode.preset import EncoderSpec
from schemas.errors import DataError
from small_encoder.weights import load
from uninote_train.models.load_model import ModelChoice, load_model
from uninote_train.models.protocol import trainable

RNG = np.random.default_rng(0)
PICTURES = {name: RNG.integers(0, 256, (60, 80, 3), np.uint8) for name in "abc"}
BOX = {"x0": 0.25, "y0": 0.0, "x1": 0.75, "y1": 0.5}


def item(name, kind, images=(), text=None, region=None):
    return {"item_id": name, "kind": kind, "note_id": "n", "image_ids": list(images), "region": region, "text": text}


ITEMS = [
    item("1", "note", "ab", "红色马克杯\na red mug"),
    item("2", "note", "b", "红色马克杯\na red mug"),
    item("3", "crop", "c", None, BOX),
    item("4", "text", (), "a red mug"),
]


@pytest.fixture(scope="module")
def model():
    return load_model(ModelChoice())


def test_vectors_are_those_of_the_pipelines_encoder(model):
    preparer, encoder = SmallPreparer(model.net.shape), SmallEncoder(load(), EncoderSpec(backend="small"))
    cut = PICTURES["c"][0:30, 20:60]
    contents = [
        Content(kind="note", images=(PICTURES["a"], PICTURES["b"]), text=ITEMS[0]["text"]),
        Content(kind="note", images=(PICTURES["b"],), text=ITEMS[1]["text"]),
        Content(kind="crop", images=(cut,)),
        Content(kind="text", text="a red mug"),
    ]
    wanted = encoder.encode([preparer.prepare(c) for c in contents])
    with torch.no_grad():
        found = model.embed(model.preparer.prepare(ITEMS, PICTURES)).numpy()
    assert np.abs(found - wanted).max() < 1e-5


def test_split_and_whole_agree_in_training_mode_and_shared_pictures_are_given_once(model):
    model.train()
    batch = model.preparer.prepare(ITEMS, PICTURES)
    assert len(batch.tensors["pictures"]) == 3 and len(batch.tensors["pieces"]) == 2
    with torch.no_grad():
        whole = model.embed(batch)
        parts = torch.cat([model.embed(piece) for piece in model.split(batch, 1)])
    assert (whole - parts).abs().max() < 1e-5


def test_every_trained_weight_gets_a_gradient(model):
    model.zero_grad()
    model.embed(model.preparer.prepare(ITEMS, PICTURES)).square().mul(torch.arange(256)).sum().backward()
    assert [name for name, p in trainable(model).items() if p.grad is None] == []


def test_what_is_saved_is_read_back_and_the_pipeline_reads_it_too(model, tmp_path):
    model.save(tmp_path / "m")
    again = load_model(dataclasses.replace(ModelChoice(), path=str(tmp_path / "m")))
    assert all(torch.equal(a, b) for a, b in zip(model.state_dict().values(), again.state_dict().values(), strict=True))
    load(tmp_path / "m" / "weights.safetensors")


def test_an_item_that_shows_nothing_is_named(model):
    with pytest.raises(DataError, match=r"item 9 \(text of note n\)"):
        model.preparer.prepare([item("9", "text", (), "。")], PICTURES)
