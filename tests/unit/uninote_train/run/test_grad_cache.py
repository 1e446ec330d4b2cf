"""Cached gradients against those of the whole batch, through real Qwen3-VL and open_clip classes."""

import pytest
import torch

from testkit.training_shards import item, words
from uninote_train.models.load_model import load_model
from uninote_train.models.protocol import trainable
from uninote_train.models.settings import Lora, ModelChoice
from uninote_train.objectives.losses.matryoshka import truncate_dimensions
from uninote_train.run.grad_cache import backward

pytestmark = pytest.mark.slow

SIZES = {"a-0": (64, 64), "b-0": (96, 40), "b-1": (40, 120), "c-0": (128, 128)}


@pytest.fixture(scope="module")
def pictures():
    draw = torch.Generator().manual_seed(0)
    return {k: torch.randint(0, 255, (*s, 3), generator=draw, dtype=torch.uint8).numpy() for k, s in SIZES.items()}


def items():
    """Pictures of unequal grids: none, one and two to an item, in an order that no piece cuts evenly."""
    rows = [
        item("text", 0, (), words(0)),
        item("note", 1, (), words(1, 2)),
        item("image", 2),
        item("note", 3),
        item("note", 4, (), "red"),
        item("image", 5),
    ]
    for place, names in ((2, ["a-0"]), (3, ["b-0", "b-1"]), (4, ["c-0"]), (5, ["b-1"])):
        rows[place]["image_ids"] = names
    return rows


def vlm(models, dropout=0.0):
    torch.manual_seed(0)
    lora = Lora(rank=4, dropout=dropout, merge=False)
    model = load_model(ModelChoice(kind="vlm", path=str(models("qwen3_vl")), lora=lora))
    for name, parameter in trainable(model).items():  # B starts at zero: then A has no gradient to compare
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.05)
    return model


def clip(models, dropout=0.0):
    return load_model(ModelChoice(kind="open_clip", path=str(models("clip"))))


def loss_over(dims):
    targets = torch.tensor([3, 4, 5])

    def loss_of(vectors):
        queries, documents = (vectors[:3], vectors)
        scores = [truncate_dimensions(queries, d) @ truncate_dimensions(documents, d).T / 0.1 for d in dims]
        return sum(torch.nn.functional.cross_entropy(s, targets) for s in scores)

    return loss_of


def gradients(model, mini_batches, dims, cached):
    torch.manual_seed(5)
    model.zero_grad(set_to_none=True)
    loss = backward(model, mini_batches, loss_over(dims), cached=cached)
    return loss, {n: p.grad.clone() for n, p in trainable(model).items() if p.grad is not None}


def assert_same(one, other, tolerance=1e-5):
    assert one.keys() == other.keys()
    largest = max(g.abs().max() for g in one.values())
    assert largest > 1e-3
    for name, gradient in one.items():
        assert (gradient - other[name]).abs().max() <= tolerance * largest, name


@pytest.mark.parametrize("dims", [(16,), (4, 8, 16)], ids=["whole", "matryoshka"])
@pytest.mark.parametrize("make", [vlm, clip])
def test_pieces_give_the_gradients_of_the_whole_batch(models, pictures, make, dims):
    model = make(models)
    batch = model.preparer.prepare(items(), pictures)
    whole_loss, whole = gradients(model, [batch], dims, cached=False)
    for size in (1, 2, 4):
        loss, gradients_by_name = gradients(model, model.split(batch, size), dims, cached=True)
        assert loss.item() == pytest.approx(whole_loss.item(), rel=1e-5)
        assert_same(whole, gradients_by_name)


def test_dropout_is_the_same_in_both_passes(models, pictures):
    """With other random numbers in the second pass the gradients would be those of another network."""
    model = vlm(models, dropout=0.5)
    mini_batches = model.split(model.preparer.prepare(items(), pictures), 2)
    _, expected = gradients(model, mini_batches, (16,), cached=False)
    _, gradients_by_name = gradients(model, mini_batches, (16,), cached=True)
    assert_same(expected, gradients_by_name)


def test_gradient_checkpointing_changes_no_gradient(models, pictures):
    model = vlm(models)
    batch = model.preparer.prepare(items(), pictures)
    _, plain = gradients(model, [batch], (16,), cached=False)
    model.start_checkpointing()
    _, gradients_by_name = gradients(model, model.split(batch, 4), (16,), cached=True)
    assert_same(plain, gradients_by_name)


def test_what_the_loss_raises_leaves_no_gradient(models, pictures):
    model = clip(models)
    mini_batches = model.split(model.preparer.prepare(items(), pictures), 2)

    def refuse(vectors):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        backward(model, mini_batches, refuse, cached=True)
    assert all(p.grad is None for p in model.parameters())
