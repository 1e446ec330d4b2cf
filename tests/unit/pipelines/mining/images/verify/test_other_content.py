"""Lists with other words are other content; whatever is done to all of a list, or put on it, is not."""

import io
from random import Random

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

from pipelines.mining.images.verify.other_content import CLEAN, MIN_CELLS, MIN_CLEAN_CELLS, content_change
from tests.unit.pipelines.mining.images.scenes import scene

SAME_PLACE = np.eye(3)


def words(seed, image, lines=8, top=20, fill=(20, 20, 40)):
    rng, out = Random(seed), image.copy()
    draw = ImageDraw.Draw(out)
    for line in range(lines):
        text = "".join(rng.choices("abcdefghiklmnoprstuvw", k=18))
        draw.text((24, top + line * 24), text, fill=fill, font_size=16)
    return out


def paper(seed):
    return words(seed, Image.new("RGB", (288, 216), (244, 240, 228)))


def photo(seed):
    return Image.fromarray(scene(seed, 288, 216))


def grey(image):
    return np.asarray(image.convert("L"), np.float32)


def jpeg(image, quality):
    buffer = io.BytesIO()
    image.convert("RGB").save(buffer, "JPEG", quality=quality)
    return Image.open(buffer)


def is_other(a, b):
    return content_change(grey(a), grey(b), SAME_PLACE).is_other_content


@pytest.mark.parametrize("seed", range(3))
def test_other_words_on_one_paper_are_other_content(seed):
    assert is_other(paper(seed), paper(seed + 10))


def price_list(last):
    image, rng = Image.new("RGB", (288, 216), (250, 250, 250)), Random(0)
    draw = ImageDraw.Draw(image)
    for line in range(12):
        price = last if line == 5 else f"{rng.randrange(10, 99)}"
        draw.text((16, 6 + line * 17), "".join(rng.choices("abcdefgh", k=9)), fill=(20, 20, 30), font_size=12)
        draw.text((216, 6 + line * 17), price, fill=(20, 20, 30), font_size=12)
    return image


def test_one_other_price_is_other_content_where_all_else_agrees():
    same, other = price_list("47"), price_list("92")
    assert is_other(same, other)
    assert not is_other(same, jpeg(price_list("47"), 40))
    change = content_change(grey(same), grey(other), SAME_PLACE)
    assert MIN_CLEAN_CELLS <= change.cells < MIN_CELLS
    assert change.agreement > CLEAN


def test_so_few_cells_say_nothing_where_all_else_differs_a_little_too():
    change = content_change(grey(price_list("47")), grey(price_list("92")), SAME_PLACE)
    assert not change._replace(agreement=CLEAN - 0.01).is_other_content
    assert change._replace(agreement=CLEAN - 0.01, cells=MIN_CELLS).is_other_content


def test_a_small_plain_sticker_on_texture_is_put_on():
    woven = Image.fromarray((np.indices((216, 288)).sum(axis=0) // 5 % 2 * 150 + 50).astype(np.uint8)).convert("RGB")
    covered = woven.copy()
    ImageDraw.Draw(covered).ellipse((120, 90, 150, 120), fill=(250, 210, 0), outline=(0, 0, 0), width=2)
    assert not is_other(woven, covered)


@pytest.mark.parametrize("seed", range(3))
def test_other_words_on_one_photo_are_other_content(seed):
    soft = photo(seed).filter(ImageFilter.GaussianBlur(2))
    assert is_other(*(words(seed + k, soft, lines=3, fill=(255, 255, 255)) for k in (0, 10)))


@pytest.mark.parametrize(
    "edit",
    [
        lambda image: jpeg(image, 30),
        lambda image: image.filter(ImageFilter.GaussianBlur(1.2)),
        lambda image: ImageEnhance.Contrast(image).enhance(0.5),
        lambda image: image.resize((144, 108), Image.Resampling.LANCZOS).resize((288, 216)),
        lambda image: Image.blend(image, Image.new("RGB", image.size, (235, 225, 210)), 0.35),
    ],
    ids=["jpeg", "blur", "contrast", "half", "fade"],
)
def test_an_edit_of_all_of_a_picture_is_no_other_content(edit):
    assert not is_other(paper(1), edit(paper(1)))
    assert not is_other(photo(1), edit(photo(1)))


def test_words_and_stickers_on_one_of_two_photos_are_no_other_content():
    sticker = photo(2)
    ImageDraw.Draw(sticker).ellipse((90, 60, 170, 140), fill=(255, 210, 0), outline=(0, 0, 0), width=3)
    assert not is_other(photo(2), sticker)
    soft = photo(2).filter(ImageFilter.GaussianBlur(2))
    assert not is_other(soft, words(5, soft, lines=3, fill=(255, 255, 255)))


def test_the_verdict_does_not_depend_on_the_order_or_on_sizes():
    a, b = grey(paper(3)), grey(paper(4))
    half = cv2.resize(b, (192, 144), interpolation=cv2.INTER_AREA)
    shrink = np.diag([192 / 288, 144 / 216, 1.0])
    assert content_change(a, half, shrink).is_other_content
    assert content_change(half, a, np.linalg.inv(shrink)).is_other_content
    own = cv2.resize(a, (192, 144), interpolation=cv2.INTER_AREA)
    assert not content_change(a, own, shrink).is_other_content


def test_pictures_of_one_colour_have_no_other_content():
    plain = np.full((216, 288), 128, np.float32)
    assert content_change(plain, plain + 20, SAME_PLACE).cells == 0
