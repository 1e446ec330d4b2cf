"""Picture edits that ../shared/bench does not have, by name, for the table of `benchmarks.image_edits`.

Every edit takes an RGB picture and a random source and returns a new picture; the same seed gives the same pixels.
"""

import io
from collections.abc import Callable, Mapping
from random import Random

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps

from testkit import image_overlays

Edit = Callable[[Image.Image, Random], Image.Image]
CONTAINING_EDIT = "grid"
"""The edit whose result contains the picture and is not a copy of it: the picture is a crop of the result."""


def saved(image: Image.Image, kind: str, quality: int) -> Image.Image:
    """Encode and decode in a lossy format."""
    buffer = io.BytesIO()
    image.save(buffer, kind, quality=quality)
    return Image.open(buffer).convert("RGB")


def scaled(image: Image.Image, factor: float) -> Image.Image:
    """Resize by a factor, with no side below 32 pixels."""
    size = max(32, int(image.width * factor)), max(32, int(image.height * factor))
    return image.resize(size, Image.Resampling.LANCZOS)


def gains(image: Image.Image, red: float, green: float, blue: float) -> Image.Image:
    """Scale each channel, which changes the colour temperature."""
    return Image.fromarray(np.clip(np.asarray(image) * np.array((red, green, blue)), 0, 255).astype(np.uint8))


def gamma(image: Image.Image, power: float) -> Image.Image:
    """Apply a gamma curve; a power below 1 brightens."""
    return image.point([int(255 * (level / 255) ** power) for level in range(256)] * 3)


def noise(image: Image.Image, rng: Random) -> Image.Image:
    """Add Gaussian noise with a standard deviation of 14 levels."""
    levels = np.random.default_rng(rng.randrange(1 << 30)).normal(0, 14, (image.height, image.width, 3))
    return Image.fromarray(np.clip(np.asarray(image) + levels, 0, 255).astype(np.uint8))


def vignette(image: Image.Image, rng: Random) -> Image.Image:
    """Darken towards the corners, to 0.4 of their brightness."""
    y, x = np.mgrid[0 : image.height, 0 : image.width]
    light = 1 - 1.2 * ((x / image.width - 0.5) ** 2 + (y / image.height - 0.5) ** 2)
    return Image.fromarray(np.clip(np.asarray(image) * light[..., None], 0, 255).astype(np.uint8))


def perspective(image: Image.Image, rng: Random) -> Image.Image:
    """Move each corner inwards by up to 5 % of the sides."""
    width, height = image.size
    corners = ((0, 0), (0, height), (width, height), (width, 0))
    quad: list[float] = []
    for x, y in corners:
        quad += [x + (0.5 - x / width) * rng.uniform(0, 0.1) * width, y + (0.5 - y / height) * rng.uniform(0, 0.1) * height]
    return image.transform(image.size, Image.Transform.QUAD, quad, Image.Resampling.BICUBIC)


def screen_photo(image: Image.Image, rng: Random) -> Image.Image:
    """Imitate a photo of a screen: moiré, a cold cast, slight blur, slight rotation."""
    y, x = np.mgrid[0 : image.height, 0 : image.width]
    bars = 1 + 0.10 * np.sin(x * 2.2 + y * 0.13) + 0.08 * np.sin(y * 2.05 - x * 0.11)
    lit = np.asarray(image.filter(ImageFilter.GaussianBlur(0.8))) * bars[..., None] * np.array((0.92, 1.0, 1.06))
    return Image.fromarray(np.clip(lit, 0, 255).astype(np.uint8)).rotate(1, Image.Resampling.BICUBIC, fillcolor=(10, 10, 12))


def warm_blur_sticker(image: Image.Image, rng: Random) -> Image.Image:
    """Combine three edits: a warm cast, blur, and a yellow disc of 0.3 of the shorter side."""
    out = gains(image, 1.15, 1.0, 0.8).filter(ImageFilter.GaussianBlur(max(1, min(image.size) / 250)))
    side = int(min(image.size) * 0.3)
    x, y = rng.randrange(image.width - side), rng.randrange(image.height - side)
    ImageDraw.Draw(out).ellipse((x, y, x + side, y + side), fill=(255, 210, 0), outline=(0, 0, 0), width=3)
    return out


def mirror_border_jpeg(image: Image.Image, rng: Random) -> Image.Image:
    """Mirror, add a black border of a tenth, and encode as JPEG at quality 30."""
    return saved(ImageOps.expand(ImageOps.mirror(image), border=int(min(image.size) * 0.1), fill="black"), "JPEG", 30)


EDITS: Mapping[str, Edit] = {
    "autocontrast": lambda image, _: ImageOps.autocontrast(image, cutoff=2),
    "big_border": image_overlays.big_border,
    "brighter_1.5": lambda image, _: ImageEnhance.Brightness(image).enhance(1.5),
    "chat_bubble": image_overlays.chat_bubble,
    "cold": lambda image, _: gains(image, 0.8, 1.0, 1.2),
    "darker": lambda image, _: ImageEnhance.Brightness(image).enhance(0.6),
    "desaturate": lambda image, _: ImageEnhance.Color(image).enhance(0.4),
    "fade": lambda image, _: Image.blend(image, Image.new("RGB", image.size, (235, 225, 210)), 0.35),
    "gamma_0.6": lambda image, _: gamma(image, 0.6),
    "gamma_1.6": lambda image, _: gamma(image, 1.6),
    "grid": image_overlays.grid,
    "hearts": image_overlays.hearts,
    "mirror_border_jpeg": mirror_border_jpeg,
    "noise": noise,
    "palette": lambda image, _: image.quantize(32).convert("RGB"),
    "perspective": perspective,
    "polaroid": image_overlays.polaroid,
    "posterize": lambda image, _: ImageOps.posterize(image, 3),
    "quarter_size": lambda image, _: scaled(image, 0.25),
    "rotate_4": lambda image, _: image.rotate(4, Image.Resampling.BICUBIC, expand=True, fillcolor=image_overlays.WHITE),
    "rounded": image_overlays.rounded,
    "saturate": lambda image, _: ImageEnhance.Color(image).enhance(1.8),
    "screen_photo": screen_photo,
    "screenshot": image_overlays.screenshot,
    "sepia": lambda image, _: ImageOps.colorize(ImageOps.grayscale(image), (40, 20, 0), (255, 240, 200)),
    "sharpen": lambda image, _: image.filter(ImageFilter.UnsharpMask(3, 200, 2)),
    "side_panel": image_overlays.side_panel,
    "stickers": image_overlays.stickers,
    "stretch_1.15": lambda image, _: image.resize((int(image.width * 1.15), image.height), Image.Resampling.LANCZOS),
    "text": image_overlays.text,
    "turn_90": lambda image, _: image.transpose(Image.Transpose.ROTATE_90),
    "vignette": vignette,
    "warm_blur_sticker": warm_blur_sticker,
    "watermark": image_overlays.watermark,
    "webp_30": lambda image, _: saved(image, "WEBP", 30),
}
