"""Text models: E5, BGE, decoder embedders, pooled by mean, first or last token."""

from collections.abc import Sequence

import numpy as np
import torch
from transformers import AutoModel, AutoTokenizer

from pipelines.encode.item_content import BadContent, Content
from pipelines.encode.pooling import pool, unit
from pipelines.encode.preset import EncoderSpec, dimensions_of, vector_settings
from pipelines.encode.protocol import Prepared, Vectors
from pipelines.models.padding import mask_of, padded
from pipelines.models.transformers_loading import dtype_on, load_processor, load_weights
from pipelines.models.weights_fingerprint import weights_fingerprint
from pipelines.models.weights_folder import folder_of


class TextPreparer:
    """Prompt and text as tokens; of a note only its text."""

    def __init__(self, spec: EncoderSpec) -> None:
        """Load the tokenizer.

        Raises:
            SettingsError: its files are missing.
        """
        self.spec = spec
        self.tokenizer = load_processor(AutoTokenizer, folder_of(spec, weights=False), spec)

    def prepare(self, content: Content) -> Prepared:
        """Array `input_ids` [t]. A text that is too long is truncated; the tokenizer's end tokens stay.

        Raises:
            BadContent: no text; this encoder reads no pictures.
        """
        if not content.words:
            raise BadContent("nothing to encode", f"{content.kind} without a text, for an encoder of texts")
        prompt = self.spec.content.of(content.kind).replace("{images}", "").replace("{text}", content.words)
        limit = {"truncation": True, "max_length": self.spec.max_length} if self.spec.max_length else {}
        ids = np.asarray(self.tokenizer(prompt, **limit)["input_ids"], np.int64)
        return Prepared({"input_ids": ids}, len(ids))


class TextEncoder:
    """The model on a device."""

    def __init__(self, spec: EncoderSpec, device: str) -> None:
        """Load the weights.

        Raises:
            SettingsError: they are missing, or not those of a model.
        """
        folder = folder_of(spec, weights=True)
        model, weights = load_weights(AutoModel, folder, spec, dtype_on(device, spec.gpu_dtype))
        self.fingerprint = weights_fingerprint(weights, vector_settings(spec), folder)
        self.model = model.to(device)
        self.spec, self.device = spec, device
        self.pad = model.config.pad_token_id or 0
        self.dimensions = dimensions_of(spec, model.config.hidden_size)

    @torch.inference_mode()
    def encode(self, batch: Sequence[Prepared]) -> Vectors:
        """Encode a batch (`Encoder.encode`)."""
        rows, side = [b.arrays["input_ids"] for b in batch], self.spec.padding_side
        mask = mask_of(rows, side).to(self.device)
        states = self.model(input_ids=padded(rows, self.pad, side).to(self.device), attention_mask=mask).last_hidden_state
        return unit(pool(states, mask, self.spec.pooling), self.dimensions)


def load_preparer(spec: EncoderSpec) -> TextPreparer:
    """The preparer of a preset (`load_encoder.load_preparer`)."""
    return TextPreparer(spec)


def load_encoder(spec: EncoderSpec, device: str) -> TextEncoder:
    """The model of a preset on a device (`load_encoder.load_encoder`)."""
    return TextEncoder(spec, device)
