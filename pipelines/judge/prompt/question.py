"""A pair as the messages of a chat: the preset's question, with the items' texts fenced and their pictures in order."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from pipelines.judge.preset import JudgeSpec
from pipelines.judge.prompt.injection_flags import flags
from pipelines.judge.prompt.text_fence import fenced
from pipelines.judge.protocol import NO_PICTURE, NOTHING_TO_JUDGE, Picture
from pipelines.media.decode import BadPicture, Pixels

Part = str | Pixels
ROLES = ("query", "candidate")
_PLACEHOLDER = re.compile(r"\{(\w+)\}")


class BadPair(Exception):  # noqa: N818  # a refusal of a row, not a fault of the program
    """A pair without a score; becomes its row's reason."""

    def __init__(self, reason: str, detail: str) -> None:
        """Keep `reason` (short, from a fixed set) apart from `detail` (the particulars)."""
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail[:300]


@dataclass(frozen=True, slots=True)
class Turns:
    """The messages for one pair."""

    system: str
    """The system message; empty: none."""
    user: tuple[Part, ...]
    """The user message: texts and pictures in order; no two texts follow each other."""

    @property
    def pictures(self) -> list[Pixels]:
        """The pictures in order."""
        return [part for part in self.user if not isinstance(part, str)]


def turns(spec: JudgeSpec, pair: Mapping[str, Any], pictures: Mapping[str, Picture]) -> Turns:
    """The question about one pair.

    Args:
        spec: the question, and the limits of an item.
        pair: a row of PAIRS.
        pictures: by image_id.

    Raises:
        BadPair: a picture is unreadable or missing, or an item has no content.
    """
    question = spec.question
    relevant = question.relevant.get(pair["task"], question.relevant.get("default", ""))
    values: dict[str, tuple[Part, ...]] = {"relevant": (relevant,)}
    for role in ROLES:
        values |= _item_parts(spec, role, pair[role], pictures)
    parts: list[Part] = []
    for n, piece in enumerate(_PLACEHOLDER.split(question.user)):  # texts and names of placeholders alternate
        parts += values[piece] if n % 2 else [piece]
    return Turns(question.system, tuple(_merged(parts)))


def injection_flags(pair: Mapping[str, Any]) -> str | None:
    """The flags of both texts of a pair, such as "candidate: gives orders"; None if there are none."""
    by_role = [f"{role}: {', '.join(names)}" for role in ROLES if (names := flags(pair[role]["text"] or ""))]
    return "; ".join(by_role) or None


def as_messages(chat: Turns, picture: Any) -> list[dict[str, Any]]:  # noqa: ANN401
    """OpenAI's messages. The system message is a list of parts too: Ray skipped pictures if it was a string (ray#56125).

    Args:
        chat: the messages.
        picture: Pixels -> the part for a picture.
    """
    user = [{"type": "text", "text": part} if isinstance(part, str) else picture(part) for part in chat.user]
    before = [{"role": "system", "content": [{"type": "text", "text": chat.system}]}] if chat.system else []
    return [*before, {"role": "user", "content": user}]


def _item_parts(
    spec: JudgeSpec, role: str, item: Mapping[str, Any], pictures: Mapping[str, Picture]
) -> dict[str, tuple[Part, ...]]:
    """The values of the placeholders for an item's pictures and its text."""
    shrunk = _fitted(_pixels(item, pictures), spec.item_pixels)
    words = (item["text"] or "").strip()
    if not shrunk and not words:
        raise BadPair(NOTHING_TO_JUDGE, f"the {role} ({item['kind']}) has neither a picture nor text")
    label = spec.question.picture
    labelled = [p for n, pixels in enumerate(shrunk, 1) for p in (label.format(role=role, number=n), pixels)]
    text = fenced(words, spec.item_chars) if words else spec.question.nothing
    return {f"{role}_pictures": tuple(labelled) or (spec.question.nothing,), f"{role}_text": (text,)}


def _pixels(item: Mapping[str, Any], pictures: Mapping[str, Picture]) -> list[Pixels]:
    content = []
    for image_id in item["image_ids"] or []:
        picture = pictures.get(image_id)
        if picture is None:
            raise BadPair(NO_PICTURE, image_id)
        if isinstance(picture, BadPicture):
            raise BadPair(picture.reason, f"{image_id}: {picture.detail}")
        content.append(_cut(picture, item["region"]) if item["kind"] == "crop" and item["region"] else picture)
    return content


def _cut(pixels: Pixels, region: Mapping[str, float]) -> Pixels:
    """The pixels of a crop, at least one each way."""
    height, width = pixels.shape[:2]
    x0, y0, x1, y1 = (min(max(float(region[k]), 0.0), 1.0) for k in ("x0", "y0", "x1", "y1"))
    left, top = min(round(x0 * width), width - 1), min(round(y0 * height), height - 1)
    return pixels[top : max(round(y1 * height), top + 1), left : max(round(x1 * width), left + 1)]


def _fitted(pictures: list[Pixels], most: int) -> list[Pixels]:
    """The pictures, reduced by the same factor to `most` pixels together."""
    factor = (most / max(sum(p.shape[0] * p.shape[1] for p in pictures), 1)) ** 0.5
    if factor >= 1:
        return [np.ascontiguousarray(p) for p in pictures]
    sizes = [(max(int(p.shape[1] * factor), 1), max(int(p.shape[0] * factor), 1)) for p in pictures]
    return [cv2.resize(p, size, interpolation=cv2.INTER_AREA) for p, size in zip(pictures, sizes, strict=True)]


def _merged(parts: list[Part]) -> list[Part]:
    """Join texts that follow each other; drop empty ones."""
    out: list[Part] = []
    for part in parts:
        last = out[-1] if out else None
        if isinstance(part, str) and isinstance(last, str):
            out[-1] = last + part
        elif not isinstance(part, str) or part:
            out.append(part)
    return out
