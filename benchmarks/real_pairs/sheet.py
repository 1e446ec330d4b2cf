"""A sheet to draw a template on: its style and its content come from two sources of chance.

All pictures of one template have one style (fonts, colours, widths, number of rows). Their content is a sequence of
values, each drawn from a source of its own, so that a second picture can have other content everywhere or at a few places.
"""

from collections.abc import Set
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from random import Random
from typing import NamedTuple

from PIL import Image, ImageDraw, ImageFont

from pipelines.sources.sample_corpus.scenes.text_overlay import font as chinese_font

Colour = tuple[int, int, int]
Face = ImageFont.FreeTypeFont
CHARACTERS = (
    "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种面而方后多定行学法所"
    "民得经十三之进着等部度家电力里如水化高自二理起小物现实加量都两体制机当使点从业本去把性好应开它合还因由其些然前外天政四日"
)
LETTERS = "etaoinshrdlucmfwypvbgk"
LATIN_FONTS = (
    "DejaVuSans", "DejaVuSans-Bold", "DejaVuSerif", "DejaVuSerif-Italic", "DejaVuSansMono", "DejaVuSansMono-Bold",
    "STIXGeneral", "STIXGeneralBol", "cmr10", "cmss10", "cmtt10",
)  # fmt: skip


class Style(NamedTuple):
    """Seed, font and colours that the pictures of one template share."""

    seed: str
    latin: str
    """Path of a font file; empty for Noto Sans CJK."""
    weight: int
    ground: Colour
    ink: Colour
    accent: Colour

    def chance(self, purpose: str) -> Random:
        """A source of chance for the layout, the same for every picture of the template."""
        return Random(f"{self.seed} {purpose}")

    def font(self, size: int) -> Face:
        """The template's font in pixels."""
        return latin_font(self.latin, size) if self.latin else chinese_font(size, self.weight)


class Content:
    """The values of one picture, in the order in which they are drawn."""

    def __init__(self, seed: str, *, other_seed: str = "", changed: Set[int] = frozenset(), chinese: bool = False) -> None:
        """Values of `seed`, those numbered in `changed` of `other_seed`; words in Chinese or in Latin letters."""
        self._seed, self._other_seed, self._changed, self._chinese = seed, other_seed, changed, chinese
        self.count = 0

    def chance(self) -> Random:
        """The source of the next value."""
        seed = self._other_seed if self.count in self._changed else self._seed
        self.count += 1
        return Random(f"{seed} {self.count}")

    def words(self, least: int, most: int) -> str:
        """Between `least` and `most` words."""
        rng = self.chance()
        count = rng.randint(least, most)
        if self._chinese:
            return "".join(rng.choices(CHARACTERS, k=rng.randint(2 * count, 2 * count + 1)))
        return " ".join("".join(rng.choices(LETTERS, k=rng.randint(2, 8))) for _ in range(count)).capitalize()

    def number(self, low: int, high: int, decimals: int = 0) -> str:
        """A number of a range."""
        return f"{self.chance().uniform(low, high):.{decimals}f}"

    def time(self) -> str:
        """A time of the day."""
        rng = self.chance()
        return f"{rng.randrange(24):02d}:{rng.randrange(60):02d}"


def style(seed: str) -> Style:
    """A style drawn from `seed`: dark on light for four of five."""
    rng = Random(f"style {seed}")
    fonts = ["", *installed_fonts()]
    light: Colour = (rng.randrange(225, 256), rng.randrange(225, 256), rng.randrange(215, 256))
    dark: Colour = (rng.randrange(70), rng.randrange(70), rng.randrange(80))
    accent: Colour = (rng.randrange(20, 230), rng.randrange(20, 200), rng.randrange(20, 230))
    ground, ink = (light, dark) if rng.random() < 0.8 else (dark, light)
    return Style(seed, rng.choice(fonts), rng.choice((300, 400, 500, 700, 900)), ground, ink, accent)


@cache
def installed_fonts() -> tuple[str, ...]:
    """Paths of LATIN_FONTS that this machine has, in matplotlib's package or below /usr/share/fonts."""
    package = find_spec("matplotlib")
    folders = [Path(package.origin).parent / "mpl-data/fonts/ttf"] if package and package.origin else []
    files = {path.stem: str(path) for folder in (*folders, Path("/usr/share/fonts")) for path in folder.rglob("*.ttf")}
    return tuple(files[name] for name in LATIN_FONTS if name in files)


@cache
def latin_font(path: str, size: int) -> Face:
    """A font file in pixels."""
    return ImageFont.truetype(path, size)


def blank(width: int, height: int, ground: Colour) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    """An empty sheet."""
    image = Image.new("RGB", (width, height), ground)
    return image, ImageDraw.Draw(image)


def mixed(a: Colour, b: Colour, share: float) -> Colour:
    """`share` of `b` in `a`."""
    red, green, blue = (round(x + (y - x) * share) for x, y in zip(a, b, strict=True))
    return red, green, blue
