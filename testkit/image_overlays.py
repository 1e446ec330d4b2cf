"""Overlays and frames that users add to pictures: stickers, texts, screenshots.

Every edit takes an RGB picture and a random source and returns a new picture; the same seed gives the same pixels.
"""

from random import Random

from PIL import Image, ImageDraw, ImageOps

Colour = tuple[int, int, int]
WHITE: Colour = (255, 255, 255)


def any_colour(rng: Random, low: int = 0) -> Colour:
    """Draw a colour with every channel at `low` or above."""
    return rng.randrange(low, 256), rng.randrange(low, 256), rng.randrange(low, 256)


def big_border(image: Image.Image, rng: Random) -> Image.Image:
    """Add a border of a fifth of the shorter side, in a random colour."""
    return ImageOps.expand(image, border=int(min(image.size) * 0.2), fill=any_colour(rng))


def side_panel(image: Image.Image, rng: Random) -> Image.Image:
    """Add a plain panel of 0.7 of the width at the side."""
    out = Image.new("RGB", (int(image.width * 1.7), image.height), any_colour(rng, 120))
    out.paste(image, (0, 0))
    return out


def polaroid(image: Image.Image, rng: Random) -> Image.Image:
    """Put the picture in a white instant-photo frame with a line of text, on a plain background."""
    margin = int(min(image.size) * 0.06)
    card = Image.new("RGB", (image.width + 2 * margin, image.height + 5 * margin), (250, 249, 245))
    card.paste(image, (margin, margin))
    words = ImageDraw.Draw(card)
    words.text((2 * margin, image.height + 2 * margin), "summer 2025", fill=(60, 60, 70), font_size=max(10, 2 * margin))
    return ImageOps.expand(card, border=margin, fill=any_colour(rng, 60))


def rounded(image: Image.Image, rng: Random) -> Image.Image:
    """Round the corners by an eighth of the shorter side, on white."""
    mask = Image.new("L", image.size, 0)
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, *image.size), radius=min(image.size) // 8, fill=255)
    return Image.composite(image, Image.new("RGB", image.size, WHITE), mask)


def screenshot(image: Image.Image, rng: Random) -> Image.Image:
    """Imitate a phone's screenshot: a dark bar above, grey lines of text below."""
    width, height = int(image.width * 1.25), int(image.height * 1.9)
    out = Image.new("RGB", (width, height), (250, 250, 250))
    draw = ImageDraw.Draw(out)
    draw.rectangle((0, 0, width, height // 16), fill=(30, 30, 40))
    for k in range(9):
        top = height * 3 // 4 + k * height // 50
        right = width // 20 + rng.randrange(width // 3, width * 8 // 10)
        draw.rectangle((width // 20, top, right, top + height // 110), fill=(60, 60, 60))
    out.paste(image, ((width - image.width) // 2, height // 8))
    return out


def stickers(image: Image.Image, rng: Random) -> Image.Image:
    """Add three squares in random colours, each 0.18 of the shorter side."""
    out = image.copy()
    side = int(min(image.size) * 0.18)
    for _ in range(3):
        x, y = rng.randrange(image.width - side), rng.randrange(image.height - side)
        ImageDraw.Draw(out).rectangle((x, y, x + side, y + side), fill=any_colour(rng))
    return out


def hearts(image: Image.Image, rng: Random) -> Image.Image:
    """Add six red hearts and a yellow face."""
    out = image.copy()
    draw = ImageDraw.Draw(out)
    for _ in range(6):
        side = int(min(image.size) * rng.uniform(0.06, 0.12))
        x, y = rng.randrange(image.width - side), rng.randrange(image.height - side)
        for left in (x, x + side // 2):
            draw.pieslice((left, y, left + side // 2, y + side // 2), 180, 360, fill=(230, 40, 70))
        draw.polygon(((x, y + side // 4), (x + side, y + side // 4), (x + side // 2, y + side)), fill=(230, 40, 70))
    side = int(min(image.size) * 0.2)
    x, y = rng.randrange(image.width - side), rng.randrange(image.height - side)
    draw.ellipse((x, y, x + side, y + side), fill=(255, 205, 50))
    for left in (x + side // 4, x + side * 5 // 8):
        draw.ellipse((left, y + side // 4, left + side // 8, y + side // 2), fill=(70, 40, 10))
    draw.arc(
        (x + side // 4, y + side // 4, x + side * 3 // 4, y + side * 3 // 4),
        20,
        160,
        fill=(70, 40, 10),
        width=max(2, side // 16),
    )
    return out


def chat_bubble(image: Image.Image, rng: Random) -> Image.Image:
    """Add a white speech bubble with two lines of text over a lower corner."""
    out = image.copy()
    draw = ImageDraw.Draw(out)
    width, height = int(image.width * 0.5), int(image.height * 0.22)
    left, top = rng.choice((0, image.width - width)), image.height - height
    draw.rounded_rectangle(
        (left, top, left + width, top + height), radius=height // 4, fill=WHITE, outline=(200, 200, 200), width=2
    )
    for k, line in enumerate(("where did you", "buy this one?")):
        place = (left + width // 12, top + height // 8 + k * height * 2 // 5)
        draw.text(place, line, fill=(30, 30, 30), font_size=max(8, min(height // 3, width // 8)))
    return out


def text(image: Image.Image, rng: Random) -> Image.Image:
    """Add three lines of white letters with a black outline over the middle."""
    out = image.copy()
    draw, size = ImageDraw.Draw(out), image.height // 10
    for k in range(3):
        place = (image.width // 12, image.height // 5 + k * image.height // 6)
        draw.text(place, "SALE 50% OFF best", fill=WHITE, font_size=size, stroke_width=2, stroke_fill=(0, 0, 0))
    return out


def watermark(image: Image.Image, rng: Random) -> Image.Image:
    """Tile a half-transparent user name over the picture."""
    layer = Image.new("RGBA", image.size, (0, 0, 0, 0))
    draw = ImageDraw.Draw(layer)
    for y in range(0, image.height, max(20, image.height // 6)):
        for x in range(0, image.width, max(30, image.width // 4)):
            draw.text((x, y), "@user", fill=(255, 255, 255, 110), font_size=max(10, image.height // 25))
    return Image.alpha_composite(image.convert("RGBA"), layer).convert("RGB")


def grid(image: Image.Image, rng: Random) -> Image.Image:
    """Put the picture in one of nine cells, and drawn shapes in the others: the result contains it but is not a copy."""
    gap, cell = 8, (image.width, image.height)
    out = Image.new("RGB", (3 * cell[0] + 2 * gap, 3 * cell[1] + 2 * gap), WHITE)
    own = rng.randrange(9)
    for k in range(9):
        place = (k % 3 * (cell[0] + gap), k // 3 * (cell[1] + gap))
        out.paste(image if k == own else _drawn(cell, rng), place)
    out.thumbnail((2048, 2048), Image.Resampling.LANCZOS)
    return out


def _drawn(size: tuple[int, int], rng: Random) -> Image.Image:
    """Draw twenty shapes on a plain background."""
    out = Image.new("RGB", size, any_colour(rng, 100))
    draw = ImageDraw.Draw(out)
    for _ in range(20):
        x, y = rng.randrange(size[0]), rng.randrange(size[1])
        box = (x, y, x + rng.randrange(4, size[0] // 3), y + rng.randrange(4, size[1] // 3))
        rng.choice((draw.ellipse, draw.rectangle))(box, fill=any_colour(rng))
    return out
