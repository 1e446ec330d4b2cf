"""The small network that ships with this project as a trainable model: it can be trained on a CPU."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from torch import Tensor, nn

from schemas.errors import DataError
from small_encoder.inputs import PackedItems, embed, network_input, pack, slice_items
from small_encoder.network import Shape
from small_encoder.weights import SHIPPED, load, save
from uninote_train.models.item_content import item_pixels, item_text
from uninote_train.models.protocol import Batch, Item, Model, Pictures
from uninote_train.models.settings import ModelChoice

FILE = "weights.safetensors"
"""The file in a saved folder; conf/encoders/small.toml takes it as `path`."""


@dataclass(frozen=True, slots=True)
class SmallPreparer:
    """Squeezes pictures to squares and hashes words; each distinct one once per batch."""

    shape: Shape

    def prepare(self, items: Sequence[Item], pictures: Pictures) -> Batch:
        """As `Preparer.prepare`; the tensors are those of a `PackedItems`."""
        inputs = [network_input(item_pixels(item, pictures), item_text(item), self.shape) for item in items]
        for item, network_inputs in zip(items, inputs, strict=True):
            if network_inputs.empty:
                raise DataError(
                    f"item {item['item_id']} ({item['kind']} of note {item['note_id']}): neither a picture nor text"
                )
        packed = pack(inputs)
        return Batch({name: getattr(packed, name) for name in NAMES}, len(items))


NAMES = tuple(f.name for f in fields(PackedItems))


class SmallModel(Model):
    """The network, with batch norms in evaluation mode: with a batch's statistics its items would affect each other."""

    def __init__(self, choice: ModelChoice) -> None:
        """Read the weights of `choice.path`, a file or a folder written by `save`; without a path the shipped weights.

        Raises:
            SettingsError: no such file, or not a file of this network.
        """
        super().__init__()
        path = Path(choice.path) if choice.path else SHIPPED
        self.net = load(path / FILE if path.is_dir() else path)
        self.net.scale.requires_grad_(False)  # belongs to the loss of its first training; the trainer has its own temperature
        self.preparer = SmallPreparer(self.net.shape)
        self.dimensions = self.net.shape.dimensions

    def train(self, mode: bool = True) -> "SmallModel":
        """As torch's, but batch norms stay in evaluation mode."""
        super().train(mode)
        for module in self.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()
        return self

    def embed(self, batch: Batch) -> Tensor:
        """As `Model.embed`."""
        return embed(self.net, PackedItems(**batch.tensors))

    def split(self, batch: Batch, size: int) -> list[Batch]:
        """As `Model.split`; a picture of items in several parts is copied to each."""
        packed = PackedItems(**batch.tensors)
        bounds = [(n, min(n + size, batch.items)) for n in range(0, batch.items, size)]
        parts = [(slice_items(packed, start, end), end - start) for start, end in bounds]
        return [Batch({name: getattr(part, name) for name in NAMES}, count) for part, count in parts]

    def save(self, folder: Path) -> None:
        """As `Model.save`, in half precision, like the shipped file."""
        folder.mkdir(parents=True, exist_ok=True)
        save(self.net, folder / FILE)
