"""Drawn products on white, which may be published, with the typical traits of shops' pictures."""

import math

from PIL import Image, ImageChops, ImageDraw, ImageFilter

SIDE = 480
Colour = tuple[int, int, int]


def _paper() -> tuple[Image.Image, ImageDraw.ImageDraw]:
    image = Image.new("RGB", (SIDE, SIDE), (255, 255, 255))
    return image, ImageDraw.Draw(image)


def _shaded(colour: Colour, by: float) -> Colour:
    return tuple(min(255, max(0, round(level * by))) for level in colour)  # type: ignore[return-value]


def chest(colour: Colour, drawers: int = 4, knob: Colour = (120, 120, 118), wide: float = 0.56) -> Image.Image:
    """Draw a chest of drawers with round knobs."""
    image, draw = _paper()
    left, right, top, bottom = int(SIDE * (0.5 - wide / 2)), int(SIDE * (0.5 + wide / 2)), SIDE // 6, SIDE * 5 // 6
    draw.rectangle((left, top, right, bottom), fill=colour)
    height = (bottom - top) // drawers
    for k in range(drawers):
        y = top + k * height
        draw.rectangle(
            (left + 6, y + 6, right - 6, y + height - 4), fill=_shaded(colour, 1.01), outline=_shaded(colour, 0.93), width=2
        )
        for x in (left + 60, right - 60):
            draw.ellipse((x - 7, y + height // 2 - 7, x + 7, y + height // 2 + 7), fill=knob)
            draw.ellipse((x - 4, y + height // 2 - 5, x, y + height // 2 - 1), fill=_shaded(knob, 1.6))
    for x in (left + 8, right - 20):
        draw.rectangle((x, bottom, x + 12, bottom + 30), fill=_shaded(colour, 0.9))
    return image.filter(ImageFilter.GaussianBlur(0.7))


def lamp(shade: Colour, flare: float = 0.75, pattern: int = 0) -> Image.Image:
    """Draw a lamp; `pattern` is the number of stripes on the shade."""
    image, draw = _paper()
    top, bottom, half = SIDE // 8, SIDE // 2, SIDE // 4
    for x in range(-half, half):
        lit = 1.0 - 0.22 * (x / half) ** 2 - 0.06 * (x / half)
        rise = math.sqrt(1 - (x / half) ** 2)
        if pattern and int((x + half) / (2 * half) * 2 * pattern) % 2:
            lit *= 0.8
        upper = SIDE // 2 + int(x * flare)
        draw.line((upper, top - int(6 * rise), SIDE // 2 + x, bottom + int(10 * rise)), fill=_shaded(shade, lit), width=2)
    draw.rectangle((SIDE // 2 - 5, bottom + 10, SIDE // 2 + 5, SIDE * 4 // 5), fill=(150, 150, 150))
    draw.ellipse((SIDE // 2 - 70, SIDE * 4 // 5 - 12, SIDE // 2 + 70, SIDE * 4 // 5 + 18), fill=(160, 160, 160))
    return image.filter(ImageFilter.GaussianBlur(0.7))


def bowl(colour: Colour) -> Image.Image:
    """Draw a plain bowl with a soft shadow, which has few features."""
    image, _ = _paper()
    shadow = Image.new("RGB", image.size, (255, 255, 255))
    ImageDraw.Draw(shadow).ellipse((110, 330, 400, 400), fill=(214, 214, 214))
    image = ImageChops.multiply(image, shadow.filter(ImageFilter.GaussianBlur(14)))
    draw = ImageDraw.Draw(image)
    for k in range(150):
        inset = int(110 * (1 - math.sqrt(1 - (k / 150) ** 2)))
        draw.line((90 + inset, 220 + k, 390 - inset, 220 + k), fill=_shaded(colour, 1 - 0.0012 * k), width=1)
    draw.ellipse((90, 180, 390, 260), fill=_shaded(colour, 0.93))
    return image.filter(ImageFilter.GaussianBlur(0.7))
