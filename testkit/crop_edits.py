"""Crops that ../shared/bench does not have, by name, for the table of `benchmarks.image_edits`."""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from PIL import Image, ImageOps

from testkit.image_edits import Edit, saved, scaled


@dataclass(frozen=True, slots=True, kw_only=True)
class CropEdit:
    """A kind of crop, with an edit of the result."""

    area: float
    """Area as a share of the picture."""
    long: bool = False
    """Whether to double the aspect ratio, in a random direction."""
    then: Edit = lambda image, _: image
    """Edit of the crop."""
    quality: int = 80
    """JPEG quality."""


CROPS: Mapping[str, CropEdit] = {
    "crop_20": CropEdit(area=0.2),
    "crop_20_mirror": CropEdit(area=0.2, then=lambda image, _: ImageOps.mirror(image)),
    "crop_25_zoom": CropEdit(area=0.25, then=lambda image, _: scaled(image, 1.6)),
    "crop_30_small": CropEdit(area=0.3, then=lambda image, _: scaled(image, 0.5), quality=50),
    "crop_35_long": CropEdit(area=0.35, long=True),
    "crop_50_grey": CropEdit(area=0.5, then=lambda image, _: ImageOps.grayscale(image).convert("RGB")),
    "crop_70": CropEdit(area=0.7),
}


def cut_out(image: Image.Image, cut: CropEdit, rng: Random) -> tuple[Image.Image, list[float]]:
    """Crop at a random position; returns the crop and its box [left, top, right, bottom] in fractions of the picture."""
    stretch = rng.choice((0.5, 2.0)) if cut.long else 1.0
    width = int(min(image.width, image.width * (cut.area * stretch) ** 0.5))
    height = int(min(image.height, image.height * (cut.area / stretch) ** 0.5))
    x, y = rng.randrange(image.width - width + 1), rng.randrange(image.height - height + 1)
    box = [x / image.width, y / image.height, (x + width) / image.width, (y + height) / image.height]
    return saved(cut.then(image.crop((x, y, x + width, y + height)), rng), "JPEG", cut.quality), box
