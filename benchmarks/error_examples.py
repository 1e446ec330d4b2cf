"""Example pairs of pictures that the job gets wrong, one per kind of error; all may be published.

Photos are from HowToCook (public domain). Product pictures are drawn, since those of the benchmark may not be published.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

from PIL import Image, ImageEnhance, ImageOps

from benchmarks.products import bowl, chest, lamp
from testkit.crop_edits import CROPS, cut_out
from testkit.image_edits import EDITS

WHITE, CREAM, RED = (246, 244, 238), (236, 228, 210), (150, 40, 40)
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Example:
    """Two pictures and their true relation."""

    name: str
    left: Image.Image
    right: Image.Image
    truth: str
    """copy, crop (the left one is a crop of the right one), or different."""
    box: Box | None = None
    """True location of the left picture in the right one, in fractions."""


def examples(photos: Path) -> Iterator[Example]:
    """Generate all examples of the page, in order; `photos` is HowToCook's folder of pictures."""
    yield from missed_products()
    yield from missed_photos(photos)
    yield from called_otherwise(photos)
    yield from false_pairs()


def missed_products() -> Iterator[Example]:
    """Generate copies and crops of products on white that are not found."""
    white = bowl((246, 246, 244))
    yield Example("overexposed", ImageEnhance.Brightness(white).enhance(1.35), white, "copy")
    yield edited("stickers", "stickers", chest((240, 240, 238)))
    yield edited("text", "text", chest(RED))
    yield edited("vignette", "vignette", lamp(WHITE))
    yield edited("autocontrast", "autocontrast", chest(RED))
    yield cut("crop_of_few_features", "crop_20", chest((240, 240, 238)), 0)


def missed_photos(photos: Path) -> Iterator[Example]:
    """Generate copies and crops of photos that are not found."""
    for edit, file in (
        ("hearts", "cc9ecb0aea.jpg"),
        ("saturate", "f57bb37741.jpg"),
        ("palette", "e1f6720f1b.jpg"),
    ):
        yield edited(edit, edit, opened(photos / file), file)
    yield cut("crop_without_a_key", "crop_20", opened(photos / "8a3f40be80.jpg"), "8a3f40be80.jpg")
    yield cut("crop_without_a_map", "crop_20", opened(photos / "7ae815c0c8.jpg"), 5)


def called_otherwise(photos: Path) -> Iterator[Example]:
    """Generate pairs that are found with the wrong relation."""
    yield edited("polaroid", "polaroid", opened(photos / "e1f6720f1b.jpg"), "e1f6720f1b.jpg")


def false_pairs() -> Iterator[Example]:
    """Generate different products that are reported as the same."""
    yield Example("striped_shade", lamp(WHITE), lamp(WHITE, pattern=3), "different")
    yield Example("cream_shade", lamp(WHITE), lamp(CREAM), "different")
    yield Example("wider_chest", chest((240, 240, 238)), chest((240, 240, 238), wide=0.6), "different")
    yield Example("same_foot", part(lamp(WHITE), (0.1, 0.42, 0.9, 0.95)), lamp(WHITE, 0.95, pattern=5), "different")


def opened(file: Path) -> Image.Image:
    """Open a photo, upright."""
    return ImageOps.exif_transpose(Image.open(file)).convert("RGB")


def edited(name: str, edit: str, image: Image.Image, file: str = "") -> Example:
    """Apply an edit of `testkit.image_edits`, seeded by its name and the file's."""
    return Example(name, EDITS[edit](image, Random(edit + file)), image, "copy")


def cut(name: str, kind: str, image: Image.Image, seed: int | str) -> Example:
    """Make a crop of `testkit.crop_edits`."""
    crop, box = cut_out(image, CROPS[kind], Random(seed if isinstance(seed, int) else kind + seed))
    return Example(name, crop, image, "crop", (box[0], box[1], box[2], box[3]))


def part(image: Image.Image, box: Box) -> Image.Image:
    """Crop a box in fractions of the picture."""
    size = image.size * 2
    return image.crop(tuple(round(share * side) for share, side in zip(box, size, strict=True)))  # type: ignore[arg-type]
