"""Vision-language models pooled at one token: Qwen3-VL(-Embedding), Qwen2-VL, GME, RzenEmbed, LLaVA-NeXT (E5-V), ...

The base model runs without its language head: the logits of 150,000 tokens are never computed.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from transformers import AutoModel, AutoProcessor

from pipelines.encode.item_content import BadContent, Content
from pipelines.encode.pooling import pool, positions, unit
from pipelines.encode.preset import EncoderSpec, dimensions_of, vector_settings
from pipelines.encode.protocol import Prepared, Vectors
from pipelines.media.decode import Pixels
from pipelines.models.padding import joined, mask_of, padded
from pipelines.models.transformers_loading import dtype_on, load_processor, load_weights
from pipelines.models.weights_fingerprint import weights_fingerprint
from pipelines.models.weights_folder import folder_of
from schemas.item import Kind
from small_encoder.pixels import shrink_to_area

MARK_TOKENS = 4
"""Tokens before and after a picture's own, at most."""
PICTURES_SHARE = 0.75
"""Share of `max_length` without the prompt that an item's pictures may use together. The pictures of a note with many are
shrunk, not dropped."""
TOKEN_ROWS = ("input_ids", "mm_token_type_ids")
"""Arrays with one value for each token; the others have one for each picture or patch."""


class VlmPreparer:
    """Chat template, tokens and patches, by the model's own processor."""

    def __init__(self, spec: EncoderSpec) -> None:
        """Load the processor.

        Raises:
            SettingsError: its files are missing.
        """
        folder = folder_of(spec, weights=False)
        self.spec = spec
        self.processor = load_processor(AutoProcessor, folder, spec)
        size = getattr(self.processor.image_processor, "size", None)
        if spec.max_pixels and size is not None:
            self.processor.image_processor.size = {"shortest_edge": spec.min_pixels, "longest_edge": spec.max_pixels}
        added = [t.content for t in self.processor.tokenizer.added_tokens_decoder.values()]
        self.reserved = re.compile("|".join(re.escape(t) for t in sorted(added, key=len, reverse=True) if t.strip()) or "(?!)")

    def prepare(self, content: Content) -> Prepared:
        """Arrays `input_ids` [t] and those of the pictures.

        Raises:
            BadContent: neither picture nor text, or too long for the model even with a short text.
        """
        words = self.reserved.sub(" ", content.words).strip()  # a text that contains a picture's placeholder is not a picture
        if "{text}" not in self.spec.content.of(_prompt_kind(content, words)):
            words = ""
        if not content.images and not words:
            raise BadContent("nothing to encode", f"{content.kind} without a picture or a text")
        pictures = [Image.fromarray(p) for p in self._fitted(content)]
        arrays, limit = self._processed(content, pictures, words), self.spec.max_length
        while limit and len(arrays["input_ids"]) > limit:
            shorter = self._cut(words, len(arrays["input_ids"]) - limit)
            if shorter == words or not words:
                raise BadContent("too long", f"{len(arrays['input_ids'])} tokens, {len(pictures)} pictures; at most {limit}")
            words = shorter
            arrays = self._processed(content, pictures, words)
        return Prepared(arrays, len(arrays["input_ids"]))

    def prompt(self, content: Content, words: str) -> str:
        """The processor's input text, with a placeholder for each picture."""
        spec, kind = self.spec, _prompt_kind(content, words)
        if spec.template:
            marks = spec.image_mark * len(content.images)
            content_text = spec.content.of(kind).format(images=marks, text=words)
            return spec.template.format(system=spec.system.of(kind), content=content_text)
        before, after = spec.content.of(kind).replace("{images}", "").split("{text}") if words else ("", "")
        parts: list[dict[str, Any]] = [{"type": "image"} for _ in content.images]
        if words:
            parts.append({"type": "text", "text": before + words + after})
        turns = [{"role": "user", "content": parts}]
        if spec.system.of(kind):
            turns.insert(0, {"role": "system", "content": [{"type": "text", "text": spec.system.of(kind)}]})
        return str(self.processor.apply_chat_template(turns, tokenize=False, add_generation_prompt=True))

    def _processed(self, content: Content, pictures: list[Image.Image], words: str) -> dict[str, np.ndarray]:
        output = self.processor(text=[self.prompt(content, words)], images=pictures or None, return_tensors="np")
        arrays = {k: np.asarray(v) for k, v in output.items() if k != "attention_mask"}
        return {k: v[0] if k in TOKEN_ROWS else v for k, v in arrays.items()}

    def _cut(self, words: str, tokens: int) -> str:
        """The text without its last `tokens` tokens, or one more."""
        ids = self.processor.tokenizer(words, add_special_tokens=False)["input_ids"]
        shorter = self.processor.tokenizer.decode(ids[: max(len(ids) - tokens, 0)], skip_special_tokens=True)
        return str(shorter).rstrip("\ufffd")  # half of a character at the cut

    def _fitted(self, content: Content) -> list[Pixels]:
        """The pictures, all shrunk by the same factor so that together they leave room for text."""
        patch = getattr(self.processor.image_processor, "patch_size", None)
        merge = getattr(self.processor.image_processor, "merge_size", None)
        count = len(content.images)
        if not count or not self.spec.max_length or not isinstance(patch, int) or not isinstance(merge, int):
            return list(content.images)
        prompt = self.prompt(Content(kind=content.kind), "")
        room = self.spec.max_length - len(self.processor.tokenizer(prompt)["input_ids"]) - MARK_TOKENS * count
        most = max(room, 1) * PICTURES_SHARE / count * (patch * merge) ** 2
        return [shrink_to_area(p, most) for p in content.images]


