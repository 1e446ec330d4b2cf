"""Trains the small encoder: contrastive losses between parts that belong together, in both directions."""

import itertools
import logging
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor

from pipelines.encode.small.dead_leaves import dead_leaves
from pipelines.encode.small.training_batch import BatchSettings, TrainingBatch, same_content, training_batch
from pipelines.encode.small.training_corpus import SIDE, TrainingNote
from pipelines.media.decode import Pixels
from small_encoder import batching
from small_encoder.network import Shape, SmallNet

log = logging.getLogger(__name__)
T = TypeVar("T")
Elements = list[tuple[Tensor, int]]
"""Vectors [d] with their kinds (small_encoder/batching.py)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """Settings of `train`, chosen by recall on notes of another seed (docs/explanation/algorithms/small_encoder.md)."""

    seed: int = 0
    """Seed of the initial weights and of every batch."""
    coarse_steps: int = 600
    """Steps on pictures of `coarse_side`."""
    coarse_side: int = 64
    """Pixels; a step costs less than half of one at full size."""
    fine_steps: int = 180
    """Steps on pictures of the network's input size."""
    notes: int = 128
    """Notes of a batch; each has the others as negatives."""
    sheets: int = 64
    """Dead-leaves pictures of a batch (dead_leaves.py)."""
    all_sheets: int = 4000
    """Dead-leaves pictures in total."""
    learning_rate: float = 2e-3
    """Peak rate; linear warm-up over a twentieth of the steps, then a cosine down to zero."""
    weight_decay: float = 0.02
    """Of matrices; the text table, biases and norms have none."""


def train(
    training_notes: Sequence[TrainingNote], shape: Shape, settings: Training, each: Callable[[int, SmallNet], None]
) -> SmallNet:
    """Train a network.

    Args:
        training_notes: those without a captioned picture are left out.
        shape: of the network.
        settings: steps, batch sizes, learning rate.
        each: called after every step, with its number and the network.

    Cost: docs/explanation/algorithms/small_encoder.md; the same weights every time on one thread of one kind of processor.
    """
    torch.manual_seed(settings.seed)
    net = SmallNet(shape).to(memory_format=torch.channels_last)
    optimiser = torch.optim.AdamW(_groups(net, settings), lr=settings.learning_rate, betas=(0.9, 0.98))
    steps = settings.coarse_steps + settings.fine_steps
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda n: _rate(n, steps))
    start = time.monotonic()
    for step, batch in enumerate(_batches(training_notes, shape, settings)):
        net.train()
        losses = _losses(net, batch)
        loss = sum(losses.values(), torch.zeros(()))
        optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimiser.step()
        schedule.step()
        with torch.no_grad():
            net.scale.clamp_(max=math.log(50))
        if step % 50 == 0:
            values = " ".join(f"{k} {v.detach().item():.2f}" for k, v in losses.items())
            log.info(
                "step %d of %d, %.0f s: %s, scale %.1f", step, steps, time.monotonic() - start, values, net.scale.detach().exp()
            )
        each(step, net)
    return net.eval()


def _groups(net: SmallNet, settings: Training) -> list[dict[str, object]]:
    decayed = [p for n, p in net.named_parameters() if p.ndim > 1 and "table" not in n]
    rest = [p for n, p in net.named_parameters() if not (p.ndim > 1 and "table" not in n)]
    return [{"params": decayed, "weight_decay": settings.weight_decay}, {"params": rest, "weight_decay": 0.0}]


def _rate(step: int, steps: int) -> float:
    warm = max(1, steps // 20)
    return (step + 1) / warm if step < warm else 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, steps - warm)))


