"""open_clip models: CLIP, SigLIP, MobileCLIP and all others that it has a configuration for."""

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
"""Cost of a picture in a batch, in tokens: the patches of 224 pixels in steps of 14."""
CONFIGURATION = "open_clip_config.json"


class ClipPreparer:
    """The model's own transform and tokenizer, from its configuration alone."""

    def __init__(self, spec: EncoderSpec) -> None:
        """Read the configuration; no weights.

        Raises:
            SettingsError: an unknown model name, or missing files.
        """
        name, folder = _name_and_folder(spec, weights=False)
        self.transform = image_transform_v2(_preprocess(spec, name, folder), is_train=False)
        try:
            self.tokenizer = open_clip.get_tokenizer(name)
        except (OSError, ValueError, RuntimeError, ImportError) as error:
            raise _load_error(spec, "tokenizer", error) from None

    def prepare(self, content: Content) -> Prepared:
        """Arrays `pictures` [n, 3, h, w] float32 and `text` [1, context] int64, truncated at the context length.

        Raises:
            BadContent: neither picture nor text.
        """
        arrays: dict[str, np.ndarray] = {}
        if content.images:
            arrays["pictures"] = torch.stack([self.transform(Image.fromarray(p)) for p in content.images]).numpy()
        if content.words:
            arrays["text"] = self.tokenizer([content.words]).numpy()
        if not arrays:
            raise BadContent("nothing to encode", f"{content.kind} without a picture or a text")
        tokens = arrays["text"].shape[1] if "text" in arrays else 0
        return Prepared(arrays, PICTURE_TOKENS * len(content.images) + tokens)


class ClipEncoder:
    """Both towers on a device."""

    def __init__(self, spec: EncoderSpec, device: str) -> None:
        """Load the weights.

        Raises:
            SettingsError: they are missing, or do not fit the configuration.
        """
        name, folder = _name_and_folder(spec, weights=True)
        try:
            model = open_clip.create_model(name, pretrained=None if folder else spec.pretrained, require_pretrained=True)
        except (OSError, ValueError, RuntimeError, ImportError) as error:
            raise _load_error(spec, "weights", error) from None
        model = model.to(dtype_on(device, spec.gpu_dtype))
        self.fingerprint = weights_fingerprint(model.state_dict(), vector_settings(spec), folder)
        self.model = model.eval().to(device)
        self.spec, self.device = spec, device
        self.dimensions = dimensions_of(spec, int(_configuration(name, folder)["model_cfg"]["embed_dim"]))

    @torch.inference_mode()
    def encode(self, batch: Sequence[Prepared]) -> Vectors:
        """Encode a batch (`Encoder.encode`)."""
        pictures = self._tower(self.model.encode_image, stacked(batch, "pictures"), next(self.model.parameters()).dtype)
        texts = self._tower(self.model.encode_text, stacked(batch, "text"), torch.int64)
        return unit(mean_of_elements(batch, pictures, texts), self.dimensions)

    def _tower(self, tower: Callable[[Tensor], Tensor], inputs: Tensor | None, dtype: torch.dtype) -> Tensor | None:
        return None if inputs is None else tower(inputs.to(self.device, dtype)).float().cpu()


def load_preparer(spec: EncoderSpec) -> ClipPreparer:
    """The preparer of a preset (`load_encoder.load_preparer`)."""
    return ClipPreparer(spec)


def load_encoder(spec: EncoderSpec, device: str) -> ClipEncoder:
    """The model of a preset on a device (`load_encoder.load_encoder`)."""
    return ClipEncoder(spec, device)


def _name_and_folder(spec: EncoderSpec, weights: bool) -> tuple[str, Path | None]:
    """The name for open_clip, and the folder of the files; None for one of its own model names."""
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
    """`model_cfg` and `preprocess_cfg`, as in a folder of open_clip."""
    if folder is None:
        return {"model_cfg": open_clip.get_model_config(name), "preprocess_cfg": {}}
    try:
        configuration: dict[str, Any] = json.loads((folder / CONFIGURATION).read_text(encoding="utf8"))
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"encoder.path {folder}: no readable {CONFIGURATION}: {error}; expected open_clip's files"
        ) from None
    return configuration


def _preprocess(spec: EncoderSpec, name: str, folder: Path | None) -> PreprocessCfg:
    """How pictures are resized and normalised for the weights, without loading them."""
    configuration = _configuration(name, folder)
    tagged = open_clip.get_pretrained_cfg(name, spec.pretrained) if folder is None and spec.pretrained else {}
    names = {f.name for f in fields(PreprocessCfg)}
    values = {k: v for k, v in {**tagged, **configuration["preprocess_cfg"]}.items() if k in names and v is not None}
    return PreprocessCfg(**{"size": configuration["model_cfg"]["vision_cfg"]["image_size"], **values})


def _load_error(spec: EncoderSpec, what: str, error: Exception) -> SettingsError:
    return SettingsError(
        f"encoder.model '{spec.path or spec.model}'{f', pretrained {spec.pretrained}' if spec.pretrained else ''}: open_clip "
        f"could not load its {what}: {type(error).__name__}: {str(error)[:200]}; without a network download the model's hub "
        "folder (`hf download ID --local-dir DIR`) and set encoder.path=DIR"
    )
