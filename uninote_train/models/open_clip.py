"""open_clip's two towers as a baseline: a note's vector is the mean of its pictures' vector and its text's."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import open_clip
import torch
import torch.nn.functional as F
from open_clip.transform import PreprocessCfg, image_transform_v2
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor, nn

from schemas.errors import DataError, SettingsError
from uninote_train.models.item_content import item_pixels, item_text
from uninote_train.models.protocol import Batch, Item, Model, Pictures
from uninote_train.models.settings import ModelChoice

CONFIGURATION, WEIGHTS = "open_clip_config.json", "open_clip_model.safetensors"
PICTURES, TEXTS = "pictures_of", "texts_of"
"""[items] int64: rows of `pixels` and of `text` per item."""


class ClipPreparer:
    """The model's transform and tokenizer."""

    def __init__(self, name: str, preprocess: PreprocessCfg) -> None:
        """Build both from open_clip's model name and preprocessing settings."""
        self._transform = image_transform_v2(preprocess, is_train=False)
        self._tokenizer = open_clip.get_tokenizer(name)

    def prepare(self, items: Sequence[Item], pictures: Pictures) -> Batch:
        """As `Preparer.prepare`; a text is truncated to the model's context."""
        pixels = [[self._transform(Image.fromarray(p)) for p in item_pixels(i, pictures)] for i in items]
        texts = [item_text(i) for i in items]
        for item, images, text in zip(items, pixels, texts, strict=True):
            if not images and not text:
                raise DataError(f"item {item['item_id']}: a {item['kind']} without a picture or text; build the shards again")
        tensors = {
            PICTURES: torch.tensor([len(images) for images in pixels]),
            TEXTS: torch.tensor([int(bool(text)) for text in texts]),
        }
        flat, written = [p for images in pixels for p in images], [t for t in texts if t]
        if flat:
            tensors["pixels"] = torch.stack(flat)
        if written:
            tensors["text"] = self._tokenizer(written)
        return Batch(tensors, len(items))


class ClipModel(Model):
    """Both towers, all weights trained."""

    def __init__(self, choice: ModelChoice) -> None:
        """Load the weights.

        Raises:
            SettingsError: no path, an unknown name, or files of another model.
        """
        super().__init__()
        name, tag = _named(choice)
        try:
            self.net = open_clip.create_model(name, pretrained=tag)
            self._configuration = _configuration(name)
            preprocess = _preprocess(self.net, self._configuration)
            self.preparer = ClipPreparer(name, preprocess)
        except (OSError, ValueError, RuntimeError, KeyError) as error:
            raise SettingsError(
                f"model.path '{choice.path}': open_clip could not load it: {type(error).__name__}: {str(error)[:200]}; "
                "expected a folder of open_clip's files, or NAME or NAME:TAG of its list"
            ) from None
        self._configuration = {**self._configuration, "preprocess_cfg": asdict(preprocess)}
        self.dimensions = int(self._configuration["model_cfg"]["embed_dim"])
        for parameter in self.net.parameters():
            parameter.requires_grad_(parameter.ndim > 0)  # its own temperature is not part of our loss

    def train(self, mode: bool = True) -> "ClipModel":
        """As torch's, but batch normalisation keeps its stored statistics (`Model`)."""
        super().train(mode)
        for module in self.modules():
            if isinstance(module, nn.modules.batchnorm._BatchNorm):
                module.eval()
        return self

    def embed(self, batch: Batch) -> Tensor:
        """As `Model.embed`. Source of the mean: UniIR's score fusion (arXiv:2311.17136, section 4), with equal weights."""
        t = batch.tensors
        out = torch.zeros(batch.items, self.dimensions, device=t[PICTURES].device)
        if "pixels" in t:
            image_vectors = F.normalize(self.net.encode_image(t["pixels"]).float(), dim=-1)
            weights = 1.0 / t[PICTURES].clamp(min=1).repeat_interleave(t[PICTURES])
            out = out.index_add(0, _item_of_row(t[PICTURES]), image_vectors * weights[:, None])
        if "text" in t:
            text_vectors = F.normalize(self.net.encode_text(t["text"]).float(), dim=-1)
            out = out.index_add(0, _item_of_row(t[TEXTS]), text_vectors)
        return F.normalize(out, dim=-1)

    def split(self, batch: Batch, size: int) -> list[Batch]:
        """As `Model.split`; each part has the pictures and texts of its items."""
        starts = {key: [0, *batch.tensors[key].cumsum(0).tolist()] for key in (PICTURES, TEXTS)}
        parts = []
        for start in range(0, batch.items, size):
            stop = min(start + size, batch.items)
            tensors = {key: batch.tensors[key][start:stop] for key in (PICTURES, TEXTS)}
            for key, counts in (("pixels", PICTURES), ("text", TEXTS)):
                first, last = starts[counts][start], starts[counts][stop]
                if last > first:
                    tensors[key] = batch.tensors[key][first:last]
            parts.append(Batch(tensors, stop - start))
        return parts

    def save(self, folder: Path) -> None:
        """As `Model.save`, in open_clip's layout: `local-dir:` and the pipeline's `open_clip` backend read it."""
        (folder / CONFIGURATION).write_text(json.dumps(self._configuration, indent=1), encoding="utf8")
        save_file({k: t.detach().cpu().contiguous() for k, t in self.net.state_dict().items()}, folder / WEIGHTS)

    def start_checkpointing(self) -> None:
        """As `Model.start_checkpointing`."""
        self.net.set_grad_checkpointing(True)


def _item_of_row(counts: Tensor) -> Tensor:
    """Rows per item [items] -> the item's index for each row."""
    return torch.arange(len(counts), device=counts.device).repeat_interleave(counts)


def _named(choice: ModelChoice) -> tuple[str, str | None]:
    """open_clip's name, and the tag of its weights."""
    if choice.path is None:
        raise SettingsError("model.path is not set: expected a folder of open_clip's files, or NAME or NAME:TAG of its list")
    if Path(choice.path).is_dir():
        return f"local-dir:{choice.path}", None
    name, _, tag = choice.path.partition(":")
    return name, tag or None


def _configuration(name: str) -> dict[str, Any]:
    if name.startswith("local-dir:"):
        configuration: dict[str, Any] = json.loads(
            Path(name.removeprefix("local-dir:"), CONFIGURATION).read_text(encoding="utf8")
        )
        return configuration
    return {"model_cfg": open_clip.get_model_config(name), "preprocess_cfg": {}}


def _preprocess(net: Any, configuration: Mapping[str, Any]) -> PreprocessCfg:  # noqa: ANN401  # any of open_clip's models
    names = {f.name for f in fields(PreprocessCfg)}
    merged = {**configuration["preprocess_cfg"], **getattr(net.visual, "preprocess_cfg", {})}
    accepted = {k: v for k, v in merged.items() if k in names and v is not None}
    return PreprocessCfg(**{"size": configuration["model_cfg"]["vision_cfg"]["image_size"], **accepted})
