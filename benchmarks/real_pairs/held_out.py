"""Templates that no threshold was chosen on: certificate, scoreboard, price tags."""

from PIL import Image

from benchmarks.real_pairs.sheet import Content, Style, blank, mixed


def certificate(style: Style, content: Content) -> Image.Image:
    """A framed certificate: printed words that stay, a name, a reason, a date and a signature that change."""
    rng = style.chance("certificate")
    width, height, size = rng.randint(900, 1100), rng.randint(640, 780), rng.randint(28, 36)
    image, draw = blank(width, height, style.ground)
    for inset in (20, 32):
        draw.rectangle((inset, inset, width - inset, height - inset), outline=style.accent, width=4)
    draw.text((width // 2, 110), "CERTIFICATE", anchor="mm", fill=style.accent, font=style.font(size * 2))
    draw.text((width // 2, 190), "presented to", anchor="mm", fill=style.ink, font=style.font(size))
    draw.text((width // 2, 270), content.words(2, 3), anchor="mm", fill=style.ink, font=style.font(int(size * 1.7)))
    for line in range(2):
        draw.text(
            (width // 2, 360 + line * size * 2), content.words(3, 5)[:34], anchor="mm", fill=style.ink, font=style.font(size)
        )
    pen, points, x = content.chance(), [], width * 0.62
    while x < width * 0.85:
        points.append((x, height - 110 + pen.uniform(-35, 35)))
        x += pen.uniform(6, 24)
    draw.line(points, fill=mixed(style.ink, (30, 30, 160), 0.6), width=4, joint="curve")
    draw.text(
        (80, height - 110),
        content.number(1, 28) + ". " + content.number(1, 12) + ". 2025",
        fill=style.ink,
        font=style.font(size),
    )
    return image


def scoreboard(style: Style, content: Content) -> Image.Image:
    """Results of a round: two names with a large score between them in each row."""
    rng = style.chance("scoreboard")
    rows, size, width = rng.randint(4, 7), rng.randint(30, 40), rng.randint(820, 1000)
    step = int(size * 2.6)
    image, draw = blank(width, step * (rows + 2), style.ground)
    draw.rectangle((0, 0, width, step), fill=style.accent)
    draw.text(
        (width // 2, step // 2), "RESULTS " + content.number(1, 38), anchor="mm", fill=style.ground, font=style.font(size)
    )
    for row in range(rows):
        middle = step * (row + 1) + step // 2 + 20
        draw.rounded_rectangle(
            (30, middle - step // 2 + 8, width - 30, middle + step // 2 - 8), 12, outline=style.accent, width=3
        )
        for place, anchor in ((60, "lm"), (width - 60, "rm")):
            draw.text((place, middle), content.words(1, 1)[:9], anchor=anchor, fill=style.ink, font=style.font(size))
        score = f"{content.number(0, 9)} : {content.number(0, 9)}"
        draw.text((width // 2, middle), score, anchor="mm", fill=style.ink, font=style.font(int(size * 1.4)))
    return image


def price_tags(style: Style, content: Content) -> Image.Image:
    """Tags in a grid: a drawn shape, a name and a large price on each."""
    rng = style.chance("price tags")
    columns, rows, side, size = rng.randint(2, 4), rng.randint(2, 3), rng.randint(240, 300), rng.randint(22, 28)
    image, draw = blank(columns * side + 20, rows * side + 20, mixed(style.ground, style.accent, 0.2))
    for cell in range(columns * rows):
        x, y = 10 + cell % columns * side, 10 + cell // columns * side
        draw.rounded_rectangle((x + 8, y + 8, x + side - 8, y + side - 8), 16, fill=style.ground)
        left, top, wide = x + rng.randint(30, 60), y + 24, rng.randint(70, 150)
        draw.ellipse((left, top, left + wide, top + 90), fill=mixed(style.accent, style.ground, rng.uniform(0, 0.6)))
        draw.text((x + 24, y + side - 110), content.words(1, 2)[:12], fill=style.ink, font=style.font(size))
        draw.text((x + 24, y + side - 70), content.number(1, 999, 2), fill=style.accent, font=style.font(int(size * 1.7)))
    return image
