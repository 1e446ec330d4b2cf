"""Draw a scene: its surroundings, its things with their shadows, the light, the grain."""

from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from random import Random

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps

from pipelines.sources.sample_corpus.scenes.indoor_background import room
from pipelines.sources.sample_corpus.scenes.object_shapes import KINDS
from pipelines.sources.sample_corpus.scenes.object_sprite import lit_round, outline, own_colour, turned
from pipelines.sources.sample_corpus.scenes.outdoor_background import outdoors
from pipelines.sources.sample_corpus.scenes.scene import TOPICS, Scene
from pipelines.sources.sample_corpus.scenes.surfaces import ground
from pipelines.sources.sample_corpus.scenes.textures import Ink, gradient, patch
from pipelines.sources.sample_corpus.seeded_random import dice

TINTS: dict[str, tuple[Ink, Ink]] = {
    "morning": ((255, 248, 234), (240, 234, 230)),
    "noon": ((255, 255, 255), (246, 246, 242)),
    "dusk": ((255, 222, 190), (232, 204, 200)),
    "night": ((222, 222, 240), (164, 166, 204)),
}
PLACES = {"left": 0.2, "middle": 0.5, "right": 0.8}
GROUPS: dict[int, tuple[tuple[float, float], ...]] = {
    # positions of n things: widths beside the group's middle, heights behind its front
    1: ((0.0, 0.0),),
    2: ((-0.5, 0.08), (0.5, 0.0)),
    3: ((0.0, 0.5), (-0.54, 0.0), (0.54, 0.06)),
    4: ((-0.42, 0.62), (0.6, 0.56), (-0.6, 0.0), (0.46, 0.04)),
}


def picture(scene: Scene, seed: int) -> Image.Image:
    """The scene as an RGB picture of its size. Cost: some 15 ms."""
    chance, home = dice(seed, "picture", scene.key), dice(seed, "home", scene.home)
    canvas, horizon = _backdrop(scene, chance, home)
    standing = sorted(_standing(scene, horizon, chance, home), key=lambda s: s[1][1])
    for sprite, (x, base) in standing:
        _cast_shadow(canvas, sprite, x, base)
        canvas.paste(sprite, (x - sprite.width // 2, base - sprite.height), sprite)
    return _developed(canvas, scene, chance)


def _backdrop(scene: Scene, chance: Random, home: Random) -> tuple[Image.Image, int]:
    """The picture without its things, and the height at which the ground begins, in pixels."""
    width, height = scene.size
    near = -0.16 if scene.view == "close" else 0.0
    horizon = int(height * (home.uniform(0.36, 0.56) + chance.uniform(-0.06, 0.06) + near))
    behind = (room if TOPICS[scene.topic].indoor else outdoors)(scene, (2 * width, 2 * horizon), chance, home)
    canvas = Image.new("RGB", (width, height))
    canvas.paste(behind.filter(ImageFilter.BoxBlur(2 if near else 0.7)), (0, 0))
    canvas.paste(ground(scene, (width, height - horizon), chance, home), (0, horizon))
    edge = (0, horizon - 3, width, horizon + 3)
    canvas.paste(canvas.crop(edge).filter(ImageFilter.GaussianBlur(1.4)), edge[:2])
    return canvas, horizon


def _standing(scene: Scene, horizon: int, chance: Random, home: Random) -> Iterator[tuple[Image.Image, tuple[int, int]]]:
    """Each thing's sprite and the middle of its foot, in pixels."""
    width, height = scene.size
    near, first = scene.view == "close", chance.randrange(2)
    free = 0.9 if near else _free_width(scene)
    for number, thing in enumerate(scene.things):
        aspect = KINDS[thing.kind].aspect * home.uniform(0.9, 1.1)
        tall = KINDS[thing.kind].height * height * (0.62 if near else 0.4) * chance.uniform(0.9, 1.08)
        tall = min(tall, free * width / aspect / (1 if thing.count == 1 else 2), height * 0.6)
        half = tall * aspect * (0.5 if thing.count == 1 else 1.0)
        middle = min(max((PLACES[thing.place] + chance.uniform(-0.04, 0.04)) * width, half), width - half)
        row = (number + first) % 2  # neighbours are in two rows, so that none hides the other
        front = horizon + (height - horizon) * (chance.uniform(0.46, 0.6) if row else chance.uniform(0.82, 0.95))
        lit = lit_round(outline(thing.kind, own_colour(thing.colour, home), int(tall), int(tall * aspect)), home)
        for beside, behind in GROUPS[thing.count]:
            x = middle + beside * tall * aspect * chance.uniform(0.92, 1.04)
            base = max(front - behind * tall * 0.7, horizon + 0.1 * (height - horizon))
            yield turned(lit, 1 - 0.14 * behind - chance.uniform(0, 0.06), chance), (int(x), int(base))


def _free_width(scene: Scene) -> float:
    """Largest width of a group, as a share of the picture's: a little more than the distance of two groups' middles."""
    middles = [PLACES[t.place] for t in scene.things]
    return 1.5 * min((b - a for a, b in pairwise(middles)), default=0.45)


@cache
def _pool() -> Image.Image:
    """A soft dark spot, to be stretched under things."""
    spot = Image.new("L", (120, 40), 0)
    ImageDraw.Draw(spot).ellipse((12, 8, 104, 32), fill=130)
    return spot.filter(ImageFilter.GaussianBlur(6))


def _cast_shadow(canvas: Image.Image, sprite: Image.Image, x: int, base: int) -> None:
    """Darken the ground under a thing and to its right."""
    wide, deep = int(sprite.width * 1.25), max(6, sprite.height // 4)
    pool = _pool().resize((wide, deep), Image.Resampling.BILINEAR)
    canvas.paste((24, 20, 26), (x - int(wide * 0.44), base - int(deep * 0.66)), pool)


def _developed(canvas: Image.Image, scene: Scene, chance: Random) -> Image.Image:
    """The picture as a camera gives it: the hour's light, unevenly, and grain."""
    near, far = TINTS[scene.light]
    light = gradient((48, 48), near, far).rotate(chance.choice((0, 20, -20, 60, -60)), fillcolor=far)
    clouds = patch("cloudy", (120, 120), chance).reduce(2).filter(ImageFilter.GaussianBlur(5)).crop((6, 6, 54, 54))
    clouds = ImageOps.autocontrast(clouds).point(lambda v: 222 + v // 8)
    light = ImageChops.multiply(light, Image.merge("RGB", [clouds] * 3))
    canvas = ImageChops.multiply(canvas, light.resize(scene.size, Image.Resampling.BILINEAR))
    grain = Image.merge("RGB", [patch("fine", scene.size, chance)] * 3)
    return ImageChops.add(canvas.point(lambda v: v + v * (255 - v) // 700), grain, 1, -128)
