"""Labelled pairs of templates: other content everywhere, other content at a few places, and edits of one picture."""

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from typing import Literal

from PIL import Image, ImageChops, ImageOps

from benchmarks.real_pairs import cards, documents, held_out
from benchmarks.real_pairs.sheet import Content, Style, style
from testkit.image_edits import saved, scaled
from testkit.image_overlays import screenshot

Label = Literal["copy", "crop", "variant", "same", "other"]
"""copy: an edit of the other. crop: a part. variant: one layout or view, other content. same, other: of people's pairs."""
Template = Callable[[Style, Content], Image.Image]
DOCUMENTS: tuple[Template, ...] = (
    documents.table, documents.receipt, documents.timetable, documents.form, documents.calendar, documents.chart,
    cards.chat, cards.poster, cards.qr, cards.street_map, cards.room,
    held_out.certificate, held_out.scoreboard, held_out.price_tags,
)  # fmt: skip
WITH_PHOTOS = (cards.meme, cards.quote)
EDITS: Mapping[str, Callable[[Image.Image, Random], Image.Image]] = {
    "jpeg40": lambda image, _: saved(image, "JPEG", 40),
    "half": lambda image, _: scaled(image, 0.5),
    "border": lambda image, rng: ImageOps.expand(
        image, int(min(image.size) * 0.06), fill=rng.choice(("white", "black", "#ddd"))
    ),
    "screenshot": screenshot,
    "third_jpeg40": lambda image, _: saved(scaled(image, 0.33), "JPEG", 40),
    "webp30": lambda image, _: saved(image, "WEBP", 30),
    "grey": lambda image, _: ImageOps.grayscale(image).convert("RGB"),
    "fade": lambda image, _: Image.blend(image, Image.new("RGB", image.size, (235, 225, 210)), 0.35),
}
"""Edits of one picture; the first four are those of the goals."""


@dataclass(frozen=True, slots=True)
class LabelledPair:
    """Two picture files and what a person calls them."""

    name: str
    kind: str
    """Kind of template or source."""
    group: str
    """The change from one to the other: "other content", "few values", or an edit's name."""
    truth: Label
    left: bytes
    right: bytes


def template_pairs(photos: Sequence[Path], numbers: Sequence[int], edits: int) -> Iterator[LabelledPair]:
    """Pairs of templates of every kind, one template a number: of other content, with one other value, and `edits` edits.

    Args:
        photos: files that memes and quotes show.
        numbers: of the templates of each kind.
        edits: edits of each template, all of EDITS in turn.
    """
    with_photos = [(draw.__name__, partial(draw, photos=list(photos))) for draw in WITH_PHOTOS] if photos else []
    for kind, draw in [*((draw.__name__, draw) for draw in DOCUMENTS), *with_photos]:
        for number in numbers:
            yield from _pairs_of(f"{kind} {number}", kind, draw, [(number * edits + k) % len(EDITS) for k in range(edits)])


def _pairs_of(name: str, kind: str, draw: Template, edits: Sequence[int]) -> Iterator[LabelledPair]:
    look = style(name)
    chinese = not look.latin
    first = Content(name, chinese=chinese)
    image = draw(look, first)
    left = encoded(image)
    other = draw(look, Content(name + " other", chinese=chinese))
    yield LabelledPair(name, kind, "other content", "variant", left, encoded(other))
    if first.count > 1:
        changed = frozenset({Random(name).randrange(first.count)})
        few = draw(look, Content(name, other_seed=name + " few", changed=changed, chinese=chinese))
        if ImageChops.difference(few, image).getbbox() is not None:
            yield LabelledPair(name, kind, "one value", "variant", left, encoded(few))
    for k in edits:
        edit, change = list(EDITS.items())[k]
        yield LabelledPair(name, kind, edit, "copy", left, encoded(change(image, Random(name + edit))))


def encoded(image: Image.Image) -> bytes:
    """As most cameras and sites store it: JPEG of quality 90."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=90)
    return buffer.getvalue()
