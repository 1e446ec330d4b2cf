"""Words drawn in pictures can be read: they fit, they are what is told, and a missing font is the user's to mend."""

import numpy as np
import pytest
from PIL import Image

from pipelines.sources.sample_corpus.scenes import text_overlay
from pipelines.sources.sample_corpus.seeded_random import dice
from schemas.errors import UninoteError

GREY = Image.new("RGB", (360, 480), (120, 130, 140))
LONG = "两只红色马克杯和一盆绿色盆栽，周末的厨房一角真好看，点赞收藏"


def test_a_missing_font_says_what_to_install(monkeypatch):
    monkeypatch.setattr(text_overlay, "FONT_PACKAGE", "no_such_package_of_fonts")
    text_overlay.font.cache_clear()
    with pytest.raises(UninoteError, match="pip install manimgx-fonts-cjk==2026.9.26.post1"):
        text_overlay.font(20, 400)
    text_overlay.font.cache_clear()


@pytest.mark.parametrize("words", [LONG, "Two red mugs on the left, a green plant on the right of an old kitchen", "短"])
def test_lines_are_no_wider_than_asked_and_lose_no_word(words):
    face = text_overlay.font(30, 600)
    lines = text_overlay._wrapped(words, face, 300)
    assert all(face.getlength(line) <= 300 for line in lines)
    assert "".join(lines).replace(" ", "") == words.replace(" ", "")


@pytest.mark.parametrize("number", range(6))
def test_a_title_is_drawn_whole_inside_the_picture(number):
    drawn = text_overlay.titled(GREY, LONG, dice(0, number))
    changed = np.argwhere((np.asarray(drawn.image) != np.asarray(GREY)).any(axis=2))
    (top, left), (bottom, right) = changed.min(axis=0), changed.max(axis=0)
    assert left > 0 and right < 359 and top > 0 and bottom < 479
    assert drawn.text.replace("\n", "") == LONG


@pytest.mark.parametrize("number", range(6))
def test_a_sign_stands_inside_the_picture(number):
    drawn = text_overlay.signed(GREY, "150 washes, no fade (really)", dice(0, number))
    changed = np.argwhere((np.asarray(drawn.image) != np.asarray(GREY)).any(axis=2))
    assert changed[:, 1].min() >= 0 and changed[:, 1].max() < 359
    assert drawn.text.replace("\n", " ") == "150 washes, no fade (really)"


def test_a_page_shows_the_lines_that_it_says_it_shows_and_no_others():
    page = text_overlay.page((360, 480), "标题", "一行字。" * 40, [], dice(0, 1))
    fewer = text_overlay.page((360, 480), "标题", page.text.split("\n", 1)[1].replace("\n", ""), [], dice(0, 1))
    assert page.text.startswith("标题\n")
    assert fewer.text == page.text
    assert fewer.image.tobytes() == page.image.tobytes()


def test_words_are_drawn_without_emoji():
    assert text_overlay.drawable("🍰 Kitchen: a red mug ❤️") == "Kitchen: a red mug"
    face = text_overlay.font(30, 600)
    undrawn = face.getmask("🍰").getbbox()  # the empty box that stands for letters which a font lacks
    letters = set(text_overlay.drawable("厨房一角｜两只红色马克杯，第3天：做早饭！"))
    assert letters >= set("厨房马克杯｜：！")
    assert all(face.getmask(letter).getbbox() != undrawn for letter in letters)
