"""Items of a vision-language model as tensors: chat template, tokens, patches by the model's own processor; and their cutting.

A row of `pixel_values` is no item: an item has as many pictures as it shows, and a picture as many patches as its grid says.
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
from uninote_train.data.item_content import shown, words
from uninote_train.models.protocol import Batch, Item, Pictures, Pixels
from uninote_train.models.qwen_processor import fits, tensors
from uninote_train.models.settings import ModelChoice
from uninote_train.models.vlm_prompts import asked_as

TOKEN_ROWS = ("input_ids", "attention_mask", "mm_token_type_ids")
"""Tensors with a value a token, [items, t]."""
PICTURES = "pictures_of"
"""[items] int64: how many pictures each item shows."""
GRID = "image_grid_thw"
"""[pictures, 3]: patches in time, height and width; a picture has their product as rows of pixel_values."""
MARK_TOKENS = 4
"""Beside a picture's own tokens: what opens and closes it, at most."""
PLACE = "{the words of the item}"
"""Where the words go in a prompt that is kept."""
PICTURES_SHARE = 0.75
"""Of what the prompt leaves of `max_length`: what an item's pictures may take together: shrunk alike, none left out."""


class VlmPreparer:
    """The model's processor; picklable."""

    def __init__(self, choice: ModelChoice, folder: str) -> None:
        """Load the processor.

        Raises:
            SettingsError: its files are not there.
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
            least, most = choice.min_pixels or size["shortest_edge"], choice.max_pixels or size["longest_edge"]
            self.processor.image_processor.size = {"shortest_edge": least, "longest_edge": most}
        added = [t.content for t in self.processor.tokenizer.added_tokens_decoder.values()]
        self._direct = fits(self.processor, self._around("", 2, False)[0])
        self._reserved = re.compile("|".join(re.escape(t) for t in sorted(added, key=len, reverse=True) if t.strip()) or "(?!)")

    def prepare(self, items: Sequence[Item], pictures: Pictures) -> Batch:
        """As `Preparer.prepare`; a text that is too long is cut at its end."""
        seen = [self._fitted(i, shown(i, pictures)) for i in items]
        said = [self._reserved.sub(" ", words(i)).strip() for i in items]  # a note that spells a picture's mark is no picture
        for item, images, text in zip(items, seen, said, strict=True):
            if not images and not text:
                raise DataError(f"item {item['item_id']}: a {item['kind']} without a picture or a word; build the shards again")
        made = self._processed(items, seen, said)
        long = made["attention_mask"].sum(1) - self.choice.max_length
        if (long > 0).any():
            said = [self._cut(text, int(n)) if n > 0 else text for text, n in zip(said, long, strict=True)]
            made = self._processed(items, seen, said)
        longest = int(made["attention_mask"].sum(1).max())
        if longest > self.choice.max_length:
            raise DataError(
                f"item of {longest} tokens, at most model.max_length = {self.choice.max_length}: its pictures alone are too "
                "many; raise it or lower model.max_pixels"
            )
        return Batch(made, len(items))

    def save(self, folder: Path) -> None:
        """Write the processor's files."""
        self.processor.save_pretrained(folder)

    def _processed(self, items: Sequence[Item], seen: list[list[Pixels]], said: list[str]) -> dict[str, Tensor]:
        texts = [self._prompt(i, len(p), w) for i, p, w in zip(items, seen, said, strict=True)]
        flat = [p for images in seen for p in images]
        counts = torch.tensor([len(p) for p in seen], dtype=torch.int64)
        if self._direct:
            return {**tensors(self.processor, texts, flat), PICTURES: counts}
        images = [Image.fromarray(p) for p in flat]
        found = self.processor(text=texts, images=images or None, padding=True, return_tensors="pt")
        return {**{k: torch.as_tensor(v) for k, v in found.items()}, PICTURES: counts}

    def _prompt(self, item: Item, images: int, text: str) -> str:
        system = self.choice.prompts.of(asked_as(item["kind"], images > 0, bool(text)))
        before, after = self._around(system, images, bool(text))
        return before + text + after

    def _around(self, system: str, images: int, text: bool) -> tuple[str, str]:
        """The prompt before and behind the text. A template is a program: it is run once for each shape of item."""
        key = (system, images, text)
        if key not in self._prompts:
            turn: list[dict[str, Any]] = [{"type": "image"} for _ in range(images)]
            turn += [{"type": "text", "text": PLACE}] if text else []
            turns = [{"role": "system", "content": [{"type": "text", "text": system}]}, {"role": "user", "content": turn}]
            whole = str(self.processor.apply_chat_template(turns, tokenize=False, add_generation_prompt=True))
            before, _, after = whole.partition(PLACE)
            self._prompts[key] = (before, after)
        return self._prompts[key]

    def _room(self, item: Item, images: int) -> int:
        """Tokens that an item without words leaves, its pictures' own not counted."""
        prompt = self._prompt(item, 0, "")
        if prompt not in self._lengths:
            self._lengths[prompt] = len(self.processor.tokenizer(prompt)["input_ids"])
        return max(self.choice.max_length - self._lengths[prompt] - MARK_TOKENS * images, 1)

    def _cut(self, text: str, tokens: int) -> str:
        """The text without its last `tokens` tokens."""
        ids = self.processor.tokenizer(text, add_special_tokens=False)["input_ids"]
        kept = self.processor.tokenizer.decode(ids[: max(len(ids) - tokens, 0)], skip_special_tokens=True)
        return str(kept).rstrip("\ufffd")  # half of a character at the cut

    def _fitted(self, item: Item, images: list[Pixels]) -> list[Pixels]:
        """The pictures, shrunk alike so that together they leave room for words."""
        patch, merge = (getattr(self.processor.image_processor, n, None) for n in ("patch_size", "merge_size"))
        if not images or not isinstance(patch, int) or not isinstance(merge, int):
            return images
        most = self._room(item, len(images)) * PICTURES_SHARE / len(images) * (patch * merge) ** 2
        return [shrink_to_area(p, most) for p in images]


def pieces(batch: Batch, size: int) -> list[Batch]:
    """`Model.split` for batches of `VlmPreparer`."""
    counts = batch.tensors[PICTURES].tolist()
    rows = _rows_of_pictures(batch)
    found, picture, patch = [], 0, 0
    for start in range(0, batch.items, size):
        stop = min(start + size, batch.items)
        longest = int(batch.tensors["attention_mask"][start:stop].any(0).nonzero().max()) + 1
        taken = {n: batch.tensors[n][start:stop, :longest] for n in TOKEN_ROWS if n in batch.tensors}
        shown_here = sum(counts[start:stop])
        patches = sum(rows[picture : picture + shown_here])
        if shown_here:
            taken |= _pictures(batch, slice(picture, picture + shown_here), slice(patch, patch + patches))
        picture, patch = picture + shown_here, patch + patches
        found.append(Batch({**taken, PICTURES: batch.tensors[PICTURES][start:stop]}, stop - start))
    return found


def _rows_of_pictures(batch: Batch) -> list[int]:
    """Rows of pixel_values that each picture has."""
    if GRID in batch.tensors:
        return [int(n) for n in batch.tensors[GRID].prod(1).tolist()]
    return [1] * int(batch.tensors[PICTURES].sum())


def _pictures(batch: Batch, pictures: slice, patches: slice) -> dict[str, Tensor]:
    """All that is not by token: pixel_values by patch, the rest by picture."""
    others = {n: t for n, t in batch.tensors.items() if n not in (*TOKEN_ROWS, PICTURES)}
    return {n: t[patches if n == "pixel_values" else pictures] for n, t in others.items()}
