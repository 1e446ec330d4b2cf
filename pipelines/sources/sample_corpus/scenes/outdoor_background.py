"""Outdoor background: a sky and the skyline before it."""

from random import Random

from PIL import Image, ImageDraw, ImageOps

from pipelines.sources.sample_corpus.scenes.scene import Scene
from pipelines.sources.sample_corpus.scenes.textures import Ink, gradient, patch, shade

SKIES: dict[str, tuple[Ink, Ink]] = {
    "morning": ((150, 196, 232), (250, 228, 196)),
    "noon": ((84, 156, 226), (206, 230, 244)),
    "dusk": ((110, 92, 156), (248, 164, 102)),
    "night": ((18, 24, 54), (66, 76, 122)),
}


def outdoors(scene: Scene, size: tuple[int, int], chance: Random, home: Random) -> Image.Image:
    """The sky at the scene's hour, and hills, trees, houses or the sea before it; half of that size."""
    width, height = size
    image = gradient(size, *SKIES[scene.light])
    draw = ImageDraw.Draw(image)
    sun = SKIES[scene.light][1] if scene.light != "night" else (246, 244, 222)
    x, y, r = chance.uniform(0.1, 0.9) * width, chance.uniform(0.1, 0.5) * height, height * chance.uniform(0.05, 0.09)
    draw.ellipse((x - r, y - r, x + r, y + r), fill=shade(sun, 1.15))
    cloud = patch("cloudy", (width // 4, height // 4), chance, 2.6)
    cloud = ImageOps.autocontrast(cloud).point(lambda v: max(0, v - 128) * 3 // 2).resize(size, Image.Resampling.BILINEAR)
    image.paste(shade(SKIES[scene.light][1], 1.08), (0, 0), cloud)
    _SKYLINES[scene.topic if scene.topic in _SKYLINES else home.choice(sorted(_SKYLINES))](image, scene, chance)
    return image.reduce(2)


def _dimmed(scene: Scene, ink: Ink) -> Ink:
    return shade(ink, {"morning": 0.95, "noon": 1.0, "dusk": 0.72, "night": 0.42}[scene.light])


def _hills(image: Image.Image, scene: Scene, chance: Random) -> None:
    width, height = image.size
    draw = ImageDraw.Draw(image)
    for n, ink in enumerate(((150, 170, 186), (116, 146, 140), (86, 122, 92))):
        y, rough = height * (0.45 + 0.16 * n), height / (1 + n)
        ridge = [(width * k / 8, y + chance.uniform(-0.22, 0.16) * rough) for k in range(9)]
        draw.polygon([(0, height), *ridge, (width, height)], fill=_dimmed(scene, ink))


def _trees(image: Image.Image, scene: Scene, chance: Random) -> None:
    width, height = image.size
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, height * 0.86, width, height), fill=_dimmed(scene, (96, 132, 76)))
    for _ in range(chance.randrange(6, 14)):
        x, base, r = chance.uniform(0, width), height * chance.uniform(0.82, 0.98), height * chance.uniform(0.12, 0.28)
        draw.rectangle((x - r * 0.1, base - r, x + r * 0.1, base), fill=_dimmed(scene, (96, 70, 52)))
        ink = _dimmed(scene, (chance.randrange(50, 120), chance.randrange(110, 160), chance.randrange(50, 90)))
        for _ in range(4):
            cx, cy = x + chance.uniform(-0.5, 0.5) * r, base - r * chance.uniform(1.0, 1.9)
            draw.ellipse((cx - r * 0.6, cy - r * 0.6, cx + r * 0.6, cy + r * 0.6), fill=shade(ink, chance.uniform(0.85, 1.15)))


def _houses(image: Image.Image, scene: Scene, chance: Random) -> None:
    width, height = image.size
    draw, x = ImageDraw.Draw(image), -40
    glow = (255, 222, 130) if scene.light in ("night", "dusk") else (196, 216, 230)
    while x < width:
        w, h = chance.randrange(90, 210), int(height * chance.uniform(0.35, 0.9))
        ink = _dimmed(scene, (chance.randrange(120, 230), chance.randrange(110, 200), chance.randrange(100, 190)))
        draw.rectangle((x, height - h, x + w, height), fill=ink)
        if chance.random() < 0.5:
            draw.polygon((x - 8, height - h, x + w / 2, height - h - 50, x + w + 8, height - h), fill=shade(ink, 0.6))
        step = chance.randrange(34, 56)
        for wy in range(height - h + 22, height - 30, step):
            for wx in range(x + 16, x + w - 22, step - 4):
                lit = glow if chance.random() < 0.7 else shade(ink, 0.55)
                draw.rectangle((wx, wy, wx + step // 2 - 2, wy + step // 2), fill=lit)
        x += w + chance.choice((0, 0, 14))


def _sea(image: Image.Image, scene: Scene, chance: Random) -> None:
    width, height = image.size
    top = int(height * chance.uniform(0.5, 0.72))
    draw = ImageDraw.Draw(image)
    water = gradient((width, height - top), _dimmed(scene, (46, 120, 170)), _dimmed(scene, (120, 200, 206)))
    image.paste(water, (0, top))
    if chance.random() < 0.6:
        x, w = chance.uniform(-0.1, 0.7) * width, chance.uniform(0.25, 0.5) * width
        draw.chord((x, top - 60, x + w, top + 60), 180, 360, fill=_dimmed(scene, (104, 130, 120)))
    for _ in range(50):
        x, y = chance.uniform(0, width), top + (height - top) * chance.random() ** 1.5
        draw.line((x, y, x + chance.uniform(14, 90), y), fill=_dimmed(scene, (226, 242, 244)), width=chance.choice((1, 2, 3)))


_SKYLINES = {"travel": _hills, "garden": _trees, "street": _houses, "beach": _sea}
