"""Templates of rows and columns: table, receipt, timetable, form, calendar, chart."""

from PIL import Image

from benchmarks.real_pairs.sheet import Content, Style, blank, mixed


def table(style: Style, content: Content) -> Image.Image:
    """A price table: a heading, columns of words and numbers, lines or stripes."""
    rng = style.chance("table")
    columns, rows, size = rng.randint(3, 5), rng.randint(8, 18), rng.randint(20, 30)
    width, step = rng.randint(800, 1150), int(size * rng.uniform(1.7, 2.4))
    image, draw = blank(width, step * (rows + 4), style.ground)
    draw.text((30, step // 2), content.words(2, 4), fill=style.accent, font=style.font(int(size * 1.6)))
    first, rest = int(width * 0.38), (width - int(width * 0.38)) // (columns - 1)
    lined = rng.random() < 0.6
    for row in range(rows + 1):
        top = step * (row + 2)
        if row == 0 or (not lined and row % 2):
            draw.rectangle((20, top, width - 20, top + step), fill=mixed(style.ground, style.accent, 0.25))
        if lined:
            draw.line((20, top + step, width - 20, top + step), fill=mixed(style.ground, style.ink, 0.4), width=2)
        for column in range(columns):
            place = (30 if column == 0 else first + (column - 1) * rest, top + (step - size) // 2 - 2)
            text = content.words(1, 3) if column == 0 or row == 0 else content.number(1, 900, column % 3)
            draw.text(place, text[:22], fill=style.ink, font=style.font(size))
    return image


def receipt(style: Style, content: Content) -> Image.Image:
    """A till receipt: a shop's head, items with prices at the right, a total, bars at the foot."""
    rng = style.chance("receipt")
    width, rows, size = rng.randint(480, 640), rng.randint(9, 22), rng.randint(18, 24)
    step = int(size * 1.6)
    image, draw = blank(width, step * (rows + 12), style.ground)
    draw.text((width // 2, step * 2), rng.choice(("SUPERMARKET", "COFFEE HOUSE", "BOOK STORE")), anchor="mm",
              fill=style.ink, font=style.font(size * 2))  # fmt: skip
    draw.text((width // 2, step * 4), content.number(10**9, 10**10) + "  " + content.time(), anchor="mm", fill=style.ink,
              font=style.font(size))  # fmt: skip
    for row in range(rows + 1):
        top, last = step * (row + 6), row == rows
        size_here = int(size * 1.4) if last else size
        draw.text((24, top), "TOTAL" if last else content.words(1, 2)[:20], fill=style.ink, font=style.font(size_here))
        draw.text((width - 24, top), content.number(1, 200, 2), anchor="ra", fill=style.ink, font=style.font(size_here))
    bars, x = content.chance(), 60
    while x < width - 60:
        bar = bars.randint(2, 6)
        draw.rectangle((x, step * (rows + 8), x + bar, step * (rows + 10)), fill=style.ink)
        x += bar + bars.randint(3, 8)
    return image


def timetable(style: Style, content: Content) -> Image.Image:
    """A timetable: stops at the left, a grid of times."""
    rng = style.chance("timetable")
    rows, columns, size = rng.randint(9, 16), rng.randint(5, 8), rng.randint(18, 24)
    left, step, cell = rng.randint(220, 300), int(size * 1.9), int(size * 4)
    width = left + cell * columns + 40
    image, draw = blank(width, step * (rows + 4), style.ground)
    draw.rectangle((0, 0, width, step * 2), fill=style.accent)
    draw.text((24, step // 2), "Line " + content.number(1, 99), fill=style.ground, font=style.font(int(size * 1.5)))
    for row in range(rows):
        top = step * (row + 3)
        draw.text((24, top), content.words(1, 2)[:16], fill=style.ink, font=style.font(size))
        for column in range(columns):
            draw.text((left + column * cell, top), content.time(), fill=style.ink, font=style.font(size))
    return image


def form(style: Style, content: Content) -> Image.Image:
    """A filled-in form or ticket: printed labels that stay, values that change."""
    rng = style.chance("form")
    rows, size = rng.randint(6, 11), rng.randint(22, 30)
    width, step = rng.randint(760, 1000), int(size * rng.uniform(2.2, 2.8))
    labels = Content(style.seed + "labels")
    image, draw = blank(width, step * (rows + 3), style.ground)
    draw.rounded_rectangle((15, 15, width - 15, step * (rows + 3) - 15), radius=18, outline=style.accent, width=5)
    draw.text((45, step // 2), labels.words(2, 3), fill=style.accent, font=style.font(int(size * 1.5)))
    for row in range(rows):
        top = step * (row + 2)
        draw.text((45, top), labels.words(1, 2)[:14], fill=mixed(style.ground, style.ink, 0.6), font=style.font(size))
        draw.text((width // 2 - 40, top), content.words(1, 3)[:20], fill=style.ink, font=style.font(int(size * 1.15)))
        draw.line((width // 2 - 45, top + step - 12, width - 45, top + step - 12), fill=mixed(style.ground, style.ink, 0.3))
    return image


def calendar(style: Style, content: Content) -> Image.Image:
    """A month's grid with the days numbered and entries in most boxes."""
    rng = style.chance("calendar")
    side, size = rng.randint(130, 170), rng.randint(18, 22)
    image, draw = blank(side * 7 + 20, side * 5 + 110, style.ground)
    draw.text((20, 20), content.words(1, 2), fill=style.accent, font=style.font(size * 2))
    for day in range(35):
        x, y = 10 + day % 7 * side, 100 + day // 7 * side
        draw.rectangle((x, y, x + side, y + side), outline=mixed(style.ground, style.ink, 0.4), width=2)
        draw.text((x + 8, y + 6), str(day + 1), fill=style.accent, font=style.font(size))
        for line in range(rng.randint(1, 3)):
            draw.text((x + 8, y + 36 + line * (size + 8)), content.words(1, 1)[:9], fill=style.ink, font=style.font(size))
    return image


def chart(style: Style, content: Content) -> Image.Image:
    """A bar chart with axes, values above the bars, names below."""
    rng = style.chance("chart")
    width, height, bars, size = rng.randint(800, 1100), rng.randint(600, 760), rng.randint(5, 9), rng.randint(20, 26)
    image, draw = blank(width, height, style.ground)
    draw.text((width // 2, 40), content.words(2, 4), anchor="mm", fill=style.ink, font=style.font(int(size * 1.5)))
    step = (width - 120) // bars
    for line in range(6):
        y = 100 + line * (height - 200) // 5
        draw.line((80, y, width - 30, y), fill=mixed(style.ground, style.ink, 0.25), width=2)
        draw.text((70, y), str(100 - 20 * line), anchor="rm", fill=style.ink, font=style.font(size))
    for bar in range(bars):
        value, x = content.chance().uniform(0.1, 1.0), 95 + bar * step
        top = height - 100 - int(value * (height - 200))
        draw.rectangle((x, top, x + step * 2 // 3, height - 100), fill=mixed(style.accent, style.ground, 0.12 * (bar % 3)))
        draw.text((x + step // 3, top - 4), f"{value * 100:.0f}", anchor="mb", fill=style.ink, font=style.font(size))
        draw.text((x + step // 3, height - 90), content.words(1, 1)[:6], anchor="ma", fill=style.ink, font=style.font(size))
    return image
