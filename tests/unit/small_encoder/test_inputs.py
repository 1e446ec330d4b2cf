"""Items through the network: shared elements, gradients, one path for training and use."""

import numpy as np
import pytest
import torch

from small_encoder.inputs import embed, network_input, pack, slice_items
from small_encoder.network import Shape, SmallNet

SHAPE = Shape(
    dimensions=16,
    side=32,
    widths=(4, 6, 8),
    depths=(1, 1, 1),
    buckets=64,
    word_width=8,
    text_width=8,
    longest=6,
    pieces=4,
)


@pytest.fixture
def net():
    torch.manual_seed(0)
    return SmallNet(SHAPE).eval()


def picture(seed):
    return np.random.default_rng(seed).integers(0, 256, (40, 50, 3), np.uint8)


def test_a_picture_that_several_items_show_goes_through_the_tower_once(net):
    pictures_per_call = []
    net.pictures.register_forward_pre_hook(lambda _, inputs: pictures_per_call.append(len(inputs[0])))
    note = network_input([picture(1), picture(2)], "red mug\nblue lamp", SHAPE)
    less = network_input([picture(2)], "red mug\nblue lamp", SHAPE)
    one = network_input([picture(2)], "", SHAPE)
    together = embed(net, pack([note, less, one]))
    assert pictures_per_call == [2]
    alone = torch.cat([embed(net, pack([item])) for item in (note, less, one)])
    assert (together - alone).abs().max() < 1e-5


def test_a_shared_picture_has_the_gradient_of_both_items(net):
    items = [network_input([picture(1), picture(2)], "red mug", SHAPE), network_input([picture(2)], "red", SHAPE)]
    target = torch.randn(2, 16, generator=torch.Generator().manual_seed(1))

    def gradient(vectors, pull):
        net.zero_grad()
        (vectors * pull).sum().backward()
        return net.pictures.stem[0].weight.grad.clone()

    both = gradient(embed(net, pack(items)), target)
    apart = sum(gradient(embed(net, pack([item])), target[n : n + 1]) for n, item in enumerate(items))
    assert both.abs().max() > 0
    assert (both - apart).abs().max() < 1e-5 * both.abs().max().clamp(min=1)


def test_an_item_without_picture_or_token_is_empty():
    assert network_input([], "。。", SHAPE).empty
    assert not network_input([], "x", SHAPE).empty
    assert network_input([picture(1)], "x y", SHAPE).length == 144 + 2


def test_slices_of_a_batch_joined_are_the_batch(net):
    items = [
        network_input([picture(1), picture(2)], "red mug\nblue lamp", SHAPE),
        network_input([picture(2)], "", SHAPE),
        network_input([], "blue lamp", SHAPE),
        network_input([picture(1)], "red mug", SHAPE),
        network_input([], "a\nb\nc", SHAPE),
    ]
    packed = pack(items)
    whole = embed(net, packed)
    for size in (1, 2, 3, 5):
        pieces = [slice_items(packed, n, min(n + size, 5)) for n in range(0, 5, size)]
        assert (torch.cat([embed(net, piece) for piece in pieces]) - whole).abs().max() < 1e-5
    assert len(slice_items(packed, 1, 3).pictures) == 1
