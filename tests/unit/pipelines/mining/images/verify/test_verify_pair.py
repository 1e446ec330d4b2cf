"""Pictures through the whole verification: edited, framed, cut, turned, a colour variant, or another thing."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

from pipelines.mining.images.fingerprint.local_features import Detection, detect
from pipelines.mining.images.fingerprint.perceptual_hashes import exposed_hash, pdq_hashes, pdq_picture
from pipelines.mining.images.verify.feature_alignment import points
from pipelines.mining.images.verify.transform_hypotheses import Sketch
from pipelines.mining.images.verify.verify_pair import PairVerdict
from testkit.verified_pictures import StoredPicture, verdict
from tests.unit.pipelines.mining.images.scenes import product, scene

OTHER_WAY_ROUND = {
    "copy": "copy", "framed_a": "framed_b", "framed_b": "framed_a", "crop_a": "crop_b", "crop_b": "crop_a", "none": "none",
    "variant": "variant",
}  # fmt: skip


def picture(pixels: np.ndarray | Image.Image) -> StoredPicture:
    """As the pipeline stores it, without the straightening."""
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    image.thumbnail((288, 288), Image.Resampling.BOX)
    rgb = np.asarray(image.convert("RGB"))
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    detail = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, 85])[1].tobytes()
    image.thumbnail((160, 160), Image.Resampling.BOX)
    buffer = io.BytesIO()
    image.convert("RGB").save(buffer, "JPEG", quality=90)
    features = detect(grey, Detection())
    small = pdq_picture(rgb)
    return StoredPicture(
        Sketch(points(features), b"".join(pdq_hashes(small)[0]), exposed_hash(small)), buffer.getvalue(), detail
    )


def compare(a: object, b: object) -> PairVerdict:
    """Both ways round, since a pair's order is that of its sha256: they must agree."""
    pictures = picture(a), picture(b)
    forward, back = verdict(*pictures), verdict(*pictures[::-1])
    assert back.relation == OTHER_WAY_ROUND[forward.relation]
    assert abs(back.hamming - forward.hamming) <= 8
    assert (back.region is None) == (forward.region is None)
    assert forward.region is None or overlap_of(back.region, forward.region) > 0.9
    assert abs(back.score - forward.score) < 0.1
    return forward


def jpeg(image: Image.Image, quality: int) -> Image.Image:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return Image.open(buffer)


def noisy(image: Image.Image) -> Image.Image:
    noise = np.random.default_rng(0).normal(0, 15, (image.height, image.width, 3))
    return Image.fromarray(np.clip(np.asarray(image) + noise, 0, 255).astype(np.uint8))


def slanted(image: Image.Image) -> Image.Image:
    w, h = image.size
    return image.transform(
        (w, h), Image.Transform.QUAD, (0.03 * w, 0.02 * h, 0, h, w, 0.96 * h, 0.98 * w, 0), Image.Resampling.BICUBIC
    )


def vignetted(image: Image.Image) -> Image.Image:
    y, x = np.mgrid[-1 : 1 : image.height * 1j, -1 : 1 : image.width * 1j]
    return Image.fromarray((np.asarray(image) * (1 - 0.3 * (x * x + y * y))[:, :, None]).astype(np.uint8))


def covered(image: Image.Image) -> Image.Image:
    pixels = np.array(image)
    cv2.circle(pixels, (150, 120), 60, (255, 210, 0), -1)
    return Image.fromarray(pixels)