class VlmEncoder:
    """The base model on a device."""

    def __init__(self, spec: EncoderSpec, device: str) -> None:
        """Load the weights.

        Raises:
            SettingsError: they are missing, are not those of a model, or have fewer dimensions than the preset.
        """
        folder: Path = folder_of(spec, weights=True)
        model, weights = load_weights(AutoModel, folder, spec, dtype_on(device, spec.gpu_dtype))
        self.fingerprint = weights_fingerprint(weights, vector_settings(spec), folder)
        self.model = model.to(device)
        self.spec, self.device = spec, device
        self.pad = model.config.get_text_config().pad_token_id or 0
        self.dimensions = dimensions_of(spec, model.config.get_text_config().hidden_size)

    @torch.inference_mode()
    def encode(self, batch: Sequence[Prepared]) -> Vectors:
        """Encode a batch (`Encoder.encode`)."""
        items = [b.arrays for b in batch]
        side = self.spec.padding_side
        rows = [i["input_ids"] for i in items]
        mask = mask_of(rows, side)
        inputs: dict[str, torch.Tensor] = {"input_ids": padded(rows, self.pad, side), "attention_mask": mask}
        if self.spec.plain_positions:
            inputs["position_ids"] = positions(mask).expand(3, -1, -1)
        if all("mm_token_type_ids" in i for i in items):
            inputs["mm_token_type_ids"] = padded([i["mm_token_type_ids"] for i in items], 0, side)
        for key in ("pixel_values", "image_grid_thw", "image_sizes"):
            array = joined(items, key)
            if array is not None:
                inputs[key] = array.to(self.model.dtype) if array.is_floating_point() else array
        moved = {k: v.to(self.device) for k, v in inputs.items()}
        states = self.model(**moved, use_cache=False).last_hidden_state
        return unit(pool(states, moved["attention_mask"], self.spec.pooling), self.dimensions)


def load_preparer(spec: EncoderSpec) -> VlmPreparer:
    """The preparer of a preset (`load_encoder.load_preparer`)."""
    return VlmPreparer(spec)


def load_encoder(spec: EncoderSpec, device: str) -> VlmEncoder:
    """The model of a preset on a device (`load_encoder.load_encoder`)."""
    return VlmEncoder(spec, device)


def _prompt_kind(content: Content, words: str) -> Kind:
    """A note with only text uses the prompt of a text, one with only pictures that of an image, as the authors have them."""
    if content.kind != "note" or (content.images and words):
        return content.kind
    return "image" if content.images else "text"