def _batches(training_notes: Sequence[TrainingNote], shape: Shape, settings: Training) -> Iterator[TrainingBatch]:
    chance = Random(settings.seed)
    sheets = [dead_leaves(SIDE, chance) for _ in range(settings.all_sheets)]
    usable = [n for n in training_notes if any(s.en for s in n.pictures)]
    endless_notes, endless_sheets = _endless(usable, chance), _endless(sheets, chance)
    for step in range(settings.coarse_steps + settings.fine_steps):
        side = settings.coarse_side if step < settings.coarse_steps else shape.side
        notes: list[TrainingNote] = list(itertools.islice(endless_notes, settings.notes))
        pictures: list[Pixels] = list(itertools.islice(endless_sheets, settings.sheets))
        yield training_batch(notes, pictures, BatchSettings(side=side, buckets=shape.buckets), chance)


def _endless(things: Sequence[T], chance: Random) -> Iterator[T]:
    """All of them in random order, repeatedly."""
    while True:
        yield from chance.sample(things, len(things))


def _losses(net: SmallNet, batch: TrainingBatch) -> dict[str, Tensor]:
    """Cross-entropies in nats, each the mean of both directions."""
    count, all_pictures = len(batch.captions), len(batch.seen)
    encoded = batching.pictures(net, [*batch.seen, *batch.copied, *batch.more])
    seen, copied, more = encoded[:all_pictures], encoded[all_pictures : 2 * all_pictures], encoded[2 * all_pictures :]
    encoded = batching.texts(net, [*batch.captions, *batch.translations, *batch.lines])
    captions, translations, lines = encoded[:count], encoded[count : 2 * count], encoded[2 * count :]
    pieces = batching.texts(net, [row for rows in batch.texts for row in rows])
    note_lines = [[(v, batching.TEXT) for v in part] for part in torch.split(pieces, [len(rows) for rows in batch.texts])]
    texts = batching.notes(net, note_lines)
    first, second = (batching.texts(net, s) for s in batch.random_texts)
    whole = batching.notes(net, _elements(batch, note_lines, copied, captions, more))
    excluded = torch.from_numpy(same_content(batch.groups))
    scale = net.scale.exp()
    excluded_pictures = F.pad(excluded, (0, all_pictures - count, 0, all_pictures - count))
    return {
        "copy": 1.5 * _both_ways(seen, copied, scale, excluded_pictures),
        "caption": _both_ways(seen[:count], captions, scale, excluded),
        "translation": _both_ways(captions, translations, scale, excluded),
        "picture_note": 0.5 * _both_ways(seen[:count], whole, scale, excluded),
        "caption_note": 0.5 * _both_ways(translations, whole, scale, excluded),
        "line_note": 0.25 * _both_ways(lines, whole, scale, excluded),
        "line_text": 0.25 * _both_ways(lines, texts, scale, excluded),
        "random_text": 0.5 * _both_ways(first, second, scale, torch.zeros(len(first), len(first), dtype=torch.bool)),
    }


def _elements(
    batch: TrainingBatch, note_lines: list[Elements], copied: Tensor, captions: Tensor, more: Tensor
) -> list[Elements]:
    """The elements that each note is pooled from: its lines, its picture as a copy or caption, another picture."""
    notes: list[Elements] = []
    for n, form in enumerate(batch.picture_form):
        picture = {"copy": [(copied[n], batching.PICTURE)], "words": [(captions[n], batching.TEXT)], "nothing": []}[form]
        notes.append([*note_lines[n], *picture])
    for vector, n in zip(more, batch.more_of, strict=True):
        notes[n].append((vector, batching.PICTURE))
    return notes


def _both_ways(one: Tensor, other: Tensor, scale: Tensor, excluded: Tensor) -> Tensor:
    """InfoNCE of rows that belong together, the mean of both directions, in nats; `excluded` pairs are not negatives.

    Source: Radford et al. 2021 (arXiv:2103.00020), figure 3.
    """
    logits = (scale * one @ other.T).masked_fill(excluded, -1e4)
    targets = torch.arange(len(one))
    return (F.cross_entropy(logits, targets) + F.cross_entropy(logits.T, targets)) / 2
