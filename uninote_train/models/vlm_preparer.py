"""Items as tensors of a vision-language model (chat template, tokens, patches by its processor), and how to split a batch.

A row of `pixel_values` is not an item but a patch: an item has any number of pictures, and a picture the patches of its grid.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor
from transformers import AutoProcessor

from schemas.errors import DataError, SettingsError
from small_encoder.pixels import shrink_to_area
from uninote_train.models.item_content import item_pixels, item_text
from uninote_train.models.protocol import Batch, Item, Pictures, Pixels
from uninote_train.models.qwen_processor import matches_processor, processor_tensors
from uninote_train.models.settings import ModelChoice
from uninote_train.models.vlm_prompts import prompt_kind

TOKEN_ROWS = ("input_ids", "attention_mask", "mm_token_type_ids")
"""Tensors with one value per token, [items, t]."""
PICTURES = "pictures_of"
"""[items] int64: pictures per item."""
GRID = "image_grid_thw"
"""[pictures, 3]: patches in time, height and width; their product is the picture's rows of pixel_values."""
PICTURE_TOKENS = 512
"""Tokens of a picture where `model.max_pixels` is not set, at most: a note of four leaves room for its text."""
MARK_TOKENS = 4
"""Tokens around a picture's own that open and close it, at most."""
TEXT_SLOT = "{the words of the item}"
"""Marks the position of the text in a cached prompt."""
PICTURES_SHARE = 0.75
"""Share of the tokens that the prompt leaves of `max_length` which an item's pictures may take; they are scaled down alike,
none is left out."""


class VlmPreparer:
    """The model's processor; picklable."""

    def __init__(self, choice: ModelChoice, folder: str) -> None:
        """Load the processor.

        Raises:
            SettingsError: its files are missing.
        """
        try:
            self.processor = AutoProcessor.from_pretrained(folder, trust_remote_code=False)  # type: ignore[no-untyped-call]
        except (OSError, ValueError) as error:
            raise SettingsError(f"model.path {folder}: no processor: {str(error).splitlines()[0][:200]}") from None
        self.processor.tokenizer.padding_side = "right"
        self.choice = choice
        self._prompts: dict[tuple[str, int, bool], tuple[str, str]] = {}
        self._lengths: dict[str, int] = {}
        size = dict(getattr(self.processor.image_processor, "size", None) or {})
        if "longest_edge" in size:
            least, most = (
                choice.min_pixels or size["shortest_edge"],
                choice.max_pixels or self._most_pixels(size["longest_edge"]),
            )
            self.processor.image_processor.size = {"shortest_edge": least, "longest_edge": most}
        added = [t.content for t in self.processor.tokenizer.added_tokens_decoder.values()]
        self._direct = matches_processor(self.processor, self._around("", 2, False)[0])
        self._reserved = re.compile("|".join(re.escape(t) for t in sorted(added, key=len, reverse=True) if t.strip()) or "(?!)")

    def _most_pixels(self, processors: int) -> int:
        """The processor's limit of pixels for a picture, or that of `PICTURE_TOKENS` if it is lower (Qwen3-VL's is 16,384)."""
        patch, merge = (getattr(self.processor.image_processor, n, None) for n in ("patch_size", "merge_size"))
        return min(processors, PICTURE_TOKENS * (patch * merge) ** 2) if patch and merge else processors

    def prepare(self, items: Sequence[Item], pictures: Pictures) -> Batch:
        """As `Preparer.prepare`; a text that is too long is truncated."""
        pixels = [self._fitted(i, item_pixels(i, pictures)) for i in items]
        # special tokens in a note's text must not count as pictures
        texts = [self._reserved.sub(" ", item_text(i)).strip() for i in items]
        for item, images, text in zip(items, pixels, texts, strict=True):
            if not images and not text:
                raise DataError(f"item {item['item_id']}: a {item['kind']} without a picture or text; build the shards again")
        tensors = self._processed(items, pixels, texts)
        excess = tensors["attention_mask"].sum(1) - self.choice.max_length
        if (excess > 0).any():
            texts = [self._truncated(text, int(n)) if n > 0 else text for text, n in zip(texts, excess, strict=True)]
            tensors = self._processed(items, pixels, texts)
        longest = int(tensors["attention_mask"].sum(1).max())
        if longest > self.choice.max_length:
            raise DataError(
                f"an item has {longest} tokens, more than model.max_length = {self.choice.max_length}, even without text: "
                "it has too many pictures; raise model.max_length or lower model.max_pixels"
            )
        return Batch(tensors, len(items))

    def save(self, folder: Path) -> None:
        """Write the processor's files."""
        self.processor.save_pretrained(folder)

    def _processed(self, items: Sequence[Item], pixels: list[list[Pixels]], words: list[str]) -> dict[str, Tensor]:
        texts = [self._prompt(i, len(p), w) for i, p, w in zip(items, pixels, words, strict=True)]
        flat = [p for images in pixels for p in images]
        counts = torch.tensor([len(p) for p in pixels], dtype=torch.int64)
        if self._direct:
            return {**processor_tensors(self.processor, texts, flat), PICTURES: counts}
        images = [Image.fromarray(p) for p in flat]
        encoded = self.processor(text=texts, images=images or None, padding=True, return_tensors="pt")
        return {**{k: torch.as_tensor(v) for k, v in encoded.items()}, PICTURES: counts}

    def _prompt(self, item: Item, images: int, text: str) -> str:
        system = self.choice.prompts.of(prompt_kind(item["kind"], images > 0, bool(text)))
        before, after = self._around(system, images, bool(text))
        return before + text + after

    def _around(self, system: str, images: int, text: bool) -> tuple[str, str]:
        """The prompt before and after the text, cached: a template is a program, run once for each shape of item."""
        key = (system, images, text)
        if key not in self._prompts:
            turn: list[dict[str, Any]] = [{"type": "image"} for _ in range(images)]
            turn += [{"type": "text", "text": TEXT_SLOT}] if text else []
            turns = [{"role": "system", "content": [{"type": "text", "text": system}]}, {"role": "user", "content": turn}]
            whole = str(self.processor.apply_chat_template(turns, tokenize=False, add_generation_prompt=True))
            before, _, after = whole.partition(TEXT_SLOT)
            self._prompts[key] = (before, after)
        return self._prompts[key]

    def _room(self, item: Item, images: int) -> int:
        """Tokens that are left for pictures and text: `max_length` without the prompt and the marks of the pictures."""
        prompt = self._prompt(item, 0, "")
        if prompt not in self._lengths:
            self._lengths[prompt] = len(self.processor.tokenizer(prompt)["input_ids"])
        return max(self.choice.max_length - self._lengths[prompt] - MARK_TOKENS * images, 1)

    def _truncated(self, text: str, tokens: int) -> str:
        """The text without its last `tokens` tokens."""
        ids = self.processor.tokenizer(text, add_special_tokens=False)["input_ids"]
        shortened = self.processor.tokenizer.decode(ids[: max(len(ids) - tokens, 0)], skip_special_tokens=True)
        return str(shortened).rstrip("\ufffd")  # half a character at the end

    def _fitted(self, item: Item, images: list[Pixels]) -> list[Pixels]:
        """The pictures, scaled down alike so that together they leave room for text."""
        patch, merge = (getattr(self.processor.image_processor, n, None) for n in ("patch_size", "merge_size"))
        if not images or not isinstance(patch, int) or not isinstance(merge, int):
            return images
        max_pixels = self._room(item, len(images)) * PICTURES_SHARE / len(images) * (patch * merge) ** 2
        return [shrink_to_area(p, max_pixels) for p in images]


