"""open_clip: CLIP, SigLIP, MobileCLIP and whatever else it has a configuration for."""

import json
from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import torch
from open_clip.transform import PreprocessCfg, image_transform_v2
from PIL import Image
from torch import Tensor

from pipelines.encode.item_content import BadContent, Content
from pipelines.encode.note_mean import mean_of_elements, stacked
from pipelines.encode.pooling import unit
from pipelines.encode.preset import EncoderSpec, dimensions_of, vector_settings
from pipelines.encode.protocol import Prepared, Vectors
from pipelines.models.transformers_loading import dtype_on
from pipelines.models.weights_fingerprint import weights_fingerprint
from pipelines.models.weights_folder import folder_of
from schemas.errors import SettingsError

PICTURE_TOKENS = 256
"""What a picture costs beside a text's tokens: the patches of 224 pixels in steps of 14."""
CONFIGURATION = "open_clip_config.json"


class ClipPreparer:
    """The model's own transform and tokenizer, made from its configuration alone."""

    def __init__(self, spec: EncoderSpec) -> None:
        """Read the configuration; no weights.

        Raises:
            SettingsError: an unknown model name, or files that are not there.
        """
        name, folder = _named(spec, weights=False)
        self.transform = image_transform_v2(_preprocess(spec, name, folder), is_train=False)
        try:
            self.tokenizer = open_clip.get_tokenizer(name)
        except (OSError, ValueError, RuntimeError, ImportError) as error:
            raise _refused(spec, "tokenizer", error) from None

    def prepare(self, content: Content) -> Prepared:
        """Arrays `pictures` [n, 3, h, w] float32 and `text` [1, context] int64, cut at the context's end.

        Raises:
            BadContent: neither picture nor word.
        """
        arrays: dict[str, np.ndarray] = {}
        if content.images:
            arrays["pictures"] = torch.stack([self.transform(Image.fromarray(p)) for p in content.images]).numpy()
        if content.words:
            arrays["text"] = self.tokenizer([content.words]).numpy()
        if not arrays:
            raise BadContent("nothing to encode", f"{content.kind} without a picture or a word")
        texts = arrays["text"].shape[1] if "text" in arrays else 0
        return Prepared(arrays, PICTURE_TOKENS * len(content.images) + texts)


class ClipEncoder:
    """Both towers on a device."""

    def __init__(self, spec: EncoderSpec, device: str) -> None:
        """Load the weights.

        Raises:
            SettingsError: they are not there, or do not fit the configuration.
        """
        name, folder = _named(spec, weights=True)
        try:
            model = open_clip.create_model(name, pretrained=None if folder else spec.pretrained, require_pretrained=True)
        except (OSError, ValueError, RuntimeError, ImportError) as error:
            raise _refused(spec, "weights", error) from None
        model = model.to(dtype_on(device, spec.gpu_dtype))
        self.fingerprint = weights_fingerprint(model.state_dict(), vector_settings(spec), folder)
        self.model = model.eval().to(device)
        self.spec, self.device = spec, device
        self.dimensions = dimensions_of(spec, int(_configuration(name, folder)["model_cfg"]["embed_dim"]))

    @torch.inference_mode()
    def encode(self, batch: Sequence[Prepared]) -> Vectors:
        """As `Encoder.encode`."""
        seen = self._tower(self.model.encode_image, stacked(batch, "pictures"), next(self.model.parameters()).dtype)
        read = self._tower(self.model.encode_text, stacked(batch, "text"), torch.int64)
        return unit(mean_of_elements(batch, seen, read), self.dimensions)

    def _tower(self, tower: Callable[[Tensor], Tensor], inputs: Tensor | None, dtype: torch.dtype) -> Tensor | None:
        return None if inputs is None else tower(inputs.to(self.device, dtype)).float().cpu()


def load_preparer(spec: EncoderSpec) -> ClipPreparer:
    """As `load_encoder.load_preparer`."""
    return ClipPreparer(spec)


def load_encoder(spec: EncoderSpec, device: str) -> ClipEncoder:
    """As `load_encoder.load_encoder`."""
    return ClipEncoder(spec, device)


def _named(spec: EncoderSpec, weights: bool) -> tuple[str, Path | None]:
    """The name open_clip is asked with, and the folder when it is one of files: everything but its own model names."""
    if spec.path is not None or "/" in spec.model:
        folder = folder_of(spec, weights)
        return f"local-dir:{folder}", folder
    if spec.model not in open_clip.list_models():
        raise SettingsError(
            f"encoder.model '{spec.model}': open_clip {open_clip.__version__} has no such model; "
            "`python -c 'import open_clip; print(open_clip.list_models())'` prints its names; a hub id has a slash"
        )
    return spec.model, None


def _configuration(name: str, folder: Path | None) -> dict[str, Any]:
    """`model_cfg` and `preprocess_cfg`, as a folder of open_clip's has them."""
    if folder is None:
        return {"model_cfg": open_clip.get_model_config(name), "preprocess_cfg": {}}
    try:
        found: dict[str, Any] = json.loads((folder / CONFIGURATION).read_text(encoding="utf8"))
    except (OSError, ValueError) as error:
        raise SettingsError(f"encoder.path {folder}: no readable {CONFIGURATION}: {error}; wanted open_clip's files") from None
    return found


def _preprocess(spec: EncoderSpec, name: str, folder: Path | None) -> PreprocessCfg:
    """How pictures are resized and scaled: the weights' own way, without loading them."""
    told = _configuration(name, folder)
    tagged = open_clip.get_pretrained_cfg(name, spec.pretrained) if folder is None and spec.pretrained else {}
    known = {f.name for f in fields(PreprocessCfg)}
    given = {k: v for k, v in {**tagged, **told["preprocess_cfg"]}.items() if k in known and v is not None}
    return PreprocessCfg(**{"size": told["model_cfg"]["vision_cfg"]["image_size"], **given})


def _refused(spec: EncoderSpec, what: str, error: Exception) -> SettingsError:
    return SettingsError(
        f"encoder.model '{spec.path or spec.model}'{f', pretrained {spec.pretrained}' if spec.pretrained else ''}: open_clip "
        f"could not load its {what}: {type(error).__name__}: {str(error)[:200]}; without a network download the model's hub "
        "folder (`hf download ID --local-dir DIR`) and set encoder.path=DIR"
    )
