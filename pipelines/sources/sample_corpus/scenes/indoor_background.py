"""Indoor background: a wall with things on it."""

from random import Random

from PIL import Image, ImageDraw

from pipelines.sources.sample_corpus.scenes.outdoor_background import outdoors
from pipelines.sources.sample_corpus.scenes.scene import Scene
from pipelines.sources.sample_corpus.scenes.textures import Ink, gradient, patch, shade, textured

WALLS: tuple[Ink, ...] = (
    (232, 224, 210), (206, 218, 214), (236, 212, 200), (196, 206, 224),
    (222, 222, 186), (178, 164, 156), (142, 160, 150), (214, 200, 222),
)  # fmt: skip


def room(scene: Scene, size: tuple[int, int], chance: Random, home: Random) -> Image.Image:
    """A wall, half of that size, with one or two things on it."""
    width, height = size
    wall = home.choice(WALLS)
    image = gradient(size, shade(wall, 1.04), shade(wall, home.uniform(0.88, 0.98)))
    draw = ImageDraw.Draw(image)
    pattern, step = home.choice(("plain", "stripes", "tiles", "panels")), home.randrange(46, 120)
    shift = chance.randrange(step)
    if pattern == "stripes":
        for x in range(-shift, width, step):
            draw.rectangle((x, 0, x + step // 2, height), fill=shade(wall, 0.9))
    if pattern in ("tiles", "panels"):
        for x in range(-shift, width, step if pattern == "tiles" else 3 * step):
            draw.line((x, 0, x, height), fill=shade(wall, 0.76), width=4)
        for y in range(height % step, height, step if pattern == "tiles" else 4 * step):
            draw.line((0, y, width, y), fill=shade(wall, 0.76), width=4)
    for hang in chance.sample((_window, _shelf, _frames, _curtain), chance.choice((1, 2))):
        hang(image, scene, chance, home)
    return textured(image.reduce(2), patch("cloudy", (width // 2, height // 2), chance), 0.22)


def _window(image: Image.Image, scene: Scene, chance: Random, home: Random) -> None:
    width, height = image.size
    w, h = int(width * chance.uniform(0.24, 0.4)), int(height * chance.uniform(0.5, 0.75))
    x, y = int(chance.uniform(0, width - w)), int(chance.uniform(0.03, 0.2) * height)
    image.paste(outdoors(scene, (2 * w, 2 * h), chance, home), (x, y))
    draw, frame = ImageDraw.Draw(image), home.choice(((246, 244, 240), (120, 84, 60), (70, 74, 82)))
    draw.rectangle((x, y, x + w, y + h), outline=frame, width=14)
    draw.line((x + w // 2, y, x + w // 2, y + h), fill=frame, width=9)
    draw.line((x, y + h * 2 // 5, x + w, y + h * 2 // 5), fill=frame, width=7)


def _shelf(image: Image.Image, scene: Scene, chance: Random, home: Random) -> None:
    width, height = image.size
    draw, wood = ImageDraw.Draw(image), home.choice(((140, 98, 64), (236, 230, 220), (84, 66, 56)))
    for level in range(chance.choice((1, 2))):
        y, x = int(height * (0.34 + 0.36 * level)), int(width * chance.uniform(-0.1, 0.55))
        length = int(width * chance.uniform(0.3, 0.5))
        at = x + 12
        while at < x + length - 50:
            w, h = chance.randrange(16, 52), int(height * chance.uniform(0.1, 0.24))
            tint = (chance.randrange(60, 240), chance.randrange(60, 220), chance.randrange(60, 220))
            draw.rounded_rectangle((at, y - h, at + w, y), chance.choice((2, 10)), fill=tint)
            draw.line((at + w // 3, y - h + 12, at + w // 3, y - 12), fill=shade(tint, 0.75), width=4)
            at += w + chance.choice((3, 6, 40))
        draw.rectangle((x, y, x + length, y + 14), fill=wood)
        draw.rectangle((x, y + 14, x + length, y + 22), fill=shade(wood, 0.6))


def _frames(image: Image.Image, scene: Scene, chance: Random, home: Random) -> None:
    width, height = image.size
    draw = ImageDraw.Draw(image)
    for _ in range(chance.randrange(1, 4)):
        w, h = int(width * chance.uniform(0.1, 0.22)), int(height * chance.uniform(0.24, 0.46))
        x, y = int(chance.uniform(0, width - w)), int(chance.uniform(0.05, 0.5) * height)
        draw.rectangle(
            (x, y, x + w, y + h), fill=(248, 246, 240), outline=home.choice(((60, 50, 46), (190, 150, 90))), width=10
        )
        for _ in range(chance.randrange(2, 5)):
            cx, cy, r = x + chance.uniform(0.3, 0.7) * w, y + chance.uniform(0.3, 0.7) * h, chance.uniform(0.08, 0.2) * w
            tint = (chance.randrange(60, 240), chance.randrange(60, 220), chance.randrange(60, 220))
            draw.ellipse((cx - r, cy - r, cx + r, cy + r), fill=tint)


def _curtain(image: Image.Image, scene: Scene, chance: Random, home: Random) -> None:
    width, height = image.size
    draw, tint = ImageDraw.Draw(image), (home.randrange(120, 240), home.randrange(110, 220), home.randrange(110, 220))
    w = width * chance.uniform(0.12, 0.24)
    left = 0.0 if chance.random() < 0.5 else width - w
    folds = chance.randrange(5, 9)
    for n in range(folds):
        x = left + n * w / folds
        draw.polygon(
            (x, 0, x + w / folds, 0, x + w / folds + 14, height, x + 6, height), fill=shade(tint, 0.82 + 0.22 * (n % 2))
        )