def split_batch(batch: Batch, size: int) -> list[Batch]:
    """`Model.split` for batches of `VlmPreparer`."""
    counts = batch.tensors[PICTURES].tolist()
    rows = _rows_of_pictures(batch)
    parts, picture, patch = [], 0, 0
    for start in range(0, batch.items, size):
        stop = min(start + size, batch.items)
        longest = int(batch.tensors["attention_mask"][start:stop].any(0).nonzero().max()) + 1
        tensors = {n: batch.tensors[n][start:stop, :longest] for n in TOKEN_ROWS if n in batch.tensors}
        pictures = sum(counts[start:stop])
        patches = sum(rows[picture : picture + pictures])
        if pictures:
            tensors |= _pictures(batch, slice(picture, picture + pictures), slice(patch, patch + patches))
        picture, patch = picture + pictures, patch + patches
        parts.append(Batch({**tensors, PICTURES: batch.tensors[PICTURES][start:stop]}, stop - start))
    return parts


def _rows_of_pictures(batch: Batch) -> list[int]:
    """Rows of pixel_values per picture."""
    if GRID in batch.tensors:
        return [int(n) for n in batch.tensors[GRID].prod(1).tolist()]
    return [1] * int(batch.tensors[PICTURES].sum())


def _pictures(batch: Batch, pictures: slice, patches: slice) -> dict[str, Tensor]:
    """The tensors that have no row per token: pixel_values by patch, the others by picture."""
    others = {n: t for n, t in batch.tensors.items() if n not in (*TOKEN_ROWS, PICTURES)}
    return {n: t[patches if n == "pixel_values" else pictures] for n, t in others.items()}
