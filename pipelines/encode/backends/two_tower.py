"""Two-tower models of transformers: Chinese-CLIP, BLIP's retrieval heads, CLIP, SigLIP."""

import json
from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from transformers import AutoImageProcessor, AutoModel, AutoTokenizer, BlipForImageTextRetrieval

from pipelines.encode.item_content import BadContent, Content
from pipelines.encode.note_mean import mean_of_elements, stacked
from pipelines.encode.pooling import unit
from pipelines.encode.preset import EncoderSpec, dimensions_of, vector_settings
from pipelines.encode.protocol import Prepared, Vectors
from pipelines.models.padding import mask_of, padded
from pipelines.models.transformers_loading import dtype_on, load_processor, load_weights
from pipelines.models.weights_fingerprint import weights_fingerprint
from pipelines.models.weights_folder import folder_of

PICTURE_TOKENS = 256
"""Cost of a picture in a batch, in tokens: 196 to 576 patches."""


class DualPreparer:
    """The model's image processor and tokenizer."""

    def __init__(self, spec: EncoderSpec) -> None:
        """Load both.

        Raises:
            SettingsError: their files are missing.
        """
        folder = folder_of(spec, weights=False)
        self.spec = spec
        self.pictures = load_processor(AutoImageProcessor, folder, spec)
        self.tokenizer = load_processor(AutoTokenizer, folder, spec)

    def prepare(self, content: Content) -> Prepared:
        """Arrays `pictures` [n, 3, h, w] float32 and `text` [1, t] int64, truncated at `max_length`.

        Raises:
            BadContent: neither picture nor text.
        """
        arrays: dict[str, np.ndarray] = {}
        if content.images:
            images = [Image.fromarray(p) for p in content.images]
            arrays["pictures"] = np.asarray(self.pictures(images=images, return_tensors="np")["pixel_values"])
        if content.words:
            limit = {"truncation": True, "max_length": self.spec.max_length} if self.spec.max_length else {}
            arrays["text"] = np.asarray([self.tokenizer(content.words, **limit)["input_ids"]], np.int64)
        if not arrays:
            raise BadContent("nothing to encode", f"{content.kind} without a picture or a text")
        return Prepared(arrays, PICTURE_TOKENS * len(content.images) + (arrays["text"].shape[1] if "text" in arrays else 0))


class DualEncoder:
    """Both towers on a device."""

    def __init__(self, spec: EncoderSpec, device: str) -> None:
        """Load the weights.

        Raises:
            SettingsError: they are missing, or not those of a model.
        """
        folder = folder_of(spec, weights=True)
        config = json.loads((folder / "config.json").read_text(encoding="utf8")) if (folder / "config.json").exists() else {}
        self.blip = config.get("model_type") == "blip"
        kind = BlipForImageTextRetrieval if self.blip else AutoModel  # BLIP's own AutoModel has no trained projections
        model, weights = load_weights(kind, folder, spec, dtype_on(device, spec.gpu_dtype))
        self.fingerprint = weights_fingerprint(weights, vector_settings(spec), folder)
        self.model = model.to(device)
        self.spec, self.device = spec, device
        self.pad = model.config.get_text_config().pad_token_id or 0
        width = model.config.image_text_hidden_size if self.blip else model.config.projection_dim
        self.dimensions = dimensions_of(spec, width)

    @torch.inference_mode()
    def encode(self, batch: Sequence[Prepared]) -> Vectors:
        """Encode a batch (`Encoder.encode`)."""
        pixels = stacked(batch, "pictures")
        rows = [b.arrays["text"][0] for b in batch if "text" in b.arrays]
        pictures = self._pictures(pixels.to(self.device, self.model.dtype)) if pixels is not None else None
        texts = self._texts(padded(rows, self.pad, "right"), mask_of(rows, "right")) if rows else None
        return unit(mean_of_elements(batch, pictures, texts), self.dimensions)

    def _pictures(self, pixels: Tensor) -> Tensor:
        if self.blip:
            states = self.model.vision_model(pixel_values=pixels).last_hidden_state
            return self.model.vision_proj(states[:, 0]).float().cpu()
        return self.model.get_image_features(pixel_values=pixels).pooler_output.float().cpu()

    def _texts(self, ids: Tensor, mask: Tensor) -> Tensor:
        ids, mask = ids.to(self.device), mask.to(self.device)
        if self.blip:
            states = self.model.text_encoder(input_ids=ids, attention_mask=mask, return_dict=True).last_hidden_state
            return self.model.text_proj(states[:, 0]).float().cpu()
        return self.model.get_text_features(input_ids=ids, attention_mask=mask).pooler_output.float().cpu()


def load_preparer(spec: EncoderSpec) -> DualPreparer:
    """The preparer of a preset (`load_encoder.load_preparer`)."""
    return DualPreparer(spec)


def load_encoder(spec: EncoderSpec, device: str) -> DualEncoder:
    """The model of a preset on a device (`load_encoder.load_encoder`)."""
    return DualEncoder(spec, device)
