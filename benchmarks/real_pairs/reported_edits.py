"""Edits of photos that users reported as missed: few colours, screenshots, long pictures, collages, odd or damaged files."""

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from random import Random

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageOps

from benchmarks.real_pairs.cards import opened
from benchmarks.real_pairs.sheet import Content, style
from benchmarks.real_pairs.template_pairs import Label, LabelledPair, encoded

Photos = Sequence[Image.Image]
Edit = Callable[[Photos, Random], Image.Image]
"""The first picture is edited; the others may stand beside it."""
Storage = Callable[[Image.Image], tuple[bytes, bytes]]
"""The files of a plain and of an odd or damaged copy."""


def palette(photos: Photos, rng: Random) -> Image.Image:
    """32 colours, without dither."""
    return photos[0].quantize(32).convert("RGB")


def dithered(photos: Photos, rng: Random) -> Image.Image:
    """32 colours, with dither, as in a GIF."""
    return photos[0].convert("P", palette=Image.Palette.ADAPTIVE, colors=32).convert("RGB")


def phone_screenshot(photos: Photos, rng: Random) -> Image.Image:
    """A post on a phone: status bar, author, the photo as wide as the screen, likes, a caption."""
    look = style(f"screenshot {rng.random()}")
    width, height = 1080, rng.choice((1920, 2220, 2340))
    ground, ink = ((255, 255, 255), (25, 25, 25)) if rng.random() < 0.7 else ((18, 18, 18), (235, 235, 235))
    image = Image.new("RGB", (width, height), ground)
    draw, content = ImageDraw.Draw(image), Content(f"screenshot {rng.random()}", chinese=not look.latin)
    draw.text((50, 24), content.time(), fill=ink, font=look.font(40))
    for k, part in enumerate((70, 130, 190)):
        draw.rectangle((width - part - 40, 30 + 4 * k, width - part, 66), fill=ink)
    draw.ellipse((40, 120, 130, 210), fill=look.accent)
    draw.text((160, 140), content.words(1, 2), fill=ink, font=look.font(42))
    photo = photos[0].resize((width, round(photos[0].height * width / photos[0].width)), Image.Resampling.LANCZOS)
    image.paste(photo, (0, 240))
    top = 240 + photo.height
    for k in range(3):
        draw.ellipse((50 + 130 * k, top + 30, 120 + 130 * k, top + 100), outline=ink, width=7)
    for line in range(max(0, (height - top - 160) // 66)):
        draw.text((50, top + 130 + 66 * line), content.words(5, 7)[: 40 if look.latin else 22], fill=ink, font=look.font(44))
    return image


def letterbox(photos: Photos, rng: Random) -> Image.Image:
    """The photo in the middle of a story's screen, above and below it the same photo, blurred, or one colour."""
    photo, size = photos[0], (photos[0].width, photos[0].width * 16 // 9)
    if photo.height > size[1]:
        size = photo.height, photo.height
    ground = ImageOps.fit(photo, size).filter(ImageFilter.GaussianBlur(40))
    image = ground if rng.random() < 0.5 else Image.new("RGB", size, rng.choice(("black", "white", "#ddd")))
    image.paste(photo, ((size[0] - photo.width) // 2, (size[1] - photo.height) // 2))
    return image


def polaroid(photos: Photos, rng: Random) -> Image.Image:
    """A white frame, wider below, with a caption, on a plain table."""
    look, photo = style(f"polaroid {rng.random()}"), photos[0]
    margin = int(min(photo.size) * 0.06)
    card = Image.new("RGB", (photo.width + 2 * margin, photo.height + 5 * margin), (250, 249, 245))
    card.paste(photo, (margin, margin))
    words = Content(f"polaroid {rng.random()}", chinese=not look.latin).words(2, 3)[:16]
    ImageDraw.Draw(card).text((2 * margin, photo.height + 2 * margin), words, fill=(60, 60, 70), font=look.font(2 * margin))
    table = [rng.randrange(60, 240) for _ in range(3)]
    return ImageOps.expand(card, border=rng.choice((0, margin)), fill=(table[0], table[1], table[2]))


def grid(photos: Photos, rng: Random) -> Image.Image:
    """2 x 2 or 3 x 3 photos, all cut to the shape of the first, which is one of them."""
    count, gap, (width, height) = rng.choice((2, 3)), rng.choice((0, 8, 16)), photos[0].size
    image = Image.new("RGB", (count * (width + gap) - gap, count * (height + gap) - gap), "white")
    cells = [ImageOps.fit(photos[k % len(photos)], photos[0].size) for k in range(count * count)]
    rng.shuffle(cells)
    for k, photo in enumerate(cells):
        image.paste(photo, (k % count * (width + gap), k // count * (height + gap)))
    return image


def strip(photos: Photos, rng: Random) -> Image.Image:
    """Three to five photos of one width, one below the other."""
    shown, gap, width = list(photos[: rng.randint(3, 5)]), rng.choice((0, 10)), 720
    rng.shuffle(shown)
    scaled = [photo.resize((width, round(photo.height * width / photo.width)), Image.Resampling.LANCZOS) for photo in shown]
    image = Image.new("RGB", (width, sum(photo.height + gap for photo in scaled) - gap), "white")
    top = 0
    for photo in scaled:
        image.paste(photo, (0, top))
        top += photo.height + gap
    return image


def long_post(photos: Photos, rng: Random) -> Image.Image:
    """Photos and lines of text one below the other, 8 to 20 times as high as wide."""
    look, width, aspect = style(f"long {rng.random()}"), 720, rng.choice((8, 12, 16, 20))
    image = Image.new("RGB", (width, width * aspect), "white")
    draw, content, top, k = ImageDraw.Draw(image), Content(f"long {rng.random()}", chinese=not look.latin), 40, 0
    while top < image.height - 100:
        photo = photos[k % len(photos)]
        photo = photo.resize((width - 80, round(photo.height * (width - 80) / photo.width)), Image.Resampling.LANCZOS)
        image.paste(photo, (40, top))
        top, k = top + photo.height + 30, k + 1
        for _ in range(rng.randint(4, 14)):
            draw.text((40, top), content.words(5, 7)[: 38 if look.latin else 20], fill=(30, 30, 30), font=look.font(32))
            top += 50
    return image


def cut_jpeg(photo: Image.Image) -> tuple[bytes, bytes]:
    """A JPEG without its last 60 bytes."""
    whole = encoded(photo)
    return whole, whole[:-60]


def damaged_png(photo: Image.Image) -> tuple[bytes, bytes]:
    """A PNG with a text whose checksum is wrong."""
    buffer = io.BytesIO()
    photo.save(buffer, "PNG")
    whole = buffer.getvalue()
    return encoded(photo), whole[:33] + b"\0\0\0\x0btEXtComment\0abc\0\0\0\0" + whole[33:]


def turned_tiff(photo: Image.Image) -> tuple[bytes, bytes]:
    """A TIFF that is stored turned by a quarter, with the orientation that says so."""
    buffer = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    photo.transpose(Image.Transpose.ROTATE_90).save(buffer, "TIFF", exif=exif)
    return encoded(photo), buffer.getvalue()


def deep(photo: Image.Image, levels: float, kind: type, name: str) -> tuple[bytes, bytes]:
    """A grey picture of `levels` levels in a file of 16 bits or of floats."""
    grey = np.asarray(ImageOps.grayscale(photo)) / 255
    buffer = io.BytesIO()
    Image.fromarray((grey * levels).astype(kind)).save(buffer, name)
    return encoded(photo), buffer.getvalue()


EDITS: Mapping[str, tuple[Label, Edit]] = {
    "palette": ("copy", palette),
    "dithered palette": ("copy", dithered),
    "phone screenshot": ("copy", phone_screenshot),
    "letterbox": ("copy", letterbox),
    "polaroid": ("copy", polaroid),
    "cell of a grid": ("crop", grid),
    "cell of a strip": ("crop", strip),
}
"""By name: what the photo is of the result, and the edit."""
FILES: Mapping[str, Storage] = {
    "JPEG cut short": cut_jpeg,
    "PNG with a bad text": damaged_png,
    "TIFF with a turn": turned_tiff,
    "12 of 16 bits": lambda photo: deep(photo, 4095, np.uint16, "PNG"),
    "floats to 1": lambda photo: deep(photo, 1, np.float32, "TIFF"),
    "16 bits, dark": lambda photo: deep(photo, 9000, np.uint16, "PNG"),
}


def reported_pairs(paths: Sequence[Path]) -> Iterator[LabelledPair]:
    """Each photo with each of its edits; a long post with itself at half the size."""
    for k, path in enumerate(paths):
        photos = [opened(paths[(k + step) % len(paths)], 960) for step in range(9)]
        for name, (truth, edit) in EDITS.items():
            changed = edit(photos, Random(f"{path.name} {name}"))
            yield LabelledPair(path.name, "photo", name, truth, encoded(photos[0]), encoded(changed))
        for name, stored in FILES.items():
            yield LabelledPair(path.name, "photo", name, "copy", *stored(photos[0]))
        whole = long_post(photos, Random(f"{path.name} long"))
        half = whole.resize((whole.width // 2, whole.height // 2), Image.Resampling.LANCZOS)
        group = f"long post at half, 1:{whole.height // whole.width}"
        yield LabelledPair(path.name, "photo", group, "copy", encoded(whole), encoded(half))
