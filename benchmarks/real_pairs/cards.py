"""Templates of posts: chat, poster, QR card, map, meme, room."""

from pathlib import Path
from random import Random

from PIL import Image, ImageDraw, ImageOps

from benchmarks.real_pairs.sheet import Content, Style, blank, mixed


def chat(style: Style, content: Content) -> Image.Image:
    """A chat: bubbles left and right, faces beside them."""
    rng = style.chance("chat")
    width, messages, size = rng.randint(640, 800), rng.randint(6, 11), rng.randint(24, 30)
    step = int(size * rng.uniform(3.6, 4.4))
    image, draw = blank(width, step * messages + 130, mixed(style.ground, (128, 128, 128), 0.08))
    draw.rectangle((0, 0, width, 90), fill=style.accent)
    draw.text((width // 2, 45), content.words(1, 2), anchor="mm", fill=style.ground, font=style.font(int(size * 1.2)))
    for k in range(messages):
        top, mine = 110 + k * step, rng.random() < 0.5
        room = rng.uniform(0.45, 0.7) * width
        left = width - 90 - room if mine else 90
        face = (width - 76, top, width - 16, top + 60) if mine else (16, top, 76, top + 60)
        draw.ellipse(face, fill=mixed(style.accent, style.ink, 0.3 if mine else 0.7))
        bubble = (149, 236, 105) if mine else (255, 255, 255)
        draw.rounded_rectangle((left, top, left + room, top + int(size * 2.9)), radius=14, fill=bubble)
        letters = int(room / size * (1.6 if style.latin else 0.9))
        for line in range(2):
            draw.text((left + 16, top + 8 + line * int(size * 1.3)), content.words(3, 7)[:letters], fill=(20, 20, 20),
                      font=style.font(size))  # fmt: skip
    return image


def poster(style: Style, content: Content) -> Image.Image:
    """A numbered list in big letters: "10 tips", a heading and an underlined row each."""
    rng = style.chance("poster")
    rows, size, width = rng.randint(6, 10), rng.randint(32, 44), rng.randint(900, 1080)
    step = int(size * rng.uniform(2.2, 2.9))
    image, draw = blank(width, step * (rows + 3), mixed(style.ground, style.accent, 0.12))
    draw.rectangle((40, 30, width - 40, step * 2 - 10), fill=style.accent)
    heading = "MUST READ" if style.latin else rng.choice(("TIPS FOR YOU", "必看清单"))
    draw.text((width // 2, step), heading, anchor="mm", fill=style.ground, font=style.font(int(size * 1.6)))
    letters = int((width - 160) / size * (1.7 if style.latin else 1))
    for row in range(rows):
        top = step * (row + 2) + step // 3
        draw.ellipse((40, top - 4, 40 + int(size * 1.3), top - 4 + int(size * 1.3)), fill=style.accent)
        draw.text((40 + int(size * 0.65), top - 4 + int(size * 0.65)), str(row + 1), anchor="mm", fill=style.ground,
                  font=style.font(int(size * 0.8)))  # fmt: skip
        draw.text((120, top), content.words(3, 5)[:letters], fill=style.ink, font=style.font(size))
    return image


def qr(style: Style, content: Content) -> Image.Image:
    """A card with a code of square modules as a QR code has, and a name below it."""
    rng = style.chance("qr")
    modules, module = 21 + 4 * rng.randint(1, 5), rng.randint(10, 16)
    side = modules * module
    image, draw = blank(side + 160, side + 300, style.ground)
    draw.text((side // 2 + 80, 60), rng.choice(("SCAN ME", "JOIN US")), anchor="mm", fill=style.accent, font=style.font(44))
    draw.rectangle((60, 110, side + 100, side + 150), fill=(255, 255, 255))
    bits = content.chance()
    for y in range(modules):
        for x in range(modules):
            if bits.random() < 0.5:
                draw.rectangle(
                    (80 + x * module, 130 + y * module, 79 + (x + 1) * module, 129 + (y + 1) * module), fill=(0, 0, 0)
                )
    for x, y in ((0, 0), (modules - 7, 0), (0, modules - 7)):
        for inset, colour in ((-1, (255, 255, 255)), (0, (0, 0, 0)), (1, (255, 255, 255)), (2, (0, 0, 0))):
            left, top = 80 + (x + inset) * module, 130 + (y + inset) * module
            right, bottom = 79 + (x + 7 - inset) * module, 129 + (y + 7 - inset) * module
            draw.rectangle((left, top, right, bottom), fill=colour)
    draw.text((side // 2 + 80, side + 220), content.words(1, 2), anchor="mm", fill=style.ink, font=style.font(40))
    return image


def street_map(style: Style, content: Content) -> Image.Image:
    """A street map with other names and another route on it."""
    rng = style.chance("map")
    width, height, size = rng.randint(800, 1000), rng.randint(700, 900), rng.randint(20, 26)
    image, draw = blank(width, height, mixed((240, 238, 230), style.accent, 0.08))
    draw.polygon([(rng.randrange(width), rng.randrange(height)) for _ in range(3)], fill=(170, 205, 235))
    draw.rectangle((width // 2, height // 3, width * 3 // 4, height * 2 // 3), fill=(200, 228, 190))
    roads = [(rng.randrange(width), 0, rng.randrange(width), height) for _ in range(5)]
    roads += [(0, rng.randrange(height), width, rng.randrange(height)) for _ in range(5)]
    for road in roads:
        draw.line(road, fill=(205, 200, 190), width=22)
        draw.line(road, fill=(255, 255, 255), width=16)
    route = content.chance()
    stops = [(route.randrange(60, width - 60), route.randrange(60, height - 60)) for _ in range(5)]
    draw.line(stops, fill=style.accent, width=9, joint="curve")
    for _ in range(rng.randint(10, 16)):
        place = (rng.randrange(20, width - 160), rng.randrange(20, height - 40))
        draw.text(place, content.words(1, 2)[:14], fill=(60, 60, 60), font=style.font(size))
    return image


def meme(style: Style, content: Content, photos: list[Path]) -> Image.Image:
    """A photo with a line of outlined letters above and one below."""
    rng = style.chance("meme")
    image = opened(rng.choice(photos), 900)
    draw, size = ImageDraw.Draw(image), int(image.width * rng.uniform(0.065, 0.09))
    letters = int(image.width / size * (0.95 if not style.latin else 1.6))
    for place, anchor in (((image.width // 2, size // 3), "ma"), ((image.width // 2, image.height - size // 3), "md")):
        text = content.words(2, 4)[:letters].upper()
        draw.text(place, text, anchor=anchor, fill=(255, 255, 255), stroke_width=max(2, size // 14), stroke_fill=(0, 0, 0),
                  font=style.font(size))  # fmt: skip
    return image


def quote(style: Style, content: Content, photos: list[Path]) -> Image.Image:
    """A photo above, the same for all pictures of the template, and five lines of text on plain ground below."""
    rng = style.chance("quote")
    photo = opened(rng.choice(photos), 840)
    size = rng.randint(30, 40)
    image, draw = blank(photo.width + 60, photo.height + 90 + int(size * 1.7) * 5, style.ground)
    image.paste(photo, (30, 30))
    letters = int(photo.width / size * (0.95 if not style.latin else 1.7))
    for line in range(5):
        place = (40, photo.height + 55 + line * int(size * 1.7))
        draw.text(place, content.words(4, 8)[:letters], fill=style.ink, font=style.font(size))
    return image


def room(style: Style, content: Content) -> Image.Image:
    """A drawn room with a person in it: who, and where, changes."""
    rng = style.chance("room")
    width, height = rng.randint(800, 1000), rng.randint(600, 750)
    image, draw = blank(width, height, mixed((235, 225, 210), style.accent, 0.2))
    draw.rectangle((0, height * 3 // 4, width, height), fill=mixed((150, 110, 80), style.accent, 0.15))
    for _ in range(rng.randint(6, 10)):
        _furniture(draw, rng, width, height)
    person = content.chance()
    x, tall = person.randrange(width // 8, width * 7 // 8), person.randint(height // 3, height // 2)
    foot = height - 40
    skin = person.choice(((240, 205, 180), (200, 150, 115), (120, 80, 55)))
    clothes, trousers = (tuple(person.randrange(20, 235) for _ in range(3)) for _ in range(2))
    head = tall // 7
    draw.rectangle((x - head, foot - tall // 2, x + head, foot), fill=trousers)
    draw.rounded_rectangle((x - head * 3 // 2, foot - tall + 2 * head, x + head * 3 // 2, foot - tall // 2), 14, fill=clothes)
    draw.ellipse((x - head, foot - tall, x + head, foot - tall + 2 * head), fill=skin)
    draw.pieslice(
        (x - head, foot - tall - 4, x + head, foot - tall + 2 * head),
        180,
        360,
        fill=person.choice(((30, 20, 15), (120, 80, 30))),
    )
    return image


def _furniture(draw: ImageDraw.ImageDraw, rng: Random, width: int, height: int) -> None:
    x, y = rng.randrange(width), rng.randrange(height * 3 // 4)
    wide, high = rng.randint(60, width // 4), rng.randint(50, height // 4)
    colour = (rng.randrange(30, 230), rng.randrange(30, 230), rng.randrange(30, 230))
    draw.rectangle((x, y, x + wide, y + high), fill=colour, outline=mixed(colour, (0, 0, 0), 0.4), width=4)
    for k in range(rng.randint(1, 4)):
        top = y + k * high // 4
        draw.line((x + 8, top + 8, x + wide - 8, top + 8), fill=mixed(colour, (255, 255, 255), 0.4), width=3)


def opened(path: Path, side: int) -> Image.Image:
    """A photo, upright, with its longest side at `side`."""
    with Image.open(path) as stored:
        photo = ImageOps.exif_transpose(stored).convert("RGB")
    factor = side / max(photo.size)
    return photo.resize((round(photo.width * factor), round(photo.height * factor)), Image.Resampling.LANCZOS)
