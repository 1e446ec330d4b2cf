"""The small encoder's network: a picture tower, a text tower, and a pooling of both for notes.

A million weights for pictures, a million for text; half precision in the file, single
precision in use. An item's vector does not depend on the rest of the batch: positions after
a text's end are set to zero after every layer, and normalisation uses stored statistics.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

DARK = 8.0
"""Levels of 255, added to a channel's standard deviation: noise on a plain background stays small."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """Sizes of the network; stored in the weights file."""

    dimensions: int = 256
    """Length of a vector; search is measured at 256."""
    side: int = 96
    """Pixels; pictures are squeezed to a square of this side."""
    widths: tuple[int, int, int] = (48, 96, 192)
    """Channels at a quarter, an eighth and a sixteenth of the side."""
    depths: tuple[int, int, int] = (2, 3, 3)
    """Blocks at each width."""
    buckets: int = 12288
    """Rows of the text table."""
    word_width: int = 64
    """Columns of the text table."""
    text_width: int = 128
    """Channels of the text tower."""
    text_depth: int = 2
    """Its blocks; each sees two tokens to either side."""
    longest: int = 64
    """Tokens of a piece of text (hashed_text.py), at most."""
    pieces: int = 16
    """Pieces of a text that are read, at most: about a thousand characters where no line is short."""


class PictureBlock(nn.Module):
    """Depthwise 5x5, then a two-layer perceptron a pixel, added to the input. [b, c, h, w] -> the same."""

    def __init__(self, width: int) -> None:
        """The layers."""
        super().__init__()
        self.spread = nn.Conv2d(width, width, 5, padding=2, groups=width, bias=False)
        self.norm = nn.BatchNorm2d(width)
        self.widen = nn.Conv2d(width, 2 * width, 1)
        self.narrow = nn.Conv2d(2 * width, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Cost: 4 c^2 + 25 c multiplications a pixel."""
        return x + self.narrow(F.relu(self.widen(self.norm(self.spread(x)))))


class PictureTower(nn.Module):
    """RGB bytes [b, side, side, 3] -> [b, dimensions], not yet of unit length."""

    def __init__(self, shape: Shape) -> None:
        """The layers."""
        super().__init__()
        a, b, c = shape.widths
        self.stem = nn.Sequential(nn.Conv2d(6, a, 4, stride=4, bias=False), nn.BatchNorm2d(a))
        down = [nn.Sequential(nn.BatchNorm2d(i), nn.Conv2d(i, o, 2, stride=2)) for i, o in ((a, b), (b, c))]
        stages = [nn.Sequential(*[PictureBlock(w) for _ in range(n)]) for w, n in zip(shape.widths, shape.depths, strict=True)]
        self.body = nn.Sequential(stages[0], down[0], stages[1], down[1], stages[2], nn.BatchNorm2d(c))
        self.whole = nn.Linear(c, shape.dimensions)
        self.where = nn.Linear(9 * c, shape.dimensions, bias=False)

    def forward(self, pixels: Tensor) -> Tensor:
        """The sum of two projections: of the mean over all positions, and of the means over 3 x 3 fields."""
        raw = pixels.permute(0, 3, 1, 2).float()
        # six channels: the colours, and each standardised by its own mean and deviation, which a change of light leaves alone
        deviation, mean = torch.std_mean(raw, (2, 3), keepdim=True)
        x = torch.cat([raw / 127.5 - 1, (raw - mean) / (deviation + DARK)], 1).contiguous(memory_format=torch.channels_last)
        x = self.body(self.stem(x))
        fields = F.adaptive_avg_pool2d(x, 3).flatten(1)
        return self.whole(x.mean((2, 3))) + self.where(fields)


class TextBlock(nn.Module):
    """Like `PictureBlock`, along a line of tokens. [b, c, t], [b, 1, t] -> [b, c, t]."""

    def __init__(self, width: int) -> None:
        """The layers."""
        super().__init__()
        self.spread = nn.Conv1d(width, width, 5, padding=2, groups=width)
        self.norm = nn.LayerNorm(width)
        self.widen = nn.Linear(width, 2 * width)
        self.narrow = nn.Linear(2 * width, width)

    def forward(self, x: Tensor, present: Tensor) -> Tensor:
        """`present` is 1 where there is a token: positions after the end stay zero."""
        y = self.norm(self.spread(x).transpose(1, 2))
        return (x + self.narrow(F.relu(self.widen(y))).transpose(1, 2)) * present


class TextTower(nn.Module):
    """Hashed features [b, t, 4] and a mask [b, t] -> [b, dimensions], not yet of unit length."""

    def __init__(self, shape: Shape) -> None:
        """The layers."""
        super().__init__()
        self.table = nn.Embedding(shape.buckets, shape.word_width)
        nn.init.normal_(self.table.weight, std=shape.word_width**-0.5)
        self.enter = nn.Linear(shape.word_width, shape.text_width)
        self.body = nn.ModuleList([TextBlock(shape.text_width) for _ in range(shape.text_depth)])
        self.weigh = nn.Linear(shape.text_width, 1)
        self.leave = nn.Linear(shape.text_width, shape.dimensions)
        self.plain = nn.Linear(shape.word_width, shape.dimensions, bias=False)

    def forward(self, features: Tensor, present: Tensor) -> Tensor:
        """Attention over the tokens, plus a plain bag of words, which also covers words never seen in training."""
        token_mask = present[:, :, None].float()
        words = self.table(features).sum(2) * token_mask
        x = (self.enter(words) * token_mask).transpose(1, 2)
        for block in self.body:
            x = block(x, token_mask.transpose(1, 2))
        x = x.transpose(1, 2)
        weights = self.weigh(x).masked_fill(~present[:, :, None], -1e4).softmax(1) * token_mask
        # a root, not a mean, keeps a long text's bag as long as a short one's
        bag = words.sum(1) / token_mask.sum(1).clamp(min=1).sqrt()
        return self.leave((weights * x).sum(1)) + self.plain(bag)


class NotePool(nn.Module):
    """Unit vectors of a note's elements [b, e, d], their kind and a mask [b, e] -> [b, d], not yet of unit length."""

    def __init__(self, shape: Shape) -> None:
        """The layers."""
        super().__init__()
        self.kind = nn.Embedding(2, shape.dimensions)
        nn.init.normal_(self.kind.weight, std=0.02)
        self.weigh = nn.Linear(shape.dimensions, 1)
        self.turn = nn.Linear(shape.dimensions, shape.dimensions, bias=False)
        nn.init.normal_(self.turn.weight, std=0.01)

    def forward(self, elements: Tensor, kinds: Tensor, present: Tensor) -> Tensor:
        """A weighted sum, so the order of a note's pictures does not matter."""
        typed = elements + self.kind(kinds)
        weights = self.weigh(typed).masked_fill(~present[:, :, None], -1e4).softmax(1) * present[:, :, None].float()
        return (weights * (elements + self.turn(typed))).sum(1)


class SmallNet(nn.Module):
    """The towers, the pool, and the scale of the loss."""

    def __init__(self, shape: Shape) -> None:
        """The layers."""
        super().__init__()
        self.shape = shape
        self.pictures = PictureTower(shape)
        self.text = TextTower(shape)
        self.note = NotePool(shape)
        self.scale = nn.Parameter(torch.tensor(2.7))
