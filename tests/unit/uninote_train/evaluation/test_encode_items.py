"""Vectors of real model classes: the same with workers, in batches of any size; a poison item costs its own alone."""

import numpy as np
import pytest

from schemas.errors import DataError
from testkit.training_shards import item, sft_shards, words
from uninote_train.evaluation.ablated_views import REENCODED
from uninote_train.evaluation.encode_items import Encoding, encode
from uninote_train.evaluation.split_pictures import PictureFiles
from uninote_train.models.load_model import load_model
from uninote_train.models.settings import Lora, ModelChoice

ITEMS = [
    item("image", 0, (0,)),
    item("text", 1, (), words(1)),
    item("note", 2, (0, 1), words(2)),
    item("crop", 1, (1,), region=(0.1, 0.2, 0.7, 0.9)),
    {**item("image", 1, (0,)), "item_id": "smaller", "image_ids": ["n1-0" + REENCODED]},
]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    folder = sft_shards(tmp_path_factory.mktemp("pictures"), rows=12) / "train"
    return PictureFiles(sorted(folder.glob("*.pictures.arrow")))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["vlm", "open_clip", "small"])
def test_workers_and_batches_move_no_vector(kind, models, pictures):
    path = {"vlm": "qwen3_vl", "open_clip": "clip"}.get(kind)
    model = load_model(ModelChoice(kind=kind, path=str(models(path)) if path else None, lora=Lora(rank=4)))
    alone = encode(model, ITEMS, pictures, Encoding(batch=1))
    batched = encode(model, ITEMS[::-1], pictures, Encoding(batch=3, workers=1))
    assert alone.items == batched.items and not alone.refused
    assert np.abs(alone.vectors - batched.vectors).max() < 1e-5
    assert np.allclose(np.linalg.norm(alone.vectors, axis=1), 1, atol=1e-5)


def test_an_item_that_shows_nothing_costs_its_own_vector(pictures):
    nothing, lost = item("text", 0, (), "。"), {**item("image", 0, (0,)), "item_id": "lost", "image_ids": ["nowhere"]}
    encoded = encode(load_model(ModelChoice()), [*ITEMS, nothing, lost], pictures, Encoding(batch=8))
    assert set(encoded.refused) == {nothing["item_id"], "lost"}
    has_vector = dict(zip(encoded.items, np.isfinite(encoded.vectors).all(1), strict=True))
    assert [has_vector[i["item_id"]] for i in ITEMS] == [True] * 5
    assert not has_vector["lost"] and not has_vector[nothing["item_id"]]


def test_a_model_that_is_broken_is_not_measured(pictures):
    import torch

    model = load_model(ModelChoice())
    with torch.no_grad():
        model.net.text.leave.bias.fill_(float("nan"))
    with pytest.raises(DataError, match="not finite"):
        encode(model, ITEMS, pictures, Encoding())
