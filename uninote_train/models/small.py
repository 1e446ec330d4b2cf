"""The network that this project ships, to be trained on: it is small enough for a processor."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from torch import Tensor, nn

from schemas.errors import DataError
from small_encoder.inputs import Packed, embed, pack, part, shown
from small_encoder.network import Shape
from small_encoder.weights import SHIPPED, load, save
from uninote_train.data import item_content
from uninote_train.models.protocol import Batch, Item, Model, Pictures
from uninote_train.models.settings import ModelChoice

FILE = "weights.safetensors"
"""In the folder that is saved; conf/encoders/small.toml takes it as `path`."""


@dataclass(frozen=True, slots=True)
class SmallPreparer:
    """Squeezes pictures to squares, hashes words; each distinct one once a batch."""

    shape: Shape

    def prepare(self, items: Sequence[Item], pictures: Pictures) -> Batch:
        """As `Preparer.prepare`; the tensors are those of a `Packed`."""
        read = [shown(item_content.shown(item, pictures), item_content.words(item), self.shape) for item in items]
        for item, one in zip(items, read, strict=True):
            if one.empty:
                raise DataError(
                    f"item {item['item_id']} ({item['kind']} of note {item['note_id']}): neither a picture nor a word"
                )
        packed = pack(read)
        return Batch({name: getattr(packed, name) for name in NAMES}, len(items))


NAMES = tuple(f.name for f in fields(Packed))


class SmallModel(Model):
    """The network with its batch norms as they were stored: statistics of a batch would tie its items together."""

    def __init__(self, choice: ModelChoice) -> None:
        """Read the weights: of `choice.path`, a file or a folder of `save`; without one those that ship.

        Raises:
            SettingsError: no such file, or not one of ours.
        """
        super().__init__()
        path = Path(choice.path) if choice.path else SHIPPED
        self.net = load(path / FILE if path.is_dir() else path)
        self.net.scale.requires_grad_(False)  # of the loss that it was first trained with; a trainer has its own
        self.preparer = SmallPreparer(self.net.shape)
        self.dimensions = self.net.shape.dimensions

    def train(self, mode: bool = True) -> "SmallModel":
        """As torch's, but for the batch norms."""
        super().train(mode)
        for module in self.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()
        return self

    def embed(self, batch: Batch) -> Tensor:
        """As `Model.embed`."""
        return embed(self.net, Packed(**batch.tensors))

    def split(self, batch: Batch, size: int) -> list[Batch]:
        """As `Model.split`; a picture that items of several pieces show is in each of them."""
        packed = Packed(**batch.tensors)
        bounds = [(n, min(n + size, batch.items)) for n in range(0, batch.items, size)]
        parts = [(part(packed, start, end), end - start) for start, end in bounds]
        return [Batch({name: getattr(piece, name) for name in NAMES}, count) for piece, count in parts]

    def save(self, folder: Path) -> None:
        """As `Model.save`, in half precision: the file that can ship."""
        folder.mkdir(parents=True, exist_ok=True)
        save(self.net, folder / FILE)
