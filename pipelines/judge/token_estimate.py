"""Estimate of the prompt tokens of pairs, before anything is loaded or sent."""

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from pipelines.judge.preset import JudgeSpec
from pipelines.judge.prompt.question import ROLES
from pipelines.judge.protocol import Sizes

WIDE, NARROW = 0.8, 0.3
"""Tokens per Chinese character and per other character. Chosen by us: Qwen's tokenizer has 0.6 to 0.8 and 0.22 to 0.3."""
UNKNOWN_SIDE = 768
"""Side of a picture of unknown size, pixels."""
MIN_PICTURE_TOKENS = 4
CHAT_TOKENS = 16
"""Tokens of the chat template itself."""


def prompt_tokens(spec: JudgeSpec, pairs: pa.Table, sizes: Sizes) -> int:
    """An estimate of all prompt tokens, as `Judge.tokens`; 0 for a judge without a model.

    Args:
        spec: the question, and the limits of an item.
        pairs: PAIRS.
        sizes: image_id -> width and height in pixels.
    """
    if not spec.question.user:
        return 0
    question = spec.question
    template = CHAT_TOKENS + text_tokens(question.system) + text_tokens(_without_placeholders(question.user))
    by_task = {t: text_tokens(question.relevant.get(t, question.relevant.get("default", ""))) for t in _tasks(pairs)}
    total = 0.0
    for pair in pairs.select(["task", *ROLES]).to_pylist():
        total += template + by_task[pair["task"]] + sum(_item_tokens(spec, pair[role], sizes) for role in ROLES)
    return round(total)


def text_tokens(text: str) -> float:
    """An estimate of the tokens of a text."""
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return wide * WIDE + (len(text) - wide) * NARROW


def _item_tokens(spec: JudgeSpec, item: Mapping[str, Any], sizes: Sizes) -> float:
    pixels = [_pixels(spec, item, sizes.get(i, (UNKNOWN_SIDE, UNKNOWN_SIDE))) for i in item["image_ids"] or []]
    factor = min(1.0, spec.item_pixels / max(sum(pixels), 1.0))
    label = text_tokens(_without_placeholders(spec.question.picture))
    pictures = sum(max(p * factor / spec.pixels_per_token, MIN_PICTURE_TOKENS) + label for p in pixels)
    return pictures + text_tokens((item["text"] or "")[: spec.item_chars])


def _pixels(spec: JudgeSpec, item: Mapping[str, Any], size: tuple[int, int]) -> float:
    """Pixels of a picture or crop before the limit of its item."""
    width, height = size
    factor = min(1.0, spec.longest_side / max(width, height, 1))
    region = item["region"] if item["kind"] == "crop" else None
    share = (region["x1"] - region["x0"]) * (region["y1"] - region["y0"]) if region else 1.0
    return width * height * factor * factor * share


def _without_placeholders(template: str) -> str:
    """A template without its placeholders."""
    return re.sub(r"\{\w+\}", "", template)


def _tasks(pairs: pa.Table) -> list[str]:
    return [str(task) for task in pairs.column("task").unique().to_pylist()]
