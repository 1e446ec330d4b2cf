"""The network, its file, and the encoder around it, with random weights."""

from random import Random

import numpy as np
import pytest
import torch

from pipelines.encode.backends.small import SmallEncoder, SmallPreparer
from pipelines.encode.item_content import BadContent, Content
from pipelines.encode.preset import EncoderSpec
from pipelines.encode.small.dead_leaves import dead_leaves
from pipelines.encode.small.train import Training, train
from pipelines.encode.small.training_corpus import CaptionedPicture, TrainingNote
from schemas.errors import SettingsError
from small_encoder.network import Shape, SmallNet
from small_encoder.weights import load, read_shape, save
from tests.unit.pipelines.encode.pixels import picture

SHAPE = Shape(
    dimensions=32,
    side=32,
    widths=(8, 12, 16),
    depths=(1, 1, 1),
    buckets=256,
    word_width=16,
    text_width=16,
    longest=10,
    pieces=4,
)
SPEC = EncoderSpec(backend="small")


@pytest.fixture(scope="module")
def pair():
    torch.manual_seed(0)
    return SmallPreparer(SHAPE), SmallEncoder(SmallNet(SHAPE), SPEC)


ITEMS = [
    Content(kind="image", images=(picture(1),)),
    Content(kind="text", text="红色马克杯 red mug"),
    Content(kind="note", images=(picture(2), picture(3)), text="a lamp " * 30),
    Content(kind="note", images=(picture(4),)),
    Content(kind="ocr", text="x"),
    Content(kind="note", images=tuple(picture(n) for n in range(5, 9)), text="。"),
]


def vectors(pair, *items):
    return pair[1].encode([pair[0].prepare(i) for i in items])


def test_batched_and_single_vectors_agree(pair):
    alone = np.concatenate([vectors(pair, i) for i in ITEMS])
    assert np.abs(vectors(pair, *ITEMS) - alone).max() < 1e-5
    assert np.abs(vectors(pair, *ITEMS[::-1])[::-1] - alone).max() < 1e-5
    assert np.allclose(np.linalg.norm(alone, axis=1), 1, atol=1e-6)


def test_the_order_of_a_notes_pictures_does_not_matter_and_which_they_are_does(pair):
    note, turned = ITEMS[2], Content(kind="note", images=ITEMS[2].images[::-1], text=ITEMS[2].text)
    other = Content(kind="note", images=(picture(2), picture(9)), text=ITEMS[2].text)
    found = vectors(pair, note, turned, other)
    assert np.abs(found[0] - found[1]).max() < 1e-6
    assert np.abs(found[0] - found[2]).max() > 1e-3


def test_a_note_of_one_picture_without_words_is_that_picture(pair):
    assert (
        np.abs(vectors(pair, ITEMS[3], Content(kind="image", images=(picture(4),)))[:, None] - vectors(pair, ITEMS[3])).max()
        < 1e-6
    )


def test_what_lies_beyond_the_last_piece_is_not_read(pair):
    short, long = "word " * 40, "word " * 40 + "other " * 40
    assert (
        np.abs(
            vectors(pair, *(Content(kind="text", text=t) for t in (short, long)))[0]
            - vectors(pair, Content(kind="text", text=long))
        ).max()
        < 1e-6
    )


@pytest.mark.parametrize("text", [None, "", " ", "❤️。。"])
def test_an_item_without_picture_or_word_is_refused(text, pair):
    with pytest.raises(BadContent, match="nothing to encode"):
        pair[0].prepare(Content(kind="note", text=text))


def test_a_brighter_and_a_paler_copy_look_the_same_to_half_of_the_first_layer():
    torch.manual_seed(0)
    tower = SmallNet(SHAPE).pictures.eval()
    seen = []
    tower.stem[0].register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    one = np.random.default_rng(0).integers(60, 120, (1, 32, 32, 3)).astype(np.uint8)
    for shown in (one, one * 2, one + 40):
        tower(torch.from_numpy(shown.astype(np.uint8)))
    assert (seen[0][:, 3:] - seen[2][:, 3:]).abs().max() < 1e-4
    assert (seen[0][:, 3:] - seen[1][:, 3:]).abs().max() < 0.6
    assert (seen[0][:, :3] - seen[1][:, :3]).abs().max() > 0.4


def test_a_network_comes_back_from_its_file_in_half_precision(tmp_path):
    torch.manual_seed(0)
    net = SmallNet(SHAPE).eval()
    save(net, tmp_path / "w.safetensors")
    back = load(tmp_path / "w.safetensors")
    assert back.shape == read_shape(tmp_path / "w.safetensors") == SHAPE
    assert all(
        torch.equal(v.half().float(), back.state_dict()[k]) for k, v in net.state_dict().items() if v.is_floating_point()
    )
    one, other = (SmallEncoder(n, SPEC) for n in (back, load(tmp_path / "w.safetensors")))
    assert one.fingerprint == other.fingerprint != SmallEncoder(net, SPEC).fingerprint


def test_a_file_of_something_else_is_refused_with_what_is_wanted(tmp_path):
    from safetensors.torch import save_file

    save_file({"x": torch.ones(1)}, tmp_path / "x.safetensors")
    (tmp_path / "y.safetensors").write_bytes(b"no")
    for name in ("x", "y", "z"):
        with pytest.raises(SettingsError, match="not the small encoder's weights.*train_small_encoder"):
            load(tmp_path / f"{name}.safetensors")


def told(count: int) -> list[TrainingNote]:
    kinds, colours = ("mug", "lamp", "chair", "boat"), (("red", "红"), ("blue", "蓝"), ("green", "绿"))
    notes = []
    for n in range(count):
        kind, (colour, zh) = kinds[n % 4], colours[n % 3]
        notes.append(
            TrainingNote(
                f"n{n}",
                f"my {kind}\na {colour} {kind} here",
                (CaptionedPicture(dead_leaves(40, Random(n)), f"f{n}", f"{zh}色{n}", f"{colour} {kind} {n}"),),
            )
        )
    return notes


@pytest.mark.slow
def test_training_brings_captions_to_their_pictures_and_is_the_same_each_time():
    settings = Training(coarse_steps=25, fine_steps=5, coarse_side=32, notes=12, sheets=4, all_sheets=8)
    nets = [train(told(12), SHAPE, settings, lambda step, net: None) for _ in range(2)]
    assert all(torch.equal(a, b) for a, b in zip(nets[0].state_dict().values(), nets[1].state_dict().values(), strict=True))
    torch.manual_seed(settings.seed)
    ranks = []
    for net in (nets[0], SmallNet(SHAPE)):
        pair = SmallPreparer(SHAPE), SmallEncoder(net, SPEC)
        images = vectors(pair, *(Content(kind="image", images=(t.pictures[0].pixels,)) for t in told(12)))
        texts = vectors(pair, *(Content(kind="text", text=t.pictures[0].en) for t in told(12)))
        scores = images @ texts.T
        ranks.append(float(np.mean([(row > row[n]).sum() for n, row in enumerate(scores)])))
    assert ranks[0] < ranks[1] / 2
