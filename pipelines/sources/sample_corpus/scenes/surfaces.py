"""Surfaces: the ground under the things of a scene."""

from random import Random

from PIL import Image, ImageDraw

from pipelines.sources.sample_corpus.scenes.scene import Scene
from pipelines.sources.sample_corpus.scenes.textures import Ink, gradient, patch, shade, textured

SURFACES: dict[str, tuple[tuple[Ink, ...], float, float, str]] = {
    # colours to choose from, stretch of the texture sideways, its strength (0 to 1), lines
    "wood": (((164, 112, 70), (196, 150, 100), (120, 78, 50)), 7.0, 0.6, "planks"),
    "planks": (((178, 160, 138), (150, 126, 98)), 7.0, 0.6, "planks"),
    "marble": (((226, 224, 220), (206, 208, 212), (90, 94, 100)), 1.0, 0.34, "none"),
    "cloth": (((222, 214, 198), (176, 196, 212), (222, 186, 182), (190, 204, 176)), 1.0, 0.3, "checks"),
    "rug": (((178, 158, 140), (150, 104, 98), (122, 138, 150)), 1.0, 0.42, "bands"),
    "grass": (((104, 150, 72), (130, 168, 84), (82, 126, 66)), 0.6, 0.7, "none"),
    "soil": (((122, 92, 66), (98, 74, 58)), 0.8, 0.65, "none"),
    "stone": (((172, 166, 158), (146, 144, 146), (186, 172, 150)), 1.0, 0.42, "slabs"),
    "asphalt": (((96, 98, 104), (120, 120, 122)), 1.0, 0.38, "none"),
    "sand": (((230, 206, 158), (220, 190, 140)), 2.5, 0.45, "none"),
    "snow": (((234, 240, 246), (222, 230, 240)), 1.6, 0.4, "none"),
}  # fmt: skip


def ground(scene: Scene, size: tuple[int, int], chance: Random, home: Random) -> Image.Image:
    """The ground of that size: its colour, its lines, its texture."""
    colours, stretch, strength, lines = SURFACES[scene.surface]
    base = shade(home.choice(colours), chance.uniform(0.92, 1.08))
    image = gradient((2 * size[0], 2 * size[1]), shade(base, 0.84), shade(base, 1.08))
    _LINES[lines](ImageDraw.Draw(image), image.size, shade(base, 0.72), chance)
    image = image.reduce(2)
    return textured(image, patch("cloudy", size, chance, stretch), strength)


def _no_lines(draw: ImageDraw.ImageDraw, size: tuple[int, int], ink: Ink, chance: Random) -> None:
    """Some grounds have none."""


def _planks(draw: ImageDraw.ImageDraw, size: tuple[int, int], ink: Ink, chance: Random) -> None:
    width, height = size
    centre, count = width * chance.uniform(0.2, 0.8), chance.randrange(5, 10)
    for n in range(-count, 2 * count):
        x = width * (n + chance.uniform(0, 0.3)) / count
        draw.line((centre + (x - centre) * 0.45, 0, x, height), fill=ink, width=chance.choice((2, 3, 4)))
    for _ in range(count):
        x, y = chance.uniform(0, width), chance.uniform(0, height)
        draw.line((x, y, x + width / count, y), fill=ink, width=3)


def _slabs(draw: ImageDraw.ImageDraw, size: tuple[int, int], ink: Ink, chance: Random) -> None:
    width, height = size
    y, step = 0.0, height * chance.uniform(0.1, 0.18)
    while y < height:
        x = -chance.uniform(0, step * 2)
        while x < width:
            x += step * chance.uniform(1.1, 2.4)
            draw.line((x, y, x + chance.uniform(-8, 8), y + step), fill=ink, width=4)
        draw.line((0, y, width, y + chance.uniform(-6, 6)), fill=ink, width=4)
        y += step
        step *= 1.18


def _checks(draw: ImageDraw.ImageDraw, size: tuple[int, int], ink: Ink, chance: Random) -> None:
    width, height = size
    tilt, step = chance.uniform(-0.5, 0.5), width / chance.randrange(6, 14)
    tint = shade((chance.randrange(90, 220), chance.randrange(90, 220), chance.randrange(90, 220)), 1.0)
    for n in range(-8, 24):
        draw.line((n * step, 0, n * step + tilt * height, height), fill=tint, width=max(3, int(step * 0.22)))
    for n in range(16):
        y = n * step * 0.8
        draw.line((0, y, width, y - tilt * step), fill=tint, width=max(3, int(step * 0.18)))


def _bands(draw: ImageDraw.ImageDraw, size: tuple[int, int], ink: Ink, chance: Random) -> None:
    width, height = size
    left, top = width * chance.uniform(0, 0.15), height * chance.uniform(0.08, 0.25)
    for n in range(chance.randrange(3, 6)):
        tint = (chance.randrange(80, 230), chance.randrange(80, 200), chance.randrange(80, 200))
        inset = n * width * 0.05
        draw.ellipse(
            (left + inset, top + inset * 0.6, width - left - inset, height * 1.3 - inset), fill=tint, outline=ink, width=4
        )


_LINES = {"none": _no_lines, "planks": _planks, "slabs": _slabs, "checks": _checks, "bands": _bands}
