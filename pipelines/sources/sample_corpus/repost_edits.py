"""Edits of a picture or a passage before it is posted again."""

from collections.abc import Callable
from random import Random
from typing import NamedTuple

from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps

from pipelines.sources.sample_corpus.scenes.text_overlay import PictureWithText, drawable, font

Box = tuple[float, float, float, float]
"""x0 y0 x1 y1, fractions of the whole picture."""


class Edit(NamedTuple):
    """One way to make a near copy, and how the file is written."""

    name: str
    apply: Callable[[Image.Image, Random], Image.Image]
    keeps_text: bool = True
    """Whether all words in the picture can still be read."""
    suffix: str = ".jpg"
    quality: int = 86


def same_bytes(image: Image.Image, chance: Random) -> Image.Image:
    """The picture itself: the file is copied, not written again."""
    return image


def _scaled(image: Image.Image, chance: Random) -> Image.Image:
    share = chance.uniform(0.45, 0.7)
    return image.resize((int(image.width * share), int(image.height * share)), Image.Resampling.LANCZOS)


def _brighter(image: Image.Image, chance: Random) -> Image.Image:
    return ImageEnhance.Brightness(image).enhance(chance.uniform(1.2, 1.4))


def _paler(image: Image.Image, chance: Random) -> Image.Image:
    return ImageEnhance.Contrast(image).enhance(chance.uniform(0.55, 0.75))


def _warmer(image: Image.Image, chance: Random) -> Image.Image:
    red, green, blue = image.split()
    gain = chance.uniform(1.1, 1.18)
    return Image.merge("RGB", (red.point(lambda v: min(255, int(v * gain))), green, blue.point(lambda v: int(v / gain))))


def _grey(image: Image.Image, chance: Random) -> Image.Image:
    return ImageOps.grayscale(image).convert("RGB")


def _soft(image: Image.Image, chance: Random) -> Image.Image:
    return image.filter(ImageFilter.GaussianBlur(chance.uniform(1.0, 1.6)))


def _bordered(image: Image.Image, chance: Random) -> Image.Image:
    fill = chance.choice(((255, 255, 255), (20, 20, 20), (246, 226, 214)))
    return ImageOps.expand(image, border=int(min(image.size) * chance.uniform(0.04, 0.08)), fill=fill)


def _sticker(image: Image.Image, chance: Random) -> Image.Image:
    out, side = image.copy(), int(min(image.size) * chance.uniform(0.18, 0.26))
    x, y = chance.randrange(image.width - side), chance.randrange(image.height - side)
    draw = ImageDraw.Draw(out)
    draw.ellipse((x, y, x + side, y + side), fill=(255, 208, 64), outline=(90, 60, 20), width=3)
    for eye in (0.32, 0.68):
        cx, cy, r = x + side * eye, y + side * 0.4, side * 0.07
        draw.ellipse((cx - r, cy - r, cx + r, cy + r), fill=(60, 40, 20))
    draw.arc((x + side * 0.25, y + side * 0.3, x + side * 0.75, y + side * 0.8), 20, 160, fill=(60, 40, 20), width=4)
    return out


def _mirrored(image: Image.Image, chance: Random) -> Image.Image:
    return ImageOps.mirror(image)


def _tilted(image: Image.Image, chance: Random) -> Image.Image:
    return image.rotate(chance.choice((-2, 2)), Image.Resampling.BICUBIC, fillcolor=(255, 255, 255))


EDITS = (
    Edit("same_bytes", same_bytes),
    Edit("recompressed", same_bytes, quality=32),
    Edit("resized", _scaled),
    Edit("brighter", _brighter),
    Edit("paler", _paler),
    Edit("warmer", _warmer),
    Edit("grey", _grey),
    Edit("soft", _soft),
    Edit("bordered", _bordered),
    Edit("captioned", same_bytes, keeps_text=False),
    Edit("sticker", _sticker, keeps_text=False),
    Edit("mirrored", _mirrored, keeps_text=False),
    Edit("tilted", _tilted),
    Edit("webp", same_bytes, suffix=".webp", quality=70),
)
"""The edit `captioned` is the function below, which also returns the text."""
CROP_AREAS = {"crop80": 0.8, "crop60": 0.6, "crop40": 0.4, "crop25": 0.25}


def captioned(image: Image.Image, words: str) -> PictureWithText:
    """The picture with a dark bar of words over its lower edge."""
    out, tall = image.copy(), image.height // 9
    face, draw = font(tall * 11 // 20, 600), ImageDraw.Draw(out)
    line = drawable(words)
    while face.getlength(line) > image.width * 0.94:
        line = line[:-1].rstrip()
    draw.rectangle((0, image.height - tall, image.width, image.height), fill=(24, 22, 26))
    draw.text(((image.width - face.getlength(line)) / 2, image.height - tall * 9 // 10), line, (244, 242, 236), face)
    return PictureWithText(out, line)


def cropped(image: Image.Image, area: float, chance: Random) -> tuple[Image.Image, Box]:
    """A crop with that share of the picture's area, and its box."""
    side = area**0.5
    wide, tall = int(image.width * side), int(image.height * side)
    x, y = chance.randrange(image.width - wide + 1), chance.randrange(image.height - tall + 1)
    box = (x / image.width, y / image.height, (x + wide) / image.width, (y + tall) / image.height)
    return image.crop((x, y, x + wide, y + tall)), box


def retyped(passage: str, rate: float, chance: Random) -> str:
    """The passage with that share of its characters dropped, doubled or followed by an emoji."""
    out = []
    for letter in passage:
        if chance.random() >= rate:
            out.append(letter)
        else:
            out.append(chance.choice(("", letter * 2, letter + "✨", letter + "～")))
    return "".join(out)