EDITS = {
    "recompressed": lambda im: jpeg(im, 20),
    "half": lambda im: im.resize((im.width // 2, im.height // 2)),
    "brighter": lambda im: ImageEnhance.Brightness(im).enhance(1.3),
    "flat": lambda im: ImageEnhance.Contrast(im).enhance(0.6),
    "vivid": lambda im: ImageEnhance.Color(im).enhance(1.6),
    "grey": lambda im: ImageOps.grayscale(im).convert("RGB"),
    "blurred": lambda im: im.filter(ImageFilter.GaussianBlur(2)),
    "noisy": noisy,
    "mirrored": ImageOps.mirror,
    "stretched": lambda im: im.resize((int(im.width * 1.15), im.height)),
    "turned by 3 degrees": lambda im: im.rotate(3, Image.Resampling.BICUBIC, fillcolor=(255, 255, 255)),
    "slanted": slanted,
    "with a sticker": covered,
    "turned by 90 degrees": lambda im: im.transpose(Image.Transpose.ROTATE_90),
    "sepia": lambda im: ImageOps.colorize(ImageOps.grayscale(im), (40, 20, 0), (255, 240, 200)),
    "with a vignette": vignetted,
    "overexposed": lambda im: ImageEnhance.Brightness(im).enhance(1.5),
    "upside down": lambda im: im.transpose(Image.Transpose.ROTATE_180),
}


@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.parametrize("seed", [1, 2])
def test_an_edited_scene_is_a_copy(edit, seed):
    original = Image.fromarray(scene(seed))
    result = compare(original.copy(), EDITS[edit](original.copy()))
    assert result.relation == "copy"
    assert result.mirrored == (edit == "mirrored")
    assert result.score > 0.4
    assert result.pixel_correlation > 0.5


@pytest.mark.parametrize("edit", ["recompressed", "half", "brighter", "grey", "mirrored", "stretched", "with a sticker"])
def test_an_edited_product_on_white_is_a_copy(edit):
    original = Image.fromarray(product((170, 90, 60)))
    assert compare(original.copy(), EDITS[edit](original.copy())).relation == "copy"


@pytest.mark.parametrize("colour", [(60, 90, 170), (225, 215, 200), (60, 60, 60), (90, 160, 80)])
def test_another_colour_of_the_same_product_is_a_variant(colour):
    assert compare(product((170, 90, 60)), product(colour)).relation == "variant"


def test_two_scenes_are_no_copies():
    pictures = [picture(scene(seed)) for seed in range(8)]
    verdicts = [verdict(a, b) for k, a in enumerate(pictures) for b in pictures[:k]]
    assert {one.relation for one in verdicts} == {"none"}


def test_two_scenes_with_the_same_caption_and_logo_are_no_copies():
    pictures = [scene(3), scene(4)]
    badge = scene(5, 130, 90)
    for pixels in pictures:
        pixels[-60:] = 20
        for k in range(8):
            pixels[-40:-20, 20 + 55 * k : 55 + 55 * k] = 240
        pixels[10:100, 10:140] = badge
    assert compare(*pictures).relation == "none"


def test_two_plain_posters_with_other_words_are_no_copies():
    posters = []
    for words in (("GRAND OPENING", "SATURDAY 8 PM", "ALL ARE WELCOME"), ("SUMMER SALE", "HALF THE PRICE", "UNTIL SUNDAY")):
        poster = np.full((480, 360, 3), (240, 230, 90), np.uint8)
        for k, line in enumerate(words):
            cv2.putText(poster, line, (25, 120 + 110 * k), cv2.FONT_HERSHEY_DUPLEX, 1.1, (30, 30, 30), 2, cv2.LINE_AA)
        posters.append(poster)
    assert compare(*posters).relation == "none"
    assert compare(posters[0], posters[0][::2, ::2].copy()).relation == "copy"


def overlap_of(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    """Intersection over union of two boxes."""
    wide, high = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    common = max(0.0, wide) * max(0.0, high)
    return common / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - common)


@pytest.mark.parametrize("box", [(0.1, 0.1, 0.9, 0.8), (0.05, 0.2, 0.6, 0.8), (0.4, 0.45, 0.9, 0.95), (0.3, 0.2, 0.75, 0.64)])
@pytest.mark.parametrize("mirror", [False, True])
def test_a_crop_is_found_with_its_box(box, mirror):
    whole = scene(6, 960, 720)
    cut = whole[round(box[1] * 720) : round(box[3] * 720), round(box[0] * 960) : round(box[2] * 960)]
    cut = np.ascontiguousarray(cut[:, ::-1]) if mirror else cut
    result = compare(cut, whole)
    assert result.relation == "crop_a"
    assert result.mirrored == mirror
    assert overlap_of(result.region, box) > 0.94


@pytest.mark.parametrize("level", [20, 250])
def test_a_screenshot_holds_a_whole_picture(level):
    shot = np.full((800, 480, 3), level, np.uint8)
    shot[200:560] = scene(7)
    for k in range(4):
        cv2.putText(shot, "some words below it", (20, 620 + 40 * k), cv2.FONT_HERSHEY_SIMPLEX, 0.8, (128, 128, 128), 2)
    result = compare(scene(7), shot)
    assert result.relation == "framed_a"
    assert overlap_of(result.region, (0, 0.25, 1, 0.7)) > 0.95


def patterned() -> np.ndarray:
    """A cushion with a pattern, on white."""
    mask = cv2.ellipse(np.zeros((400, 400), np.uint8), (200, 200), (150, 110), 0, 0, 360, 1, -1)
    return np.where(mask[:, :, None] > 0, scene(9, 400, 400), 255).astype(np.uint8)


def test_a_product_on_a_white_page_with_words_is_framed():
    shot = np.full((800, 500, 3), 250, np.uint8)
    shot[:50] = (30, 30, 40)
    shot[120:520, 50:450] = patterned()
    for k in range(6):
        cv2.putText(
            shot, "some words below it" + "!" * (3 * k), (30, 600 + 30 * k), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (60, 60, 60), 2
        )
    result = compare(patterned(), shot)
    assert result.relation == "framed_a"
    assert overlap_of(result.region, (0.1, 0.15, 0.9, 0.65)) > 0.93


def test_two_products_in_one_black_frame_are_no_copies():
    both = product((170, 90, 60)), np.full((400, 400, 3), 255, np.uint8)
    framed = [cv2.copyMakeBorder(picture, 40, 40, 40, 40, cv2.BORDER_CONSTANT) for picture in both]
    cv2.ellipse(framed[1], (240, 240), (90, 60), 20, 0, 360, (60, 130, 80), -1, cv2.LINE_AA)
    assert compare(*framed).relation == "none"


def test_two_blank_pictures_are_nothing():
    assert compare(np.full((90, 120, 3), 255, np.uint8), np.full((90, 120, 3), 255, np.uint8)).relation == "none"
