"""Notes that share what few notes say, whatever script most of their letters are of."""

import pytest

from pipelines.negatives.filters.false_negative_filter import Guard
from pipelines.negatives.filters.rare_grams import retold, shared, words
from tests.unit.pipelines.negatives.worlds import notes

GREETING = "分享一下今天的好物，点赞收藏关注我哦"
SENTENCE = "The cover is made of ramie, a hard-wearing natural material."
RECIPE = "待油温六成热，加入泡姜泡椒野山椒大蒜炒出香味，加入豆瓣酱二十克，中火翻炒至出红油"
TEXTS = {
    "cover": ("Cushion cover", SENTENCE),
    "quote": ("老式锅包肉的做法", f"{SENTENCE}\n{RECIPE}"),
    "retyped": ("晚饭", f"{GREETING}\n待油温6成热，加入泡姜的泡椒野山椒大蒜，炒出香味加入豆瓣酱二十克✨中火翻炒至出红油"),
    "other": ("洋葱炒蛋", f"{GREETING}\n洋葱切丝，鸡蛋打散，热锅凉油下洋葱炒软再倒入蛋液快速划散出锅"),
    "another": ("A walk", f"{GREETING}\nWe went along the river until the evening and saw two herons."),
    "silent": ("", None),
}
KNOWN = words(notes(TEXTS))


def held(one, *others, **settings):
    return retold([(one, frozenset(others))], KNOWN, Guard(**settings))[0]


def test_a_quote_is_found_in_a_note_of_another_script_and_retyped():
    assert held("quote", "cover") and held("cover", "quote")
    assert held("quote", "retyped")
    assert not held("other", "cover", "quote")
    assert held("quote", "other", "cover")


def test_what_many_notes_say_says_nothing():
    assert held("other", "another") and held("other", "retyped")
    assert not held("other", "another", familiar_notes=2)
    assert not held("other", "retyped", familiar_notes=2)
    assert held("quote", "retyped", familiar_notes=2)


def test_a_note_without_words_or_that_is_not_known_says_nothing():
    assert not held("silent", "silent") and not held("cover", "nowhere")


@pytest.mark.parametrize(("letters", "alike"), [(15, True), (14, False)])
def test_fifteen_chinese_letters_in_a_row_are_twelve_grams(letters, alike):
    row = "一二三四五六七八九十甲乙丙丁戊"[:letters]
    known = words(notes({"a": (row, None), "b": (f"前{row}后", None)}))
    assert shared(known.texts["a"], known.texts["b"], known, 50) == letters - 3
    assert (letters - 3 >= Guard().min_shared_grams) == alike
