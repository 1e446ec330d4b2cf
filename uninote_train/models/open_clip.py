"""open_clip's two towers as a plain baseline: a note is the mean of its pictures' vector and its text's."""

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
from uninote_train.data.item_content import shown, words
from uninote_train.models.protocol import Batch, Item, Model, Pictures
from uninote_train.models.settings import ModelChoice

CONFIGURATION, WEIGHTS = "open_clip_config.json", "open_clip_model.safetensors"
PICTURES, TEXTS = "pictures_of", "texts_of"
"""[items] int64: how many rows of `pixels` and of `text` are the item's."""


class ClipPreparer:
    """The model's transform and tokenizer."""

    def __init__(self, name: str, preprocess: PreprocessCfg) -> None:
        """From open_clip's name of the model and how it wants pictures."""
        self._transform = image_transform_v2(preprocess, is_train=False)
        self._tokenizer = open_clip.get_tokenizer(name)

    def prepare(self, items: Sequence[Item], pictures: Pictures) -> Batch:
        """As `Preparer.prepare`; a text is cut at the model's context."""
        seen = [[self._transform(Image.fromarray(p)) for p in shown(i, pictures)] for i in items]
        said = [words(i) for i in items]
        for item, images, text in zip(items, seen, said, strict=True):
            if not images and not text:
                raise DataError(f"item {item['item_id']}: a {item['kind']} without a picture or a word; build the shards again")
        tensors = {
            PICTURES: torch.tensor([len(images) for images in seen]),
            TEXTS: torch.tensor([int(bool(text)) for text in said]),
        }
        flat, texts = [p for images in seen for p in images], [t for t in said if t]
        if flat:
            tensors["pixels"] = torch.stack(flat)
        if texts:
            tensors["text"] = self._tokenizer(texts)
        return Batch(tensors, len(items))


class ClipModel(Model):
    """Both towers, all weights trained."""

    def __init__(self, choice: ModelChoice) -> None:
        """Load the weights.

        Raises:
            SettingsError: no path, an unknown name, or files that do not fit.
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
                f"model.path '{choice.path}': open_clip could not load it: {type(error).__name__}: {str(error)[:200]}; wanted "
                "a folder of open_clip's files, or NAME or NAME:TAG of its list"
            ) from None
        self._configuration = {**self._configuration, "preprocess_cfg": asdict(preprocess)}
        self.dimensions = int(self._configuration["model_cfg"]["embed_dim"])
        for parameter in self.net.parameters():
            parameter.requires_grad_(parameter.ndim > 0)  # its own temperature is not asked here

    def train(self, mode: bool = True) -> "ClipModel":
        """As torch's; batch normalisation keeps its statistics (`Model`)."""
        super().train(mode)
        for module in self.modules():
            if isinstance(module, nn.modules.batchnorm._BatchNorm):
                module.eval()
        return self

    def embed(self, batch: Batch) -> Tensor:
        """As `Model.embed`. Source of the mean: UniIR's score fusion (arXiv:2311.17136, section 4), weights of one."""
        t = batch.tensors
        out = torch.zeros(batch.items, self.dimensions, device=t[PICTURES].device)
        if "pixels" in t:
            seen = F.normalize(self.net.encode_image(t["pixels"]).float(), dim=-1)
            each = 1.0 / t[PICTURES].clamp(min=1).repeat_interleave(t[PICTURES])
            out = out.index_add(0, _owners(t[PICTURES]), seen * each[:, None])
        if "text" in t:
            read = F.normalize(self.net.encode_text(t["text"]).float(), dim=-1)
            out = out.index_add(0, _owners(t[TEXTS]), read)
        return F.normalize(out, dim=-1)

    def split(self, batch: Batch, size: int) -> list[Batch]:
        """As `Model.split`; pictures and texts go with their items."""
        starts = {key: [0, *batch.tensors[key].cumsum(0).tolist()] for key in (PICTURES, TEXTS)}
        found = []
        for start in range(0, batch.items, size):
            stop = min(start + size, batch.items)
            tensors = {key: batch.tensors[key][start:stop] for key in (PICTURES, TEXTS)}
            for key, counts in (("pixels", PICTURES), ("text", TEXTS)):
                first, last = starts[counts][start], starts[counts][stop]
                if last > first:
                    tensors[key] = batch.tensors[key][first:last]
            found.append(Batch(tensors, stop - start))
        return found

    def save(self, folder: Path) -> None:
        """A folder of open_clip's kind: `local-dir:` and the pipeline's `open_clip` backend read it."""
        (folder / CONFIGURATION).write_text(json.dumps(self._configuration, indent=1), encoding="utf8")
        save_file({k: t.detach().cpu().contiguous() for k, t in self.net.state_dict().items()}, folder / WEIGHTS)

    def start_checkpointing(self) -> None:
        """As `Model.start_checkpointing`."""
        self.net.set_grad_checkpointing(True)


def _owners(counts: Tensor) -> Tensor:
    """[items] -> the item of each row."""
    return torch.arange(len(counts), device=counts.device).repeat_interleave(counts)


def _named(choice: ModelChoice) -> tuple[str, str | None]:
    """open_clip's name, and the tag of its weights."""
    if choice.path is None:
        raise SettingsError("model.path is not set: wanted a folder of open_clip's files, or NAME or NAME:TAG of its list")
    if Path(choice.path).is_dir():
        return f"local-dir:{choice.path}", None
    name, _, tag = choice.path.partition(":")
    return name, tag or None


def _configuration(name: str) -> dict[str, Any]:
    if name.startswith("local-dir:"):
        found: dict[str, Any] = json.loads(Path(name.removeprefix("local-dir:"), CONFIGURATION).read_text(encoding="utf8"))
        return found
    return {"model_cfg": open_clip.get_model_config(name), "preprocess_cfg": {}}


def _preprocess(net: Any, configuration: Mapping[str, Any]) -> PreprocessCfg:  # noqa: ANN401  # any of open_clip's models
    known = {f.name for f in fields(PreprocessCfg)}
    told = {**configuration["preprocess_cfg"], **getattr(net.visual, "preprocess_cfg", {})}
    given = {k: v for k, v in told.items() if k in known and v is not None}
    return PreprocessCfg(**{"size": configuration["model_cfg"]["vision_cfg"]["image_size"], **given})
