"""Sprite of one thing: its outline in its colour, shaded, worn and rotated."""

from random import Random

from PIL import Image, ImageChops, ImageColor, ImageDraw, ImageFilter

from pipelines.sources.sample_corpus.scenes.object_shapes import KINDS, OutlinePart
from pipelines.sources.sample_corpus.scenes.scene import COLOURS, Thing
from pipelines.sources.sample_corpus.scenes.textures import Ink, patch, shade
from pipelines.sources.sample_corpus.seeded_random import dice

OVER = 3
"""Things are drawn this many times larger and reduced, so that their edges are smooth."""


def ornament(thing: Thing, tall: int, key: str, seed: int) -> Image.Image:
    """One thing on a transparent ground: RGBA, about that many pixels high."""
    chance = dice(seed, "ornament", key, thing.kind)
    plain = outline(thing.kind, own_colour(thing.colour, chance), tall, int(tall * KINDS[thing.kind].aspect))
    return turned(lit_round(plain, chance), 1.0, chance)


def own_colour(colour: str, home: Random) -> Ink:
    """The colour as this note's thing has it: no two reds are the same."""
    red, green, blue = (v + home.randrange(-14, 15) for v in COLOURS[colour])
    return shade((red, green, blue), 1.0)


def lit_round(plain: Image.Image, chance: Random) -> Image.Image:
    """The flat thing, made round by light from the upper left, and a little worn."""
    alpha, reach = plain.getchannel("A"), max(2, plain.height // 18)
    soft = alpha.filter(ImageFilter.BoxBlur(max(1, plain.height // 22))).filter(ImageFilter.BoxBlur(max(1, plain.height // 22)))
    bevel = ImageChops.subtract(ImageChops.offset(soft, reach, reach), ImageChops.offset(soft, -reach, -reach), 2.2, 128)
    worn = patch("cloudy", plain.size, chance).point(lambda v: 128 + (v - 128) // 3)
    bevel = ImageChops.add(bevel, worn, 1, -128)
    lit = ImageChops.overlay(plain.convert("RGB"), Image.merge("RGB", [bevel] * 3))
    lit.putalpha(alpha)
    return lit


def turned(lit: Image.Image, scale: float, chance: Random) -> Image.Image:
    """The thing at that scale, leaning up to 5 degrees."""
    small = lit.resize((max(4, int(lit.width * scale)), max(4, int(lit.height * scale))), Image.Resampling.BILINEAR)
    return small.rotate(chance.uniform(-5, 5), Image.Resampling.BILINEAR)


def outline(kind: str, main: Ink, tall: int, wide: int) -> Image.Image:
    """The flat thing with smooth edges, RGBA, with room around it to turn in."""
    margin = max(3, tall // 12)
    sheet = Image.new("RGBA", ((wide + 2 * margin) * OVER, (tall + margin) * OVER), (*main, 0))
    draw = ImageDraw.Draw(sheet)
    for part in KINDS[kind].parts:
        _draw_part(draw, part, (wide * OVER, tall * OVER), margin * OVER, _ink(part.ink, main))
    return sheet.reduce(OVER)


def _ink(ink: str, main: Ink) -> Ink:
    if ink in ("main", "dark"):
        return main if ink == "main" else shade(main, 0.72)
    if ink == "light":
        return shade((main[0] + 34, main[1] + 34, main[2] + 34), 1.06)
    red, green, blue = ImageColor.getrgb(ink)[:3]
    return red, green, blue


def _draw_part(draw: ImageDraw.ImageDraw, part: OutlinePart, size: tuple[int, int], margin: int, ink: Ink) -> None:
    at = [v * size[n % 2] + margin * (1 if n % 2 == 0 else 0.9) for n, v in enumerate(part.at)]
    thick = max(1, int(part.size * size[1]))
    if part.shape == "oval":
        draw.ellipse(at, fill=ink)
    elif part.shape == "ring":
        draw.ellipse(at, outline=ink, width=thick)
    elif part.shape == "box":
        draw.rounded_rectangle(at, thick, fill=ink)
    elif part.shape == "poly":
        draw.polygon(at, fill=ink)
    elif part.shape == "line":
        draw.line(at, fill=ink, width=thick, joint="curve")
    else:
        start = 180 if part.shape == "dome" else 0
        draw.chord(at, start, start + 180, fill=ink)
