"""Train the small encoder: contrastive losses between whatever belongs together, in both directions."""

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

from pipelines.encode.small.dead_leaves import leaves
from pipelines.encode.small.training_batch import Draw, Lesson, lesson, same
from pipelines.encode.small.training_corpus import KEPT, Told
from pipelines.media.decode import Pixels
from small_encoder import batching
from small_encoder.network import Shape, SmallNet

log = logging.getLogger(__name__)
T = TypeVar("T")
Elements = list[tuple[Tensor, int]]
"""Vectors [d] with their kinds (tensors.py)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """Settings of `train`, chosen by recall on notes of another seed (docs/explanation/algorithms/small_encoder.md)."""

    seed: int = 0
    """Of the weights' start and of every batch."""
    coarse_steps: int = 600
    """Steps on pictures of `coarse_side`."""
    coarse_side: int = 64
    """Pixels; a step costs less than half of one at full size."""
    fine_steps: int = 180
    """Steps at the size of use."""
    notes: int = 128
    """Notes a batch: each has the others as negatives."""
    sheets: int = 64
    """Pictures of nothing a batch (leaves.py)."""
    all_sheets: int = 4000
    learning_rate: float = 2e-3
    """Peak; warmed up over a twentieth of the steps, then a cosine down to nothing."""
    weight_decay: float = 0.02
    """Of matrices; the text table, biases and norms have none."""


def train(told: Sequence[Told], shape: Shape, settings: Training, each: Callable[[int, SmallNet], None]) -> SmallNet:
    """A network trained on these notes.

    Args:
        told: those without a captioned picture are left out.
        shape: of the network.
        settings: how long and on what.
        each: called after every step, with its number.

    Cost: docs/explanation/algorithms/small_encoder.md; the same weights every time on one thread of one kind of processor.
    """
    torch.manual_seed(settings.seed)
    net = SmallNet(shape).to(memory_format=torch.channels_last)
    optimiser = torch.optim.AdamW(_groups(net, settings), lr=settings.learning_rate, betas=(0.9, 0.98))
    steps = settings.coarse_steps + settings.fine_steps
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda n: _rate(n, steps))
    start = time.monotonic()
    for step, drawn in enumerate(_lessons(told, shape, settings)):
        net.train()
        losses = _losses(net, drawn)
        loss = sum(losses.values(), torch.zeros(()))
        optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimiser.step()
        schedule.step()
        with torch.no_grad():
            net.scale.clamp_(max=math.log(50))
        if step % 50 == 0:
            said = " ".join(f"{k} {v.detach().item():.2f}" for k, v in losses.items())
            log.info(
                "step %d of %d, %.0f s: %s, scale %.1f", step, steps, time.monotonic() - start, said, net.scale.detach().exp()
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


def _lessons(told: Sequence[Told], shape: Shape, settings: Training) -> Iterator[Lesson]:
    chance = Random(settings.seed)
    sheets = [leaves(KEPT, chance) for _ in range(settings.all_sheets)]
    usable = [n for n in told if any(s.en for s in n.shots)]
    rounds, sheaves = _endless(usable, chance), _endless(sheets, chance)
    for step in range(settings.coarse_steps + settings.fine_steps):
        side = settings.coarse_side if step < settings.coarse_steps else shape.side
        notes: list[Told] = list(itertools.islice(rounds, settings.notes))
        pages: list[Pixels] = list(itertools.islice(sheaves, settings.sheets))
        yield lesson(notes, pages, Draw(side=side, buckets=shape.buckets), chance)


def _endless(things: Sequence[T], chance: Random) -> Iterator[T]:
    """All of them in some order, again and again."""
    while True:
        yield from chance.sample(things, len(things))


def _losses(net: SmallNet, drawn: Lesson) -> dict[str, Tensor]:
    """Cross-entropies in nats, each the mean of both directions."""
    count, all_pictures = len(drawn.captions), len(drawn.seen)
    shown = batching.pictures(net, [*drawn.seen, *drawn.copied, *drawn.more])
    seen, copied, more = shown[:all_pictures], shown[all_pictures : 2 * all_pictures], shown[2 * all_pictures :]
    said = batching.texts(net, [*drawn.captions, *drawn.translations, *drawn.lines])
    captions, translations, lines = said[:count], said[count : 2 * count], said[2 * count :]
    pieces = batching.texts(net, [row for rows in drawn.texts for row in rows])
    told = [[(v, batching.TEXT) for v in part] for part in torch.split(pieces, [len(rows) for rows in drawn.texts])]
    texts = batching.notes(net, told)
    first, second = (batching.texts(net, s) for s in drawn.scribbles)
    whole = batching.notes(net, _elements(drawn, told, copied, captions, more))
    blocked = torch.from_numpy(same(drawn.groups))
    scale = net.scale.exp()
    wide = F.pad(blocked, (0, all_pictures - count, 0, all_pictures - count))
    return {
        "copy": 1.5 * _both_ways(seen, copied, scale, wide),
        "caption": _both_ways(seen[:count], captions, scale, blocked),
        "translation": _both_ways(captions, translations, scale, blocked),
        "picture_note": 0.5 * _both_ways(seen[:count], whole, scale, blocked),
        "caption_note": 0.5 * _both_ways(translations, whole, scale, blocked),
        "line_note": 0.25 * _both_ways(lines, whole, scale, blocked),
        "line_text": 0.25 * _both_ways(lines, texts, scale, blocked),
        "scribble": 0.5 * _both_ways(first, second, scale, torch.zeros(len(first), len(first), dtype=torch.bool)),
    }


def _elements(drawn: Lesson, told: list[Elements], copied: Tensor, captions: Tensor, more: Tensor) -> list[Elements]:
    """What each note is pooled from: its lines, its picture as a copy or in words, another picture."""
    notes: list[Elements] = []
    for n, way in enumerate(drawn.shown_by):
        shown = {"copy": [(copied[n], batching.PICTURE)], "words": [(captions[n], batching.TEXT)], "nothing": []}[way]
        notes.append([*told[n], *shown])
    for vector, n in zip(more, drawn.more_of, strict=True):
        notes[n].append((vector, batching.PICTURE))
    return notes


def _both_ways(one: Tensor, other: Tensor, scale: Tensor, blocked: Tensor) -> Tensor:
    """InfoNCE of rows that belong together, the mean of both directions, in nats; `blocked` pairs are no negatives.

    Source: Radford et al. 2021 (arXiv:2103.00020), figure 3.
    """
    logits = (scale * one @ other.T).masked_fill(blocked, -1e4)
    right = torch.arange(len(one))
    return (F.cross_entropy(logits, right) + F.cross_entropy(logits.T, right)) / 2
