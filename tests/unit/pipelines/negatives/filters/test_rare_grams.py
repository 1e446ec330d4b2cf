"""Notes that share what few notes say, whatever script most of their letters are of."""

import pytest

from pipelines.negatives.filters.rare_grams import max_document_count, ngram_index, shared_rare_ngrams, shares_rare_ngrams
from pipelines.negatives.filters.settings import Guard
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
KNOWN = ngram_index(notes(TEXTS))


def related(one, *others, **settings):
    return shares_rare_ngrams([(one, frozenset(others))], KNOWN, Guard(**settings))[0]


def test_a_quote_is_found_in_a_note_of_another_script_and_retyped():
    assert related("quote", "cover") and related("cover", "quote")
    assert related("quote", "retyped")
    assert not related("other", "cover", "quote")
    assert related("quote", "other", "cover")


def test_what_many_notes_say_says_nothing():
    whatever = {"max_ngram_share": 1.0}
    assert related("other", "another", **whatever) and related("other", "retyped", **whatever)
    for few in ({"max_ngram_df": 2}, {}):  # of six notes 2 % are none: two
        assert not related("other", "another", **few)
        assert not related("other", "retyped", **few)
        assert related("quote", "retyped", **few)


def test_a_note_without_words_or_that_is_not_known_says_nothing():
    assert not related("silent", "silent") and not related("cover", "nowhere")


@pytest.mark.parametrize(("letters", "alike"), [(15, True), (14, False)])
def test_fifteen_chinese_letters_in_a_row_are_twelve_grams(letters, alike):
    row = "一二三四五六七八九十甲乙丙丁戊"[:letters]
    known = ngram_index(notes({"a": (row, None), "b": (f"前{row}后", None)}))
    assert shared_rare_ngrams(known.texts["a"], known.texts["b"], known, 50) == letters - 3
    assert (letters - 3 >= Guard().min_shared_ngrams) == alike


def test_an_ngram_is_rare_by_its_share_in_a_small_corpus_and_by_its_notes_in_a_large_one():
    settings = Guard(max_ngram_df=50, max_ngram_share=0.02)
    assert [max_document_count(settings, notes) for notes in (3, 100, 1_000, 2_500, 10**8)] == [2, 2, 20, 50, 50]
